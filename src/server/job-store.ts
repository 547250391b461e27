// Keeps jobs, their events and idempotency keys on disk, in a LevelDB. Each write is one atomic batch,
// and batches follow each other in the order they were asked for. The only importer of classic-level.
// It decides nothing about jobs.
import { ClassicLevel } from 'classic-level';
import { problem } from '../base/problem.js';
import type { JobEvent, JobRecord } from './job.js';

/** What an Idempotency-Key stands for. */
export interface KeptKey {
  /** Digest of the key itself, which is never kept. */
  readonly name: string;
  readonly jobId: string;
  /** Digest of the body that came with it. */
  readonly body: string;
}

export type Change =
  | { readonly put: 'job'; readonly job: JobRecord }
  | { readonly put: 'event'; readonly jobId: string; readonly event: JobEvent }
  | { readonly put: 'key'; readonly key: KeptKey }
  | { readonly remove: 'event'; readonly jobId: string; readonly eventId: number }
  | { readonly remove: 'job'; readonly job: JobRecord; readonly events: readonly number[] };

type Operation =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string };

interface Waiting {
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

export class JobStore {
  readonly #level: ClassicLevel<string, unknown>;
  #operations: Operation[] = [];
  #waiting: Waiting[] = [];
  #durable = false;
  #writing: Promise<void> | undefined;

  private constructor(level: ClassicLevel<string, unknown>) {
    this.#level = level;
  }

  /** Opens the store in `folder`, which is made. Throws ProblemError when another server has it. */
  static async open(folder: string): Promise<JobStore> {
    const level = new ClassicLevel<string, unknown>(folder, { valueEncoding: 'json' });
    try {
      await level.open();
    } catch (error) {
      const { cause } = error as { cause?: { code?: string } };
      if (cause?.code === 'LEVEL_LOCKED')
        throw problem('already-served', 'another sa serve runs for this project', 'stop it, or ask that one', error);
      throw unusable(folder, 'opened', error);
    }
    return new JobStore(level);
  }

  /** Every job, oldest first, and every key. */
  async readAll(): Promise<{ readonly jobs: readonly JobRecord[]; readonly keys: readonly KeptKey[] }> {
    const jobs = await this.#level.values({ gte: 'job!', lt: 'job"' }).all();
    const keys = await this.#level.values({ gte: 'key!', lt: 'key"' }).all();
    return { jobs: jobs as JobRecord[], keys: keys as KeptKey[] };
  }

  /** A job's kept events after number `after`, in order. */
  async eventsOf(jobId: string, after = 0): Promise<JobEvent[]> {
    const range = { gt: eventKey(jobId, after), lt: `event!${jobId}"` };
    return (await this.#level.values(range).all()) as JobEvent[];
  }

  /**
   * Writes the changes, all or none. Resolves once they are kept; with `durable` also through a power
   * cut. What is asked for while a batch is being written goes into the next one together.
   */
  async write(changes: readonly Change[], { durable = false } = {}): Promise<void> {
    for (const change of changes) this.#operations.push(...operationsOf(change));
    this.#durable ||= durable;
    const written = new Promise<void>((done, failed) => this.#waiting.push({ done, failed }));
    this.#writing ??= this.#writeAll();
    return written;
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#level.close();
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const [operations, waiting, sync] = [this.#operations, this.#waiting, this.#durable];
      [this.#operations, this.#waiting, this.#durable] = [[], [], false];
      try {
        await this.#level.batch(operations, { sync });
        for (const { done } of waiting) done();
      } catch (error) {
        const fault = unusable(this.#level.location, 'written', error);
        for (const { failed } of waiting) failed(fault);
      }
    }
    this.#writing = undefined;
  }
}

function unusable(folder: string, how: string, error: unknown): Error {
  const why = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : '';
  return problem(
    'job-store',
    `the job store cannot be ${how}: ${why}`,
    `make room or mend the disk; if it is damaged, move ${folder} away: its jobs are then forgotten, what they built is not`,
    error,
  );
}

function operationsOf(change: Change): Operation[] {
  if ('put' in change) {
    switch (change.put) {
      case 'job':
        return [{ type: 'put', key: `job!${change.job.id}`, value: change.job }];
      case 'event':
        return [{ type: 'put', key: eventKey(change.jobId, change.event.id), value: change.event }];
      case 'key':
        return [{ type: 'put', key: `key!${change.key.name}`, value: change.key }];
    }
  }
  if (change.remove === 'event') return [{ type: 'del', key: eventKey(change.jobId, change.eventId) }];
  const { job, events } = change;
  return [
    { type: 'del', key: `job!${job.id}` },
    ...(job.key === null ? [] : [{ type: 'del' as const, key: `key!${job.key}` }]),
    ...events.map((id) => ({ type: 'del' as const, key: eventKey(job.id, id) })),
  ];
}

// Numbers are padded so that the store's order is theirs.
function eventKey(jobId: string, id: number): string {
  return `event!${jobId}!${String(id).padStart(10, '0')}`;
}
