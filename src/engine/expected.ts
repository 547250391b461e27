// What a plan will probably cost in time. Pure; a guess for people and for the order of starting, which
// decides nothing else.
import type { Action } from '../graph/graph.js';
import type { Plan, Step } from './plan.js';

export interface Expected {
  /** Seconds of each action that will or may run; undefined where nothing is known. */
  readonly seconds: ReadonlyMap<Action, number | undefined>;
  /** Of all actions, one after another. */
  readonly workSeconds: number;
  /** Of the longest chain of actions that need each other: less is not to be had with any number of jobs. */
  readonly pathSeconds: number;
  /** How many actions will or may run of which nothing is known. */
  readonly unknown: number;
}

/** What is expected of `plan`, by what each action that will or may run took before. */
export function expectedOf({ steps }: Plan, secondsOf: (step: Step) => number | undefined): Expected {
  const seconds = new Map<Action, number | undefined>();
  const ends = new Map<Action, number>();
  let [workSeconds, pathSeconds, unknown] = [0, 0, 0];
  for (const step of steps) {
    const { action, verdict } = step;
    // What is fresh or restored takes no time worth counting, and passes on the time of what it waits for.
    const runs = verdict.kind === 'run' || verdict.kind === 'later';
    if (!runs && ends.size === 0) continue;
    const own = runs ? secondsOf(step) : 0;
    if (runs) seconds.set(action, own);
    if (own === undefined) unknown++;
    workSeconds += own ?? 0;
    const start = action.inputs.reduce(
      (most, { madeBy }) => Math.max(most, madeBy ? (ends.get(madeBy.action) ?? 0) : 0),
      0,
    );
    ends.set(action, start + (own ?? 0));
    pathSeconds = Math.max(pathSeconds, start + (own ?? 0));
  }
  return { seconds, workSeconds, pathSeconds, unknown };
}
