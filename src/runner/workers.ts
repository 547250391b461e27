// The threads that chunks run in: made when one is wanted and none is idle, kept warm for the next
// chunk or action, and let go when nothing came for a while. An idle one never holds the process up.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { RunResult } from '../engine/job.js';
import type { ChunkHost, ChunkOrder, ModelRole } from './chunk-work.js';
import { errorFrom, plainError, type FromWorker, type ToWorker } from './worker-messages.js';

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
  idleTimer: NodeJS.Timeout | undefined;
}

const idle: Crew[] = [];

/** Runs a chunk in a worker. Rejects with its error, or with the signal's reason. */
export async function runInWorker(order: ChunkOrder, host: ChunkHost, signal: AbortSignal): Promise<RunResult> {
  signal.throwIfAborted();
  const crew = takeIdle() ?? start();
  const { worker } = crew;
  const tell = (message: ToWorker): void => worker.postMessage(message);
  let graceTimer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    tell({ kind: 'stop', reason: plainError(signal.reason) });
    graceTimer = setTimeout(() => void worker.terminate(), graceMs);
  };
  const give = async (role: ModelRole): Promise<void> => {
    try {
      tell({ kind: 'model', order: await host.model(role) });
    } catch (error) {
      tell({ kind: 'no-model', error: plainError(error) });
    }
  };
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      const fail = (error: Error): void => reject(signal.aborted ? (signal.reason as Error) : error);
      crew.gone = fail;
      crew.heard = (message) => {
        switch (message.kind) {
          case 'progress':
            host.progress(message.done, message.total);
            return;
          case 'model':
            void give(message.role);
            return;
          case 'done':
            resolve(message.result);
            return;
          case 'failed':
            fail(errorFrom(message.error));
            return;
        }
      };
      signal.addEventListener('abort', stop, { once: true });
      tell({ kind: 'run', order });
    });
  } finally {
    clearTimeout(graceTimer);
    signal.removeEventListener('abort', stop);
    rest(crew);
  }
}

function start(): Crew {
  const worker = new Worker(program);
  const crew: Crew = { worker, heard: undefined, gone: undefined, isGone: false, idleTimer: undefined };
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

function takeIdle(): Crew | undefined {
  const crew = idle.pop();
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
