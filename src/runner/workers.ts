// The threads that chunks run in: made when one is wanted and none is idle, kept warm for the next
// chunk or action, and let go when nothing came for a while. An idle one never holds the process up.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { errorFrom, plainError } from '../base/plain-error.js';
import type { RunResult } from '../engine/job.js';
import type { HwaccelTrial } from '../media/hwaccel.js';
import type { DecoderTool } from '../media/tools.js';
import type { ChunkMember, ModelRole } from './chunk-work.js';
import type { FromWorker, PlainResult, ToWorker } from './worker-messages.js';

const program = fileURLToPath(new URL('./worker.js', import.meta.url));

/** Whether this installation can start workers: their program must be compiled. */
export const hasWorkers = existsSync(program);

/** A worker holds a model and its tensors: too much for a process that watches to keep all night. */
const idleMs = 20_000;
/** How long a worker that is told to stop may take; one call of a network lasts a second at most. */
const graceMs = 3_000;

/** A worker and whoever waits for its words. */
interface Crew {
  readonly worker: Worker;
  /** Heard while a chunk runs. Handlers are set here, since a Worker needs its own listeners and loses all or none. */
  heard: ((message: FromWorker) => void) | undefined;
  gone: ((why: Error) => void) | undefined;
  isGone: boolean;
  /** Whether it was started by a thread that was made ready for models. */
  readonly runsModels: boolean;
  idleTimer: NodeJS.Timeout | undefined;
}

const idle: Crew[] = [];

/**
 * Runs chunks in one worker, side by side. A result is each chunk's own: its error, or its signal's reason, too.
 * `tools` may still be looked for while the worker starts.
 */
export async function runInWorker(
  members: readonly ChunkMember[],
  tools: Promise<DecoderTool | undefined>,
): Promise<PromiseSettledResult<RunResult>[]> {
  const usesModels = members.some(({ order }) => Object.keys(order.cards).length > 0);
  const crew = takeIdle(usesModels) ?? (await start(usesModels));
  const found = await tools;
  const { worker } = crew;
  const tell = (message: ToWorker): void => worker.postMessage(message);
  let graceTimer: NodeJS.Timeout | undefined;
  const stops = members.map(({ signal }, member) => () => {
    tell({ kind: 'stop', member, reason: plainError(signal.reason) });
    if (members.every((other) => other.signal.aborted)) graceTimer = setTimeout(() => void worker.terminate(), graceMs);
  });
  const give = async (member: number, role: ModelRole): Promise<void> => {
    try {
      tell({ kind: 'model', member, order: await members[member]!.host.model(role) });
    } catch (error) {
      tell({ kind: 'no-model', member, error: plainError(error) });
    }
  };
  const givePort = async (): Promise<void> => {
    const port = await members[0]!.host.portToDevices();
    worker.postMessage({ kind: 'device-port', port } satisfies ToWorker, port === undefined ? [] : [port]);
  };
  const tryHwaccel = async (id: number, asked: Parameters<HwaccelTrial>): Promise<void> => {
    try {
      tell({ kind: 'hwaccel', id, method: await members[0]!.host.tryHwaccel(...asked) });
    } catch (error) {
      tell({ kind: 'no-hwaccel', id, error: plainError(error) });
    }
  };
  const settled = (member: number, made: PlainResult): PromiseSettledResult<RunResult> => {
    if ('result' in made) return { status: 'fulfilled', value: made.result };
    const { signal } = members[member]!;
    return { status: 'rejected', reason: signal.aborted ? (signal.reason as unknown) : errorFrom(made.error) };
  };
  try {
    return await new Promise<PromiseSettledResult<RunResult>[]>((resolve) => {
      crew.gone = (why) => resolve(members.map((_, member) => settled(member, { error: plainError(why) })));
      crew.heard = (message) => {
        switch (message.kind) {
          case 'progress':
            members[message.member]!.host.progress(message.done, message.total);
            return;
          case 'model':
            void give(message.member, message.role);
            return;
          case 'hwaccel':
            void tryHwaccel(message.id, message.asked);
            return;
          case 'device-port':
            givePort().catch((error: unknown) =>
              crew.gone?.(error instanceof Error ? error : new Error(String(error))),
            );
            return;
          case 'done':
            resolve(message.results.map((made, member) => settled(member, made)));
            return;
        }
      };
      tell({ kind: 'run', orders: members.map(({ order }) => order), tools: found });
      members.forEach(({ signal }, member) => {
        if (signal.aborted) stops[member]!();
        else signal.addEventListener('abort', stops[member]!, { once: true });
      });
    });
  } finally {
    clearTimeout(graceTimer);
    members.forEach(({ signal }, member) => signal.removeEventListener('abort', stops[member]!));
    rest(crew);
  }
}

async function start(runsModels: boolean): Promise<Crew> {
  // Loaded where a model will be run, and only there.
  if (runsModels) await (await import('../models/session.js')).prepareThreads();
  const worker = new Worker(program);
  const crew: Crew = {
    worker,
    heard: undefined,
    gone: undefined,
    isGone: false,
    runsModels,
    idleTimer: undefined,
  };
  const leave = (why: Error): void => {
    crew.isGone = true;
    const at = idle.indexOf(crew);
    if (at >= 0) idle.splice(at, 1);
    crew.gone?.(why);
  };
  worker.on('message', (message: FromWorker) => crew.heard?.(message));
  worker.on('error', (error) => leave(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', (code) => leave(new Error(`the thread of a chunk ended with code ${code}`)));
  return crew;
}

function takeIdle(usesModels: boolean): Crew | undefined {
  const at = idle.findLastIndex(({ runsModels }) => runsModels || !usesModels);
  const [crew] = at < 0 ? [] : idle.splice(at, 1);
  clearTimeout(crew?.idleTimer);
  crew?.worker.ref();
  return crew;
}

function rest(crew: Crew): void {
  [crew.heard, crew.gone] = [undefined, undefined];
  if (crew.isGone) return;
  crew.worker.unref();
  crew.idleTimer = setTimeout(() => {
    idle.splice(idle.indexOf(crew), 1);
    void crew.worker.terminate();
  }, idleMs).unref();
  idle.push(crew);
}
