// Tells whoever watches a build what happens: on a terminal one live line an action that runs, with
// count, rate and ETA; in a pipe or in CI one plain line at its start and end.
import type { BuildObserver } from '../engine/execute.js';
import { errorText } from '../app/json.js';
import type { RunNotes } from '../runner/runner.js';
import { paint, type Io } from './io.js';
import { describeCount, describeModelEvent, describeReason, describeSeconds, outcomeWords } from './words.js';

export interface ProgressOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
}

export type Progress = BuildObserver & RunNotes & { waiting(holder: string): void; end(): void };

interface Running {
  readonly startedAt: number;
  done: number;
  total: number;
}

const redrawMs = 100;

export function watchProgress({ err }: Io, { quiet, verbose }: ProgressOptions): Progress {
  const running = new Map<string, Running>();
  let drawn = 0;
  let lastDraw = 0;
  const erase = (): void => {
    if (drawn > 0) err.write(`\u001b[${drawn}F\u001b[0J`);
    drawn = 0;
  };
  const draw = (): void => {
    if (!err.live || quiet) return;
    erase();
    for (const [id, { startedAt, done, total }] of running)
      err.write(`${liveLine(id, startedAt, done, total).slice(0, err.columns - 1)}\n`);
    drawn = running.size;
    lastDraw = Date.now();
  };
  const say = (line: string): void => {
    erase();
    err.write(`${line}\n`);
    draw();
  };
  return {
    started(action, verdict) {
      running.set(action.id, { startedAt: Date.now(), done: 0, total: 0 });
      if (quiet) return;
      const reasons = verdict.kind === 'fresh' ? [] : verdict.reasons.map(describeReason);
      if (!err.live || verbose)
        say(
          `${paint(err, 'cyan', action.id)} ${verdict.kind === 'restore' ? 'restoring' : 'running'}: ${reasons.slice(0, verbose ? undefined : 2).join('; ')}`,
        );
      else draw();
    },
    progress(action, done, total) {
      const state = running.get(action.id);
      if (state === undefined) return;
      state.done = done;
      state.total = total;
      if (Date.now() - lastDraw >= redrawMs) draw();
    },
    finished({ action, outcome, seconds }) {
      running.delete(action.id);
      const error = errorText(outcome);
      if (error !== null) {
        say(`${paint(err, 'red', `${action.id} ${outcomeWords[outcome.kind]}`)}: ${error.replace(/^skipped: /, '')}`);
        return;
      }
      if (quiet || (!verbose && (outcome.kind === 'fresh' || outcome.kind === 'trusted'))) return;
      const counts =
        outcome.kind === 'built'
          ? Object.entries(outcome.trace.counts).map(([name, count]) => describeCount(name, count))
          : [];
      say(
        [
          `${paint(err, 'green', action.id)} ${outcomeWords[outcome.kind]} in ${describeSeconds(seconds)}`,
          ...counts,
        ].join(', '),
      );
    },
    model(event) {
      const line = describeModelEvent(event);
      if (line !== undefined && !(quiet && event.kind !== 'licence')) say(line);
    },
    waiting(holder) {
      say(`another build of this project is running${holder === '' ? '' : ` (process ${holder})`}; waiting for it`);
    },
    end: erase,
  };
}

function liveLine(id: string, startedAt: number, done: number, total: number): string {
  const seconds = (Date.now() - startedAt) / 1000;
  if (total <= 0 || done <= 0) return `${id}  ${describeSeconds(seconds)}`;
  const rate = done / Math.max(seconds, 1e-3);
  return `${id}  ${done}/${total}  ${Math.floor((100 * done) / total)} %  ${rate.toFixed(rate < 10 ? 1 : 0)}/s  ${describeSeconds((total - done) / rate)} left`;
}
