// What ran when, for chrome://tracing and Perfetto: a row a slot, more where chunks share one; a complete event an
// action or chunk (https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, JSON object format).
// It only listens; the file is written whole at the end, however the build ended.
import { writeAtomic } from '../disk/atomic.js';
import type { BuildObserver } from '../engine/execute.js';
import { errorText } from './json.js';

interface Event {
  readonly name: string;
  readonly cat: 'action' | 'chunk';
  readonly ph: 'X';
  /** Microseconds since the build began. */
  readonly ts: number;
  readonly dur: number;
  readonly pid: 1;
  readonly tid: number;
  readonly args: Readonly<Record<string, unknown>>;
}

interface Begun {
  readonly at: number;
  readonly slot: number;
  chunks: number;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Below the rows of slots. */
const firstOwnRow = 100_000;
/** From a slot's row to the next one of the same slot, for chunks that share it: viewers drop what overlaps in a row. */
const rowsApart = 1000;

export class BuildTrace {
  readonly #start = performance.now();
  readonly #running = new Map<string, Begun>();
  readonly #events: Event[] = [];
  /** Rows of actions that ran in chunks. */
  readonly #rows = new Map<number, string>();
  /** Rows in which a chunk runs. */
  readonly #taken = new Set<number>();

  /** An observer that notes, and passes on to `observer`. */
  watching(observer: BuildObserver): BuildObserver {
    return {
      started: (action, verdict, slot) => {
        const reasons = verdict.kind === 'fresh' ? [] : verdict.reasons;
        this.#running.set(action.id, { at: this.#now(), slot, chunks: 0, args: { verdict: verdict.kind, reasons } });
        observer.started(action, verdict, slot);
      },
      progress: (action, done, total) => observer.progress(action, done, total),
      chunk: (action, { index, slot }) => {
        const at = this.#now();
        const begun = this.#running.get(action.id);
        if (begun !== undefined) begun.chunks++;
        const tid = this.#freeRow(slot);
        return () => {
          this.#taken.delete(tid);
          const name = `${action.id} chunk ${index + 1}`;
          this.#events.push({ name, cat: 'chunk', ph: 'X', ts: at, dur: this.#now() - at, pid: 1, tid, args: {} });
        };
      },
      finished: (report) => {
        const { action, outcome, counts } = report;
        this.#end(action.id, { outcome: outcome.kind, counts, error: errorText(outcome) });
        observer.finished(report);
      },
    };
  }

  /** Writes all events; what still runs counts as interrupted now. */
  write(absolute: string): void {
    for (const id of [...this.#running.keys()]) this.#end(id, { outcome: 'interrupted' });
    const slots = [...new Set(this.#events.map(({ tid }) => tid))].sort((a, b) => a - b);
    const names = [
      { name: 'process_name', ph: 'M', pid: 1, tid: 0, args: { name: 'sa build' } },
      ...slots.map((tid) => ({
        name: 'thread_name',
        ph: 'M',
        pid: 1,
        tid,
        args: { name: this.#rows.get(tid) ?? `slot ${tid % rowsApart}${tid < rowsApart ? '' : ', beside'}` },
      })),
    ];
    writeAtomic(absolute, `${JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [...names, ...this.#events] })}\n`);
  }

  #end(id: string, args: Readonly<Record<string, unknown>>): void {
    const begun = this.#running.get(id);
    if (begun === undefined) return; // fresh or skipped: it took no slot
    this.#running.delete(id);
    const { at, chunks } = begun;
    // While its chunks had slots, the action had none: it stands in a row of its own.
    const slot = chunks === 0 ? begun.slot : this.#rowOf(id);
    const dur = this.#now() - at;
    this.#events.push({
      name: id,
      cat: 'action',
      ph: 'X',
      ts: at,
      dur,
      pid: 1,
      tid: slot,
      args: { ...begun.args, ...args },
    });
  }

  #freeRow(slot: number): number {
    let row = slot;
    while (this.#taken.has(row)) row += rowsApart;
    this.#taken.add(row);
    return row;
  }

  #rowOf(id: string): number {
    const row = firstOwnRow + this.#rows.size;
    this.#rows.set(row, id);
    return row;
  }

  #now(): number {
    return Math.round(1000 * (performance.now() - this.#start));
  }
}
