// The stage `report`: one self-contained page about an episode. It gathers artifacts and thumbnails
// and writes what reportPage() says.
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  castSchema,
  framesIndexSchema,
  identitiesSchema,
  scenesSchema,
  screentimeSchema,
} from '../../src/stage/artifacts.js';
import { readJson } from '../../src/stage/read-write.js';
import type { Stage, StageInputs } from '../../src/stage/stage.js';
import { reportPage } from './page.js';

export const stage: Stage<'detector' | 'embedder'> = {
  async run(context) {
    const { inputs, outputs, signal } = context;
    const screentime = await readJson(inputs.path('screentime'), screentimeSchema);
    const cast = inputs.optional('cast');
    const page = reportPage({
      screentime,
      identities: await readJson(inputs.path('identities'), identitiesSchema),
      scenes: await readJson(inputs.path('scenes'), scenesSchema),
      frames: await readJson(inputs.path('frames'), framesIndexSchema),
      cast: cast === undefined ? undefined : await readJson(cast, castSchema),
      detector: context.card('detector'),
      embedder: context.card('embedder'),
      thumbs: await readThumbs(
        inputs,
        screentime.identities.map(({ thumb_path }) => thumb_path),
        signal,
      ),
    });
    await writeFile(outputs.path('report'), page);
    return { people_count: screentime.identities.length };
  },
};

/** Data URIs by thumb_path, whose last part is the name in the folder. A picture that is gone is left out. */
async function readThumbs(
  inputs: StageInputs,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const thumbs = new Map<string, string>();
  for (const path of paths) {
    signal.throwIfAborted();
    if (path === '') continue; // a track whose faces were all rejected has no picture
    const data = await readIfThere(join(inputs.path('thumbs'), basename(path)));
    if (data !== undefined) thumbs.set(path, `data:${mimeOf(data)};base64,${data.toString('base64')}`);
  }
  return thumbs;
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function mimeOf(data: Buffer): string {
  return data[0] === 0x89 ? 'image/png' : 'image/jpeg';
}
