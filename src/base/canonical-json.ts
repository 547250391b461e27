// One text for one value: keys sorted by code unit, no spaces, numbers as ECMAScript prints
// them. Fingerprints and lockfiles are made of it, so it must never depend on insertion order.

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Data that is plain JSON by its definition. A cast: to the compiler, an interface may always have other members. */
export function asJson(value: object): Json {
  return value as unknown as Json;
}

/** The canonical text of `value` (RFC 8785's rules). Throws on NaN and infinities, which JSON lacks. */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`JSON has no ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
    return `[${text}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const item = (value as { readonly [key: string]: Json })[key];
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(item ?? null)}`;
  }
  return `{${text}}`;
}

/** Whether two values have the same canonical text. */
export function isSameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [ofA, ofB] = [a, b] as { readonly [key: string]: Json }[];
  const keys = Object.keys(ofA!);
  if (keys.length !== Object.keys(ofB!).length) return false;
  return keys.every((key) => Object.hasOwn(ofB!, key) && isSameJson(ofA![key] ?? null, ofB![key] ?? null));
}

/** The same, indented by one space a level, for files that people diff; ends with a line feed. */
export function canonicalJsonPretty(value: Json): string {
  return `${JSON.stringify(sorted(value), null, 1)}\n`;
}

function sorted(value: Json): Json {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`JSON has no ${value}`);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item: Json) => sorted(item));
  const keys = Object.keys(value).sort();
  // Object.fromEntries, not assignment: a key "__proto__" must stay an ordinary key.
  return Object.fromEntries(keys.map((key) => [key, sorted((value as { [key: string]: Json })[key] ?? null)]));
}
