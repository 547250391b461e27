// One text for one value: keys sorted by code unit, no spaces, numbers as ECMAScript prints
// them. Fingerprints and lockfiles are made of it, so it must never depend on insertion order.

/** A value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The canonical text of `value` (RFC 8785's rules). Throws on NaN and infinities, which JSON lacks. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(sorted(value));
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
