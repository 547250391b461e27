// Puts the faces of several chunks together: rows and crops in order, pictures into one folder.
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openNpyReader, openNpyRows } from '../../src/stage/npy.js';
import { concatenate } from '../media/parts.js';
import { alignedSide } from './align.js';
import { partNames } from './writer.js';

/** Crops read at a time: ten megabytes. */
const rowsAtOnce = 256;

/** Moves what lies in the parts' folders to the outputs; `pathOf` gives the path of each role's. */
export async function mergeParts(folders: readonly string[], pathOf: (role: string) => string): Promise<void> {
  const named = (role: keyof typeof partNames): string[] => folders.map((folder) => join(folder, partNames[role]));
  await concatenate(named('faces'), pathOf('faces'));
  await appendCrops(named('aligned'), pathOf('aligned'));
  for (const role of ['thumbs', 'crops', 'sampled_frames'] as const) {
    // A frame that two chunks looked at is there twice, as the same bytes.
    for (const folder of named(role))
      for (const name of await readdir(folder)) await rename(join(folder, name), join(pathOf(role), name));
  }
}

async function appendCrops(files: readonly string[], target: string): Promise<void> {
  const writer = await openNpyRows(target, [alignedSide, alignedSide, 3]);
  try {
    for (const file of files) {
      const reader = await openNpyReader(file);
      try {
        const rows = reader.shape[0]!;
        for (let start = 0; start < rows; start += rowsAtOnce)
          await writer.append(await reader.read(start, Math.min(rowsAtOnce, rows - start)));
      } finally {
        await reader.close();
      }
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
