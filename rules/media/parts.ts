// Puts the parts of chunks together: files end to end, counts by sums.
import { createReadStream, createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Part, StageCounts } from '../../src/stage/stage.js';

/** Writes the bytes of `files`, one after another, to `target`. */
export async function concatenate(files: readonly string[], target: string): Promise<void> {
  await writeFile(target, '');
  for (const file of files) await pipeline(createReadStream(file), createWriteStream(target, { flags: 'a' }));
}

/** What the parts counted, each count added up. */
export function sumCounts(parts: readonly Part[]): StageCounts {
  const sums = new Map<string, number>();
  for (const { counts } of parts)
    for (const [name, count] of Object.entries(counts)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}
