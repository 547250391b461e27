// Runs one chunk of a stage, in this thread or in a worker's: the same code either way. An order is
// plain data; what only the build's own thread can do (fetch a model, tell people) is asked of its host.
import { mkdirSync, rmSync } from 'node:fs';
import type { Json } from '../base/canonical-json.js';
import type { RunResult } from '../engine/job.js';
import type { InstalledModel } from '../models/open.js';
import type { EpisodeRunConfig } from '../stage/config.js';
import type { ModelCard, OpenModel } from '../stage/model.js';
import type { ChunkContext, ChunkedStage, StageCatalogue, TakenResources } from '../stage/stage.js';
import { framesFor, mediaProbe } from './frames.js';
import { loadStage, type StageCode } from './load-stage.js';
import { stageInputs, type InputJob } from './paths.js';

export type ModelRole = 'detector' | 'embedder';

/** All that a chunk needs, as plain data. */
export interface ChunkOrder {
  readonly code: StageCode;
  readonly projectRoot: string;
  readonly dataRoot: string;
  readonly job: InputJob;
  readonly outputs: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, Json>>;
  readonly cards: Readonly<Partial<Record<ModelRole, ModelCard>>>;
  readonly chunk: Json;
  readonly resources: TakenResources;
  /** Absolute path of the folder for its part. */
  readonly part: string;
}

/** A model that is installed, and where it is to run. */
export interface ModelOrder {
  readonly model: InstalledModel;
  readonly device: string;
  readonly allowCpuFallback: boolean;
}

/** What the thread of the build does for a chunk. */
export interface ChunkHost {
  /** Sees to it that the model's files are there. */
  model(role: ModelRole): Promise<ModelOrder>;
  progress(done: number, total: number): void;
}

/** Runs a chunk to its end; its part then lies in `order.part`. */
export async function workOnChunk(
  order: ChunkOrder,
  host: ChunkHost,
  { catalogue, signal }: { readonly catalogue: StageCatalogue; readonly signal: AbortSignal },
): Promise<RunResult> {
  const stage = await loadStage(order.code, { catalogue, projectRoot: order.projectRoot });
  if (!('chunks' in stage)) throw new Error(`the stage of ${order.job.action.id} does not work in chunks`);
  try {
    return await attempt(stage, order, host, { signal, seek: true });
  } catch (error) {
    // By name: where the decoder was never loaded there is nothing of its to compare with.
    if (!(error instanceof Error && error.name === 'InexactSeek')) throw error;
    return await attempt(stage, order, host, { signal, seek: false });
  }
}

async function attempt(
  { chunks }: ChunkedStage,
  order: ChunkOrder,
  host: ChunkHost,
  { signal, seek }: { readonly signal: AbortSignal; readonly seek: boolean },
): Promise<RunResult> {
  rmSync(order.part, { recursive: true, force: true });
  mkdirSync(order.part, { recursive: true });
  let device: RunResult['device'];
  const context: ChunkContext = {
    ep: order.job.action.ep,
    // Checked when the params were resolved; a stage sees those that its rule declares.
    params: order.params as unknown as EpisodeRunConfig,
    inputs: stageInputs(order.job, order.dataRoot),
    outputs: {
      relative: (role) => {
        const path = order.outputs[role];
        if (path === undefined) throw new Error(`rule ${order.job.action.rule.name} has no output ${role}`);
        return path;
      },
      has: (role) => role in order.outputs,
    },
    part: order.part,
    frames: { [Symbol.asyncIterator]: noFrames },
    media: mediaProbe,
    model: async (role: ModelRole) => {
      const [{ openInstalled }, wanted] = await Promise.all([import('../models/open.js'), host.model(role)]);
      const opened = await openInstalled(wanted.model, wanted);
      device = { asked: opened.deviceAsked, resolved: opened.deviceResolved };
      return opened as OpenModel as OpenModel<never>;
    },
    card: (role: ModelRole) => cardOf(order, role) as never,
    resources: order.resources,
    signal,
    progress: (done, total) => host.progress(done, total),
  };
  const request = await chunks.wants?.(context, order.chunk);
  const frames = request && framesFor(context, request, { seek });
  const counts = await chunks.runChunk(frames === undefined ? context : { ...context, frames }, order.chunk);
  signal.throwIfAborted();
  return { counts, device };
}

function cardOf({ cards, job }: ChunkOrder, role: ModelRole): ModelCard {
  const card = cards[role];
  if (card === undefined) throw new Error(`rule ${job.action.rule.name} does not declare the model ${role}`);
  return card;
}

/** The frames of a stage that asked for none. */
// eslint-disable-next-line @typescript-eslint/require-await -- an async iterator that has nothing to give
export async function* noFrames(): AsyncGenerator<never> {
  yield* [];
}
