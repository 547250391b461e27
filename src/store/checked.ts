// Small JSON files whose first line is the digest of the second, so that a flipped byte is noticed and
// not believed.
import { readFileSync } from 'node:fs';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { writeAtomic } from '../disk/atomic.js';
import { sha256 } from '../hash/sha256.js';

export function writeChecked(path: string, value: Json, flush = { durable: true }): void {
  const text = canonicalJson(value);
  writeAtomic(path, `${sha256(text)}\n${text}\n`, flush);
}

/** What was written; undefined when there is no such file, or it is not what was written. */
export function readChecked(path: string): unknown {
  let kept: string;
  try {
    kept = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const [check, text] = kept.split('\n');
  if (text === undefined || check !== sha256(text)) return undefined;
  return JSON.parse(text);
}
