// Runs a stage that looks at frames or models, in a folder that the test keeps: inputs and outputs
// are files and folders named by their roles, as pipeline.yaml names artifacts.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../src/base/canonical-json.js';
import type { Picture } from '../../rules/media/resample.js';
import { defaultConfig, type EpisodeRunConfig, type ParamName } from '../../src/stage/config.js';
import type { Frame, FrameRequest } from '../../src/stage/frames.js';
import type { EmbedderCard, OpenModel } from '../../src/stage/model.js';
import type { ChunkedStage, Stage, StageContext, StageCounts } from '../../src/stage/stage.js';
import { runChunked } from './chunked-stage.js';

export interface PictureStageRun {
  /** File or folder of each role; a role that is missing here is a problem of the stage. */
  readonly files: Readonly<Record<string, string>>;
  readonly params?: Partial<EpisodeRunConfig>;
  /** The video's frames by ordinal; the stage is handed the listed ones, in a buffer that is reused. */
  readonly pictures?: readonly Picture[];
  readonly embedder?: OpenModel<EmbedderCard>;
  /** Length of a chunk; left to the stage where it is not said. */
  readonly chunkFrames?: number;
}

/** What the stage counted and, if it asked, for which frames, chunk by chunk. */
export async function runPictureStage<K extends ParamName, C extends Json>(
  folder: string,
  stage: Stage<K> | ChunkedStage<K, C>,
  { files, params, pictures = [], embedder, chunkFrames }: PictureStageRun,
): Promise<{ counts: StageCounts; requests: readonly FrameRequest[] }> {
  const path = (role: string): string => {
    const file = files[role];
    if (file === undefined) throw new Error(`no role ${role}`);
    return join(folder, file);
  };
  for (const file of Object.values(files)) if (file.endsWith('/')) await mkdir(join(folder, file), { recursive: true });
  const model = (): OpenModel<EmbedderCard> => {
    if (embedder === undefined) throw new Error('no model was given');
    return embedder;
  };
  const reading = {
    ep: 'ep',
    params: { ...defaultConfig(), ...params },
    inputs: { path, optional: path, gathered: () => [] },
  };
  const requests: FrameRequest[] = [];
  const context = {
    ...reading,
    outputs: { path, relative: (role: string) => files[role]!, has: (role: string) => role in files },
    frames: framesOf(pictures, undefined),
    media: { probe: () => Promise.reject(new Error('not probed')) },
    model: () => Promise.resolve(model()),
    card: () => model().card,
    resources: {},
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  // A detector is never asked for by the stages run here, so the card's type is the embedder's alone.
  const asked = context as unknown as StageContext<K>;
  if (!('chunks' in stage)) return { counts: await stage.run(asked), requests };
  const counts = await runChunked(stage, asked, {
    ...(chunkFrames === undefined ? {} : { frames: chunkFrames }),
    async framesOf(chunk) {
      const request = await stage.chunks.wants?.(reading, chunk);
      if (request !== undefined) requests.push(request);
      return framesOf(pictures, request);
    },
  });
  return { counts, requests };
}

async function* framesOf(pictures: readonly Picture[], request: FrameRequest | undefined): AsyncGenerator<Frame> {
  if (request?.select.kind !== 'listed') return;
  const buffer = new Uint8Array(pictures[0]?.data.length ?? 0);
  for (const index of request.select.indices) {
    const picture = pictures[index];
    if (picture === undefined) continue;
    buffer.set(picture.data);
    yield { index, width: picture.width, height: picture.height, data: buffer };
    await Promise.resolve();
  }
}
