// Keeps what was lately parsed of artifacts, by the digest of their bytes: several stages read the
// same tracks, and under `sa watch` each round reads them again. Holds no path and trusts no time, so a
// file that changed is simply another text.
import { sha256 } from '../hash/sha256.js';

/** Bytes of text whose values are kept; a parsed value takes some five times as much. */
const keptBytesMax = 24 * 1024 * 1024;
/** A longer text is read by few and would push out all others. */
const textBytesMax = 12 * 1024 * 1024;

interface Kept {
  readonly value: unknown;
  readonly bytes: number;
}

/** In the order of last use. */
const kept = new Map<string, Kept>();
let keptBytes = 0;
const schemaIds = new WeakMap<object, number>();
let schemas = 0;

/** What `parse` makes of these bytes with this schema, or made of them lately. The value is shared: none may change it. */
export function recallParsed<T>(bytes: Buffer, schema: object, parse: (bytes: Buffer) => T): T {
  if (bytes.length > textBytesMax) return parse(bytes);
  const key = `${idOf(schema)} ${sha256(bytes)}`;
  const before = kept.get(key);
  const value = before === undefined ? parse(bytes) : (before.value as T);
  if (before === undefined) keptBytes += bytes.length;
  else kept.delete(key);
  kept.set(key, { value, bytes: bytes.length });
  for (const [oldest, { bytes: freed }] of kept) {
    if (keptBytes <= keptBytesMax) break;
    kept.delete(oldest);
    keptBytes -= freed;
  }
  return value;
}

function idOf(schema: object): number {
  let id = schemaIds.get(schema);
  if (id === undefined) schemaIds.set(schema, (id = ++schemas));
  return id;
}
