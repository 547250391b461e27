// Runs an action in chunks: each has a fingerprint of its own and is kept in the store as soon as it is
// finished, so that a build that was stopped goes on where it was. It publishes nothing and records
// nothing of the action itself.
import { setMaxListeners } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { sha256 } from '../hash/sha256.js';
import type { TakenResources } from '../stage/stage.js';
import type { Store, Trace } from '../store/store.js';
import type { Guest, Member } from './company.js';
import type { ActionJob, RunResult } from './job.js';
import { digestStaged } from './publish.js';
import type { Hold } from './slots.js';

/** An action whose work is divided. */
export interface ChunkedAction {
  /** In the order in which they are merged. */
  readonly chunks: readonly Json[];
  /** What each chunk reads that is best read once for all who want it, by a name that others give it too; undefined: nothing. */
  stretchOf(chunk: Json): string | undefined;
  /** Writes the action's outputs from the parts, which come in the order of the chunks. */
  merge(parts: readonly FinishedPart[]): Promise<RunResult>;
}

export interface ChunkPlace {
  /** Absolute path of an empty folder. */
  readonly folder: string;
  /** What the chunk holds of the pools. */
  readonly resources: TakenResources;
  progress(done: number, total: number): void;
}

/** A chunk that is to be run. What it leaves in the place's folder is its part. */
export interface ChunkRequest {
  readonly job: ActionJob;
  readonly chunk: Json;
  /** The action has no other chunk. */
  readonly isOnly: boolean;
  readonly place: ChunkPlace;
  readonly signal: AbortSignal;
}

export interface FinishedPart {
  readonly folder: string;
  readonly counts: Readonly<Record<string, number>>;
}

/** What chunks are run with. */
export interface ChunkedRun {
  readonly job: ActionJob;
  /** Of the whole action. */
  readonly fingerprint: string;
  /** undefined when nothing is to be kept. */
  readonly store: Store | undefined;
  /** What is finished already is made again all the same. */
  readonly forced: boolean;
  /** Absolute path of a folder where parts may lie until the action ends. */
  readonly folder: string;
  /** The action's hold on the resources, which it lets go while its chunks have their own. */
  readonly hold: Hold;
  /** Those with whom chunks may start together. */
  readonly company: Pick<Member, 'arrive' | 'run'>;
  /** Throws when what the chunks read is no longer what the fingerprint says. */
  refuseChanges(): void;
  /** Told that a chunk begins in a slot; what it returns is called at its end. */
  began(index: number, slot: number): (() => void) | undefined;
}

export interface ChunkedResult {
  readonly result: RunResult;
  /** Seconds that an earlier build spent on chunks which this one found finished. */
  readonly spentBefore: number;
  /** Drops what was kept of the chunks, once the action itself is kept. */
  readonly forget: () => void;
}

/** Fingerprint of a chunk: all that decides the action's outputs, and the chunk. */
export function chunkFingerprint(fingerprint: string, chunk: Json): string {
  return sha256(canonicalJson({ action: fingerprint, chunk }));
}

/**
 * Runs what is not yet finished of the action's chunks, side by side as far as the resources go and
 * together with those of its company, and merges them.
 */
export async function runInChunks(work: ChunkedAction, run: ChunkedRun, signal: AbortSignal): Promise<ChunkedResult> {
  // A chunk alone is the action itself: keeping both would be writing all twice.
  const store = work.chunks.length > 1 ? run.store : undefined;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  setMaxListeners(0, either);
  const progress = new ChunkProgress(work.chunks.length, run.job);
  const tasks = work.chunks.map((chunk, index): Task => ({
    chunk,
    index,
    fingerprint: chunkFingerprint(run.fingerprint, chunk),
    folder: join(run.folder, String(index)),
  }));
  const kept = run.forced ? [] : tasks.map((task) => store && restore(task, store));
  const guests = tasks.map((task, index) => {
    if (kept[index] === undefined) return guestOf(task, work, run, progress.of(index), either);
    progress.skip();
    return undefined;
  });
  run.hold.letGo();
  await run.company.arrive(guests.flatMap((guest) => guest ?? []));
  const finished = await Promise.allSettled(
    tasks.map(async (task, index): Promise<Finished> => {
      const guest = guests[index];
      if (guest === undefined) return kept[index]!;
      try {
        const { result, together } = await run.company.run(guest);
        either.throwIfAborted();
        return keep(task, result, guest.seconds() / together, run, store);
      } catch (error) {
        // The others would be made in vain; what they have finished is kept.
        stop.abort(error);
        throw error;
      } finally {
        guest.end();
      }
    }),
  );
  signal.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  const parts = finished.map((one) => {
    if (one.status === 'rejected') throw one.reason;
    return one.value;
  });
  await run.hold.takeAgain();
  const merged = await work.merge(parts.map(({ folder, trace }) => ({ folder, counts: trace.counts })));
  const device = merged.device ?? parts.find(({ trace }) => trace.device !== undefined)?.trace.device;
  return {
    result: { ...merged, device },
    spentBefore: kept.reduce((sum, part) => sum + (part?.trace.seconds ?? 0), 0),
    forget() {
      for (const { trace } of parts) store?.forget(trace);
    },
  };
}

interface Task {
  readonly chunk: Json;
  readonly index: number;
  readonly fingerprint: string;
  readonly folder: string;
}

interface Finished {
  readonly folder: string;
  readonly trace: Trace;
}

/** Role of a chunk's only output in its trace. */
const partRole = 'part';
/** Stands in every part, so that no two chunks share a blob and each may go with its own. */
const markName = '.chunk';

/** A chunk that waits, and what is noted of it while it runs. */
interface NotedGuest extends Guest {
  /** Since it began. */
  seconds(): number;
  end(): void;
}

function guestOf(
  { chunk, index, folder }: Task,
  work: ChunkedAction,
  run: ChunkedRun,
  progress: ChunkPlace['progress'],
  signal: AbortSignal,
): NotedGuest {
  let started = 0;
  let ended: (() => void) | undefined;
  return {
    stretch: work.stretchOf(chunk),
    hold: run.hold,
    order: index / work.chunks.length,
    signal,
    begin({ slot, resources }) {
      started = performance.now();
      ended = run.began(index, slot);
      mkdirSync(folder, { recursive: true });
      const place = { folder, resources, progress };
      return { job: run.job, chunk, isOnly: work.chunks.length === 1, place, signal };
    },
    seconds: () => (performance.now() - started) / 1000,
    end: () => ended?.(),
  };
}

function keep(
  { index, fingerprint, folder }: Task,
  { counts, device }: RunResult,
  seconds: number,
  run: Pick<ChunkedRun, 'job' | 'refuseChanges'>,
  store: Store | undefined,
): Finished {
  // Or the next build would find under this fingerprint what was made of something else.
  run.refuseChanges();
  const mark = join(folder, markName);
  if (store !== undefined) writeFileSync(mark, fingerprint);
  const trace: Trace = {
    fingerprint,
    action: `${run.job.action.id} chunk ${index + 1}`,
    outputs:
      store === undefined ? {} : { [partRole]: { digest: digestStaged(folder), blob: store.blobs.putFolder(folder) } },
    counts,
    seconds,
    device,
  };
  store?.keep(trace);
  rmSync(mark, { force: true });
  return { folder, trace };
}

/** The part as it was kept; undefined when it was not, or is damaged, which is then set aside. */
function restore({ fingerprint, folder }: Task, store: Store): Finished | undefined {
  const trace = store.find(fingerprint);
  const part = trace?.outputs[partRole];
  if (trace === undefined || part === undefined) return undefined;
  const mark = join(folder, markName);
  if (store.blobs.restoreFolder(part.blob, folder) && readFileSync(mark, 'utf8') === fingerprint) {
    rmSync(mark);
    return { folder, trace };
  }
  store.drop(fingerprint);
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

/** Adds up how far the chunks are. One that has not begun is taken to be as long as the others. */
class ChunkProgress {
  readonly #report: Pick<ActionJob, 'progress'>;
  readonly #done = new Map<number, number>();
  readonly #totals = new Map<number, number>();
  #count: number;

  constructor(count: number, report: Pick<ActionJob, 'progress'>) {
    this.#count = count;
    this.#report = report;
  }

  /** A chunk that was finished before says nothing of the pace. */
  skip(): void {
    this.#count--;
  }

  of(index: number): (done: number, total: number) => void {
    return (done, total) => {
      this.#done.set(index, done);
      this.#totals.set(index, total);
      const sum = (numbers: Map<number, number>): number => [...numbers.values()].reduce((a, b) => a + b, 0);
      this.#report.progress(sum(this.#done), Math.round((sum(this.#totals) * this.#count) / this.#totals.size));
    };
  }
}
