// The plan: a verdict an action, in an order in which each stands after what it needs. Making one
// changes nothing; a build makes one, and makes verdicts anew as upstream actions finish.
import { ProblemError, type Problem } from '../base/problem.js';
import type { Action } from '../graph/graph.js';
import { decide, type MissingInput, type Verdict, type World } from './decide.js';

export interface Plan {
  readonly steps: readonly Step[];
}

export interface Step {
  readonly action: Action;
  readonly verdict: Verdict;
}

/** Judges `actions` (in graph order). Throws one ProblemError naming every user file that is missing. */
export function makePlan(actions: readonly Action[], world: World): Plan {
  const { plan, missing } = judge(actions, world);
  if (missing.length > 0) throw new ProblemError(describeMissing(missing));
  return plan;
}

/** The same for one who only looks: an action whose user file is missing is stale because of it. */
export function judge(actions: readonly Action[], world: World): { plan: Plan; missing: readonly MissingInput[] } {
  const verdicts = new Map<Action, Verdict>();
  const missing: MissingInput[] = [];
  for (const action of actions) {
    const verdict = decide(action, verdicts, world);
    if ('input' in verdict) missing.push(verdict);
    verdicts.set(action, 'input' in verdict ? staleByMissing(verdict, world) : verdict);
  }
  return { plan: { steps: actions.map((action) => ({ action, verdict: verdicts.get(action)! })) }, missing };
}

function staleByMissing({ action, input }: MissingInput, world: World): Verdict {
  const built = world.lockfiles.get(action.ep, action.rule.name)?.manifest.inputs[input.role]?.[0];
  return {
    kind: 'later',
    reasons: [{ kind: 'input-changed', path: input.path, old: built?.digest ?? null, new: null, rule: null }],
    waitsFor: [],
  };
}

/** Those actions of the plan that are not fresh and read, directly or not, what `action` makes. */
export function dependentsOf(action: Action, { steps }: Plan): readonly Action[] {
  const found = new Set([action]);
  for (const step of steps)
    if (step.verdict.kind !== 'fresh' && step.action.inputs.some(({ madeBy }) => madeBy && found.has(madeBy.action)))
      found.add(step.action);
  found.delete(action);
  return [...found];
}

/** How many actions have each verdict. */
export function countVerdicts(plan: Plan): Record<Verdict['kind'], number> {
  const counts = { fresh: 0, restore: 0, run: 0, later: 0 };
  for (const { verdict } of plan.steps) counts[verdict.kind]++;
  return counts;
}

function describeMissing(missing: readonly MissingInput[]): Problem[] {
  const byPath = new Map<string, string[]>();
  for (const { action, input } of missing) byPath.set(input.path, [...(byPath.get(input.path) ?? []), action.id]);
  return [...byPath].map(([path, actions]) => ({
    code: 'missing-input',
    message: `there is no ${path} in the data folder, and no rule makes it; needed by ${actions.join(', ')}`,
    hint: path.startsWith('videos/') ? 'bring the video in with: sa add EPISODE VIDEO' : undefined,
  }));
}
