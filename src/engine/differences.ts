// Where two JSON values differ, down to the smallest parts that do. Pure.
import { canonicalJson, type Json } from '../base/canonical-json.js';

/** `path` begins with the name given, e.g. `weights.face[1]`; a part that is not there is null. */
export interface PathDifference {
  readonly path: string;
  readonly old: Json;
  readonly new: Json;
}

/** Every difference inside two lists or two maps; the values themselves when they are of other kinds. */
export function differencesWithin(path: string, old: Json, now: Json): PathDifference[] {
  if (canonicalJson(old) === canonicalJson(now)) return [];
  if (Array.isArray(old) && Array.isArray(now)) {
    const [before, after] = [old as readonly Json[], now as readonly Json[]];
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      differencesWithin(`${path}[${index}]`, before[index] ?? null, after[index] ?? null),
    ).flat();
  }
  if (isMap(old) && isMap(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
    return keys.flatMap((key) => differencesWithin(path + step(key), valueAt(old, key), valueAt(now, key)));
  }
  return [{ path, old, new: now }];
}

function isMap(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(map: Readonly<Record<string, Json>>, key: string): Json {
  return Object.hasOwn(map, key) ? map[key]! : null;
}

function step(key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
