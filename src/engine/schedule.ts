// In which order a plan's actions run: each as soon as all it needs has ended and its share of the pools
// is free, those first on which most work waits. It decides when, never what: no result depends on it.
import type { Action } from '../graph/graph.js';
import type { Company, Member } from './company.js';
import type { Step } from './plan.js';
import { Hold, type Rank, type Slots } from './slots.js';

/** What is done with each action. */
export interface Work {
  /** Settles an action when it is fresh, as all is that it needs; false when it must be carried out. */
  settle(step: Step): boolean;
  /** Passes over an action that is not to be begun, since another has failed; false when it may begin. */
  skip(action: Action): boolean;
  /** What an action looks at that others may look at with it; undefined for one that goes alone. */
  looksAt(action: Action): string | undefined;
  /** Begins a company of so many actions that look at the same. */
  gather(actions: number): Company;
  carryOut(action: Action, means: Means): Promise<void>;
}

/** What an action has while it is carried out. */
export interface Means {
  readonly hold: Hold;
  readonly company: Member;
}

interface Task {
  readonly step: Step;
  rank: Rank;
  readonly dependents: Task[];
  /** How many of those it needs have not ended. */
  left: number;
}

/**
 * Works through `steps` (in graph order). Resolves when all are done; rejects with the first error that
 * `carryOut` threw, once nothing runs any more. No depth of graph is too deep.
 */
export async function workThrough(
  steps: readonly Step[],
  work: Work,
  { slots, expected }: { readonly slots: Slots; readonly expected: (step: Step) => number },
): Promise<void> {
  const tasks = new Map<Action, Task>();
  for (const step of steps) {
    const needs = neededTasks(step.action, tasks);
    if (needs.size === 0 && work.settle(step)) continue;
    const task: Task = { step, rank: { urgency: 0, place: tasks.size }, dependents: [], left: needs.size };
    for (const need of needs) need.dependents.push(task);
    tasks.set(step.action, task);
  }
  rankTasks([...tasks.values()], expected);
  let ready = [...tasks.values()].filter(({ left }) => left === 0);
  const errors: unknown[] = [];
  await new Promise<void>((resolve) => {
    let active = 0;
    const end = ({ dependents }: Task): void => {
      for (const next of dependents) if (--next.left === 0) ready.push(next);
    };
    const carryOut = async (task: Task, company: Company, rank: Rank): Promise<void> => {
      active++;
      const member = company.member();
      try {
        const hold = new Hold(slots, task.step.action.rule.resources, rank);
        await hold.takeAgain();
        try {
          await work.carryOut(task.step.action, { hold, company: member });
          end(task);
        } finally {
          hold.letGo();
        }
      } catch (error) {
        errors.push(error);
      } finally {
        member.leave();
      }
      active--;
      goOn();
    };
    // A loop and no recursion: a failure may skip a chain of any length at once.
    const goOn = (): void => {
      while (ready.length > 0) {
        const now = ready;
        ready = [];
        const begun: Task[] = [];
        for (const task of now) {
          if (work.skip(task.step.action)) end(task);
          else begun.push(task);
        }
        for (const group of groupsOf(begun, work)) {
          const company = work.gather(group.length);
          // As urgent as the most urgent of them, or it would wait for the others.
          const urgency = Math.max(...group.map(({ rank }) => rank.urgency));
          for (const task of group) void carryOut(task, company, { ...task.rank, urgency });
        }
      }
      if (active === 0) resolve();
    };
    goOn();
  });
  if (errors.length > 0) throw errors[0];
}

function groupsOf(tasks: readonly Task[], work: Pick<Work, 'looksAt'>): Iterable<readonly Task[]> {
  const groups = new Map<string | Task, Task[]>();
  for (const task of tasks) {
    const key = work.looksAt(task.step.action) ?? task;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [task]);
    else group.push(task);
  }
  return groups.values();
}

function neededTasks(action: Action, tasks: ReadonlyMap<Action, Task>): Set<Task> {
  const needs = new Set<Task>();
  for (const { madeBy } of action.inputs) {
    const task = madeBy && tasks.get(madeBy.action);
    if (task !== undefined) needs.add(task);
  }
  return needs;
}

/** The longest way from the start of each task to the end of all that waits for it; ties go by the graph's order. */
function rankTasks(tasks: readonly Task[], expected: (step: Step) => number): void {
  for (let place = tasks.length - 1; place >= 0; place--) {
    const { step, dependents } = tasks[place]!;
    const after = dependents.reduce((most, { rank }) => Math.max(most, rank.urgency), 0);
    const own = step.verdict.kind === 'run' || step.verdict.kind === 'later' ? expected(step) : 0;
    tasks[place]!.rank = { urgency: own + after, place };
  }
}
