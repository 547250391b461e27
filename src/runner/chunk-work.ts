// Runs chunks of stages, one or several that see the same frames, in this thread or in a worker's: the same
// code either way. An order is plain data; what only the build's own thread can do (fetch a model, tell people) is asked of its host.
import { mkdirSync, rmSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import type { Json } from '../base/canonical-json.js';
import type { RunResult } from '../engine/job.js';
import type { DecodeOptions } from '../media/decode.js';
import type { HwaccelTrial } from '../media/hwaccel.js';
import type { InstalledModel } from '../models/open.js';
import type { EpisodeRunConfig } from '../stage/config.js';
import type { FrameRequest } from '../stage/frames.js';
import type { ModelCard, OpenModel } from '../stage/model.js';
import type { ChunkContext, ChunkedStage, StageCatalogue, TakenResources } from '../stage/stage.js';
import { framesFor, mediaProbe, type DecodeHow } from './frames.js';
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
  /** What is to decode the frames; the processor where undefined. */
  readonly hwaccel: DecodeOptions['hwaccel'];
  readonly resources: TakenResources;
  /** Absolute path of the folder for its part. */
  readonly part: string;
  /** Absolute path of the folder for pixels of the video that it looks at, where some action keeps or looks for any. */
  readonly kept?: string | undefined;
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
  /** A new port to the thread for devices that only one thread may use; undefined where the caller is to use them. */
  portToDevices(): Promise<MessagePort | undefined>;
  /** Whether a device may decode a video: found out once for all chunks, since each trial takes the device a second. */
  readonly tryHwaccel: HwaccelTrial;
  progress(done: number, total: number): void;
}

/** A chunk to run, and who hears of it. */
export interface ChunkMember {
  readonly order: ChunkOrder;
  readonly host: ChunkHost;
  /** Stops this chunk and leaves the others. */
  readonly signal: AbortSignal;
}

/**
 * Runs chunks side by side, each to its end; its part then lies in `order.part`. What several of them see
 * of a video is decoded once. One that fails leaves the others alone.
 */
export async function workOnChunks(
  members: readonly ChunkMember[],
  known: { readonly catalogue: StageCatalogue } & Pick<DecodeOptions, 'tools'>,
): Promise<PromiseSettledResult<RunResult>[]> {
  // All are of one build and see the same video, so they ask for the same.
  const [first] = members;
  const hwaccel = first?.order.hwaccel;
  const tryHwaccel: HwaccelTrial = (wish, video) => first!.host.tryHwaccel(wish, video);
  const results = await attempt(members, { ...known, seek: 'key', hwaccel, tryHwaccel });
  // What a device does not give exactly the processor decodes, so that no result depends on the device.
  for (const seek of [...(hwaccel === undefined ? [] : (['key'] as const)), 'early', undefined] as const) {
    const again = [...results.keys()].filter((at) => isInexact(results[at]!));
    if (again.length === 0) break;
    const tried = await attempt(
      again.map((at) => members[at]!),
      { ...known, seek },
    );
    again.forEach((at, place) => (results[at] = tried[place]!));
  }
  return results;
}

/** By name: where the decoder was never loaded there is nothing of its to compare with. */
function isInexact(result: PromiseSettledResult<RunResult>): boolean {
  return result.status === 'rejected' && result.reason instanceof Error && result.reason.name === 'InexactSeek';
}

interface Prepared {
  readonly chunks: ChunkedStage['chunks'];
  readonly context: ChunkContext;
  readonly request: FrameRequest | undefined;
  readonly device: () => RunResult['device'];
}

async function attempt(
  members: readonly ChunkMember[],
  how: { readonly catalogue: StageCatalogue } & DecodeHow,
): Promise<PromiseSettledResult<RunResult>[]> {
  const prepared = await Promise.allSettled(members.map((member) => prepare(member, how.catalogue)));
  const readers = prepared.flatMap((one, at) => {
    if (one.status === 'rejected' || one.value.request === undefined) return [];
    return [{ context: one.value.context, request: one.value.request, kept: members[at]!.order.kept }];
  });
  const given = await Promise.allSettled([framesFor(readers, how)]);
  return Promise.allSettled(
    prepared.map(async (one, at): Promise<RunResult> => {
      if (one.status === 'rejected') throw one.reason;
      const { chunks, context, request, device } = one.value;
      const { order, signal } = members[at]!;
      if (request === undefined) return { counts: await chunks.runChunk(context, order.chunk), device: device() };
      if (given[0].status === 'rejected') throw given[0].reason;
      const own = given[0].value[readers.findIndex((reader) => reader.context === context)]!;
      try {
        const counts = await chunks.runChunk({ ...context, frames: own.frames }, order.chunk);
        signal.throwIfAborted();
        own.finish();
        return { counts, device: device() };
      } finally {
        await own.leave();
      }
    }),
  );
}

async function prepare({ order, host, signal }: ChunkMember, catalogue: StageCatalogue): Promise<Prepared> {
  const stage = await loadStage(order.code, { catalogue, projectRoot: order.projectRoot });
  if (!('chunks' in stage)) throw new Error(`the stage of ${order.job.action.id} does not work in chunks`);
  const { chunks }: ChunkedStage = stage;
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
      const opened = await openInstalled(wanted.model, {
        ...wanted,
        gpu: gpuOf(order.resources),
        portToDevices: () => host.portToDevices(),
      });
      device = { asked: opened.deviceAsked, resolved: opened.deviceResolved };
      // As with `card` below.
      return opened as OpenModel as OpenModel<never>;
    },
    // The role decides the card's kind, which one function for both roles cannot say.
    card: (role: ModelRole) => cardOf(order, role) as never,
    resources: order.resources,
    signal,
    progress: (done, total) => host.progress(done, total),
  };
  return { chunks, context, request: await chunks.wants?.(context, order.chunk), device: () => device };
}

function cardOf({ cards, job }: ChunkOrder, role: ModelRole): ModelCard {
  const card = cards[role];
  if (card === undefined) throw new Error(`rule ${job.action.rule.name} does not declare the model ${role}`);
  return card;
}

/** The GPU that a model is to run on: of several held the first, since a session runs on one. */
export function gpuOf({ gpu }: TakenResources): string | undefined {
  return gpu?.members?.[0];
}

/** The frames of a stage that asked for none. */
// eslint-disable-next-line @typescript-eslint/require-await -- an async iterator that has nothing to give
export async function* noFrames(): AsyncGenerator<never> {
  yield* [];
}
