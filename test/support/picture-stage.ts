// Runs a stage that looks at frames or models, in a folder that the test keeps: inputs and outputs
// are files and folders named by their roles, as pipeline.yaml names artifacts.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Picture } from '../../rules/media/resample.js';
import { defaultConfig, type EpisodeRunConfig, type ParamName } from '../../src/stage/config.js';
import type { Frame, FrameRequest } from '../../src/stage/frames.js';
import type { EmbedderCard, OpenModel } from '../../src/stage/model.js';
import type { Stage, StageContext, StageCounts } from '../../src/stage/stage.js';

export interface PictureStageRun {
  /** File or folder of each role; a role that is missing here is a problem of the stage. */
  readonly files: Readonly<Record<string, string>>;
  readonly params?: Partial<EpisodeRunConfig>;
  /** The video's frames by ordinal; the stage is handed the listed ones, in a buffer that is reused. */
  readonly pictures?: readonly Picture[];
  readonly embedder?: OpenModel<EmbedderCard>;
}

/** What the stage counted and, if it asked, for which frames. */
export async function runPictureStage<K extends ParamName>(
  folder: string,
  stage: Stage<K>,
  { files, params, pictures = [], embedder }: PictureStageRun,
): Promise<{ counts: StageCounts; request: FrameRequest | undefined }> {
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
  const request = await stage.wants?.(reading);
  const context = {
    ...reading,
    outputs: { path, relative: (role: string) => files[role]!, has: (role: string) => role in files },
    frames: framesOf(pictures, request),
    media: { probe: () => Promise.reject(new Error('not probed')) },
    model: () => Promise.resolve(model()),
    card: () => model().card,
    resources: {},
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  // A detector is never asked for by the stages run here, so the card's type is the embedder's alone.
  const counts = await stage.run(context as unknown as StageContext<K>);
  return { counts, request };
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
