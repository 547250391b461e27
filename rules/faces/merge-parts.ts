// Puts the faces of several chunks together: rows and crops in order, pictures into one folder.
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { concatenateNpy } from '../../src/stage/npy.js';
import { concatenate } from '../media/parts.js';
import { partNames } from './writer.js';

/** Moves what lies in the parts' folders to the outputs; `pathOf` gives the path of each role's. */
export async function mergeParts(folders: readonly string[], pathOf: (role: string) => string): Promise<void> {
  const named = (role: keyof typeof partNames): string[] => folders.map((folder) => join(folder, partNames[role]));
  await concatenate(named('faces'), pathOf('faces'));
  await concatenateNpy(named('aligned'), pathOf('aligned'));
  for (const role of ['thumbs', 'crops', 'sampled_frames'] as const) {
    // A frame that two chunks looked at is there twice, as the same bytes.
    for (const folder of named(role))
      for (const name of await readdir(folder)) await rename(join(folder, name), join(pathOf(role), name));
  }
}
