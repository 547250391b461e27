// All jobs of the server: which there are, which runs, what happened to each. Every change is kept
// before its client hears of it, so that a killed server goes on where it was. Knows no HTTP.
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { RunEvent } from '../app/api.js';
import type { EpisodeRunResult } from '../app/episode-run.js';
import { type Json, asJson } from '../base/canonical-json.js';
import type { BuildEnd, RunningBuild } from './build.js';
import type { EpisodeRunRequest } from './episode-run.js';
import { isTerminal, type JobEvent, type JobRecord, type JobState } from './job.js';
import type { Change, JobStore, KeptKey } from './job-store.js';
import { afterEvent, noProgress, type Progress } from './progress.js';

export interface BoardOptions {
  readonly store: JobStore;
  /** Starts the build of a request in a process of its own. */
  readonly startBuild: (request: EpisodeRunRequest, onEvent: (event: RunEvent) => void) => RunningBuild;
  readonly maxJobs: number;
  /** Jobs that may wait; more are refused. */
  readonly maxQueued: number;
  readonly log: (line: string) => void;
}

/** Ended jobs that are remembered; the oldest go first. */
const endedMax = 5000;
/** Progress events of one job that can be replayed; the latest says all that matters. */
const progressEventsMax = 100;

interface Entry {
  record: JobRecord;
  progress: Progress | undefined;
  /** Events of a job that has not ended; those of an ended one are in the store alone. */
  events: JobEvent[];
  build: RunningBuild | undefined;
  /** Told on each change. */
  readonly changed: EventEmitter;
}

export type Submitted =
  { readonly kind: 'job'; readonly job: JobRecord } | { readonly kind: 'full' } | { readonly kind: 'key-reused' };

export class JobBoard {
  readonly #options: BoardOptions;
  /** By id, oldest first: ids grow with time. */
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Map<string, KeptKey>();
  readonly #queue: Entry[] = [];
  readonly #running = new Set<Entry>();
  /** Jobs that are being kept and do not wait yet. */
  #arriving = 0;
  #ended = 0;
  #lastId = '';
  #stopping = false;

  private constructor(options: BoardOptions) {
    this.#options = options;
  }

  /** Reads what an earlier server left: queued jobs wait again, running ones go on first. */
  static async open(options: BoardOptions): Promise<JobBoard> {
    const board = new JobBoard(options);
    const { jobs, keys } = await options.store.readAll();
    for (const key of keys) board.#keys.set(key.name, key);
    for (const record of jobs) {
      const entry = board.#enter(record);
      if (isTerminal(record.state)) board.#ended++;
      else entry.events = await options.store.eventsOf(record.id);
    }
    const left = [...board.#entries.values()].filter(({ record }) => !isTerminal(record.state));
    for (const entry of left.filter(({ record }) => record.cancelRequested))
      void board.#end(entry, 'canceled', null, null);
    const waiting = left.filter(({ record }) => !record.cancelRequested);
    board.#queue.push(...waiting.filter(({ record }) => record.state === 'running'));
    board.#queue.push(...waiting.filter(({ record }) => record.state === 'queued'));
    board.#startNext();
    return board;
  }

  /** Takes a job in. With a key that was used before it is that job again, if the body is the same. */
  async submit(
    request: EpisodeRunRequest,
    requested: Json,
    key: Omit<KeptKey, 'jobId'> | undefined,
  ): Promise<Submitted> {
    const known = key === undefined ? undefined : this.#keys.get(key.name);
    if (known !== undefined) {
      const job = this.get(known.jobId);
      if (job !== undefined && known.body !== key?.body) return { kind: 'key-reused' };
      if (job !== undefined) {
        await this.#options.store.write([], { durable: true }); // the first request with this key may still be on its way
        return { kind: 'job', job: this.get(job.id) ?? job };
      }
    }
    if (this.#queue.length + this.#arriving >= this.#options.maxQueued) return { kind: 'full' };
    const id = this.#nextId();
    const entry = this.#enter({
      id,
      state: 'queued',
      request,
      requested,
      createdAt: new Date().toISOString(),
      startedAt: null,
      endedAt: null,
      summary: null,
      error: null,
      cancelRequested: false,
      runs: 0,
      lastEvent: 0,
      key: key?.name ?? null,
    });
    const keys: Change[] = [];
    if (key !== undefined) {
      const kept = { ...key, jobId: id };
      this.#keys.set(key.name, kept);
      keys.push({ put: 'key', key: kept });
    }
    this.#arriving++;
    try {
      // The key and the job are kept by one write: neither is ever there alone. Only then it may begin.
      const queued = { event: 'state', data: { state: 'queued' } } as const;
      await this.#change(entry, {}, [queued], { durable: true, also: keys });
    } catch (error) {
      this.#entries.delete(id);
      if (key !== undefined) this.#keys.delete(key.name);
      throw error;
    } finally {
      this.#arriving--;
    }
    if (entry.record.cancelRequested) await this.#end(entry, 'canceled', null, null);
    else this.#queue.push(entry);
    this.#startNext();
    return { kind: 'job', job: entry.record };
  }

  get(id: string): JobRecord | undefined {
    return this.#entries.get(id)?.record;
  }

  progressOf(id: string): Progress | undefined {
    return this.#entries.get(id)?.progress;
  }

  /** Jobs that `wanted` accepts, latest first, at most `limit`, older than the job `before`. */
  list(
    wanted: (job: JobRecord) => boolean,
    { limit, before }: { readonly limit: number; readonly before: string | undefined },
  ): { readonly jobs: readonly JobRecord[]; readonly more: boolean } {
    const jobs: JobRecord[] = [];
    const ids = [...this.#entries.keys()];
    for (let at = ids.length - 1; at >= 0; at--) {
      const id = ids[at]!;
      if (before !== undefined && id >= before) continue;
      const { record } = this.#entries.get(id)!;
      if (!wanted(record)) continue;
      if (jobs.length === limit) return { jobs, more: true };
      jobs.push(record);
    }
    return { jobs, more: false };
  }

  /** Asks a job to stop: a waiting one ends at once, a running one with its ffmpeg and inference. */
  async cancel(id: string): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined || isTerminal(entry.record.state) || entry.record.cancelRequested) return;
    const at = this.#queue.indexOf(entry);
    if (at >= 0) {
      this.#queue.splice(at, 1);
      await this.#end(entry, 'canceled', null, null);
      return;
    }
    const kept = this.#change(entry, { cancelRequested: true }, [], { durable: true });
    entry.build?.stop();
    await kept;
  }

  /** The events of a job after number `after`. */
  async eventsAfter(id: string, after: number): Promise<readonly JobEvent[]> {
    const entry = this.#entries.get(id);
    if (entry === undefined) return [];
    if (entry.events.length === 0) return this.#options.store.eventsOf(id, after);
    return entry.events.filter((event) => event.id > after);
  }

  /** True at the next change of the job, false when `withinMs` pass before one or `signal` aborts. */
  async nextChange(
    id: string,
    { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const changed = this.#entries.get(id)?.changed;
    if (changed === undefined || signal.aborted) return false;
    return new Promise<boolean>((done) => {
      const over = (happened: boolean): void => {
        clearTimeout(timer);
        changed.off('change', onChange);
        signal.removeEventListener('abort', onAbort);
        done(happened);
      };
      const onChange = (): void => over(true);
      const onAbort = (): void => over(false);
      const timer = setTimeout(onAbort, withinMs);
      changed.on('change', onChange);
      signal.addEventListener('abort', onAbort);
    });
  }

  get queuedCount(): number {
    return this.#queue.length;
  }

  get runningCount(): number {
    return this.#running.size;
  }

  /** Starts nothing more and stops the builds; their jobs go on when a server starts again. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const builds = [...this.#running].flatMap(({ build }) => build ?? []);
    for (const build of builds) build.stop();
    await Promise.all(builds.map(({ ended }) => ended));
  }

  #enter(record: JobRecord): Entry {
    const changed = new EventEmitter().setMaxListeners(0);
    const entry: Entry = { record, progress: undefined, events: [], build: undefined, changed };
    this.#entries.set(record.id, entry);
    if (record.id > this.#lastId) this.#lastId = record.id;
    return entry;
  }

  #startNext(): void {
    for (let at = 0; at < this.#queue.length && this.#running.size < this.#options.maxJobs && !this.#stopping;) {
      const entry = this.#queue[at]!;
      const { ep } = entry.record.request;
      // Two jobs on one episode follow each other, in the order they came.
      if ([...this.#running].some(({ record }) => record.request.ep === ep)) at++;
      else {
        this.#queue.splice(at, 1);
        this.#start(entry);
      }
    }
  }

  #start(entry: Entry): void {
    const { log, startBuild } = this.#options;
    const { id, request, startedAt, runs } = entry.record;
    entry.progress = noProgress;
    void this.#change(entry, { state: 'running', startedAt: startedAt ?? new Date().toISOString(), runs: runs + 1 }, [
      { event: 'state', data: { state: 'running', runs: runs + 1 } },
    ]);
    if (runs > 0) log(`${id} ${request.ep}: goes on`);
    this.#running.add(entry);
    const build = startBuild(request, (event) => this.#observe(entry, event));
    entry.build = build;
    void build.ended.then((end) => this.#settle(entry, end));
  }

  #observe(entry: Entry, event: RunEvent): void {
    entry.progress = afterEvent(entry.progress ?? noProgress, event);
    switch (event.kind) {
      case 'planned':
        void this.#change(entry, {}, [{ event: 'progress', data: progressData(entry.progress) }]);
        break;
      case 'progress':
        void this.#change(entry, {}, [{ event: 'progress', data: progressData(entry.progress) }]);
        break;
      case 'started':
        void this.#change(entry, {}, [{ event: 'started', data: { action: event.action } }]);
        break;
      case 'finished': {
        const { action, outcome, seconds } = event;
        void this.#change(entry, {}, [{ event: 'finished', data: { action, outcome, seconds } }]);
        break;
      }
      case 'waiting':
        void this.#change(entry, {}, [{ event: 'waiting', data: { for: event.holder } }]);
        break;
      case 'model':
        if (event.event.kind !== 'fetching' || event.event.done === 0)
          void this.#change(entry, {}, [{ event: 'model', data: asJson(event.event) }]);
    }
  }

  #settle(entry: Entry, end: BuildEnd): void {
    this.#running.delete(entry);
    entry.build = undefined;
    const { id, request, cancelRequested } = entry.record;
    if (end.kind === 'broken') this.#options.log(`${id} ${request.ep}: ${end.message}\n${end.log}`.trimEnd());
    if (this.#stopping && !cancelRequested && !(end.kind === 'result' && end.result.success)) {
      // It was told to stop because the server stops: the next one goes on with it.
      entry.progress = undefined;
      return;
    }
    if (cancelRequested) void this.#end(entry, 'canceled', null, null);
    else if (end.kind !== 'result') void this.#end(entry, 'failed', null, end.message);
    else if (end.result.success) void this.#end(entry, 'succeeded', end.result, null);
    else void this.#end(entry, 'failed', end.result, end.result.error ?? 'an action failed');
    this.#startNext();
  }

  async #end(entry: Entry, state: JobState, summary: EpisodeRunResult | null, error: string | null): Promise<void> {
    const progress = entry.progress;
    entry.progress =
      state === 'succeeded' && progress !== undefined
        ? { ...progress, actions_done: progress.actions_total, fraction: 1, running: [], waiting_for: null }
        : undefined;
    const kept = this.#change(
      entry,
      { state, summary, error, endedAt: new Date().toISOString() },
      [{ event: 'end', data: { state, error, summary: summary && asJson(summary) } }],
      { durable: true },
    );
    // One line a job: whoever does not read the log must not find it full.
    const why = error === null ? '' : `: ${error.split('\n')[0] ?? ''}`;
    this.#options.log(`${entry.record.id} ${entry.record.request.ep}: ${state}${why}`);
    this.#ended++;
    this.#forgetOldest();
    try {
      await kept;
      entry.events = []; // from now on they are read from the store
    } catch {
      // A full disk is told already; until it is mended the job's end is known here, and found again after a restart.
    }
  }

  /** Changes a job, keeps that together with the events that tell of it, and wakes who waits. */
  #change(
    entry: Entry,
    change: Partial<JobRecord>,
    events: readonly Omit<JobEvent, 'id'>[],
    { durable = false, also = [] }: { readonly durable?: boolean; readonly also?: readonly Change[] } = {},
  ): Promise<void> {
    let { lastEvent } = entry.record;
    const numbered = events.map((event) => ({ id: ++lastEvent, ...event }));
    entry.record = { ...entry.record, ...change, lastEvent };
    entry.events.push(...numbered);
    const { id: jobId } = entry.record;
    const written = this.#options.store.write(
      [
        { put: 'job', job: entry.record },
        ...numbered.map((event) => ({ put: 'event', jobId, event }) as const),
        ...this.#dropOldProgress(entry),
        ...also,
      ],
      { durable },
    );
    entry.changed.emit('change');
    written.catch((error: unknown) => this.#options.log(`the job store cannot be written: ${String(error)}`));
    return written;
  }

  #dropOldProgress(entry: Entry): Change[] {
    const progress = entry.events.filter(({ event }) => event === 'progress');
    const tooMany = progress.slice(0, Math.max(0, progress.length - progressEventsMax));
    if (tooMany.length === 0) return [];
    entry.events = entry.events.filter((event) => !tooMany.includes(event));
    const jobId = entry.record.id;
    return tooMany.map(({ id }) => ({ remove: 'event', jobId, eventId: id }));
  }

  #forgetOldest(): void {
    for (const [id, { record }] of this.#entries) {
      if (this.#ended <= endedMax) return;
      if (!isTerminal(record.state)) continue;
      this.#entries.delete(id);
      if (record.key !== null) this.#keys.delete(record.key);
      this.#ended--;
      const events = Array.from({ length: record.lastEvent }, (_, at) => at + 1);
      void this.#options.store.write([{ remove: 'job', job: record, events }]).catch(() => undefined); // it is forgotten at the next start
    }
  }

  // Time, then a count within it, then chance: ids sort by age even when the clock is set back.
  #nextId(): string {
    const now = Date.now().toString(16).padStart(12, '0');
    const [lastTime = '', lastCount = '0'] = this.#lastId.slice(4).split('-');
    const time = now > lastTime ? now : lastTime;
    const count = time === lastTime ? parseInt(lastCount, 16) + 1 : 0;
    const id = `job-${time}-${count.toString(16).padStart(4, '0')}-${randomBytes(4).toString('hex')}`;
    this.#lastId = id;
    return id;
  }
}

function progressData(progress: Progress): Json {
  return asJson(progress);
}
