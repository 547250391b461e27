// What a build came to, what a plan says, and how things stand, as people read it. Light to load: an answer from memory
// needs nothing else.
import type { QuickBuild, QuickPlan } from '../app/quick.js';
import type { Expected } from '../engine/expected.js';
import type { Plan } from '../engine/plan.js';
import { paint, printJson, table, type Io } from './io.js';
import type { Flags } from './options.js';
import { describeReason, describeSeconds } from './words.js';

/** One line on a build that ended. */
export function buildSummary({ reports, untouched, trusted }: QuickBuild, seconds: number): string {
  const counts = new Map<string, number>();
  if (trusted > 0) counts.set('trusted', trusted);
  if (untouched > trusted) counts.set('fresh', untouched - trusted);
  for (const { outcome } of reports) counts.set(outcome.kind, (counts.get(outcome.kind) ?? 0) + 1);
  const ran = counts.get('built') ?? 0;
  const rest = ['restored', 'failed', 'skipped', 'trusted', 'fresh'].flatMap((kind) =>
    counts.has(kind) ? [`${counts.get(kind)!} ${kind}`] : [],
  );
  return `${[`${ran} run`, ...rest].join(', ')}, in ${describeSeconds(seconds)}`;
}

/** Prints a plan: a line an action, and what it comes to. */
export function tellPlan({ ids, count, judged, expected }: Omit<QuickPlan, 'trusted'>, io: Io, flags: Flags): number {
  const all = ids();
  const width = all.reduce((most, id) => Math.max(most, id.length), 0);
  const lines = new Map(judged.steps.map((step) => [step.action.id, planLine(step, expected, io, width)]));
  // Of what was not judged again nothing is said but that it is fresh.
  const fresh = paint(io.out, 'dim', 'fresh'.padEnd(7));
  io.out.write(all.map((id) => `${lines.get(id) ?? `${fresh} ${id}`}\n`).join(''));
  if (flags['quiet'] !== true) io.err.write(`${planSummary(judged, count, expected)}\n`);
  return 0;
}

function planLine(
  { action, verdict }: Plan['steps'][number],
  { seconds }: Expected,
  { out }: Io,
  width: number,
): string {
  const styles = { fresh: 'dim', restore: 'cyan', run: 'yellow', later: 'yellow' } as const;
  const reasons = verdict.kind === 'fresh' ? [] : verdict.reasons.map(describeReason);
  const waits = verdict.kind === 'later' && verdict.waitsFor.length > 0 ? [`after ${verdict.waitsFor.join(', ')}`] : [];
  const time = seconds.get(action);
  const about = time === undefined || time === 0 ? '' : `  (about ${describeSeconds(time)})`;
  return `${paint(out, styles[verdict.kind], verdict.kind.padEnd(7))} ${action.id.padEnd(width)}  ${[...waits, ...reasons].join('; ')}${about}`.trimEnd();
}

function planSummary(judged: Plan, count: number, { workSeconds, pathSeconds, unknown }: Expected): string {
  const all = { fresh: count - judged.steps.length, restore: 0, run: 0, later: 0 };
  for (const { verdict } of judged.steps) all[verdict.kind]++;
  const told = Object.entries(all).flatMap(([kind, many]) => (many > 0 ? [`${many} ${kind}`] : []));
  const guesses = [
    ...(workSeconds > 0
      ? [`about ${describeSeconds(workSeconds)} of work, ${describeSeconds(pathSeconds)} of it in the longest chain`]
      : []),
    ...(unknown > 0 ? [`${unknown} of which nothing is known yet`] : []),
  ];
  return [told.length === 0 ? 'nothing to plan' : told.join(', '), ...guesses].join('; ');
}

/** What `sa verify` says when nothing is stale. */
export function verifySummary(checked: number): string {
  return `${checked} actions, all as pipeline.yaml, the inputs and the lockfiles say`;
}

/** How an action's artifacts stand. */
export interface ActionState {
  readonly rule: string;
  /** Empty for a rule that is made once. */
  readonly ep: string;
  readonly state: 'fresh' | 'stale' | 'missing' | 'altered';
}

/** Of actions that are all fresh, by their ids. */
export function freshStates(ids: readonly string[]): readonly ActionState[] {
  return ids.map((id) => {
    const [rule = '', ep = ''] = id.split('@');
    return { rule, ep, state: 'fresh' };
  });
}

/** Prints a table of episodes and artifacts. */
export function tellStatus(states: readonly ActionState[], io: Io, flags: Flags): number {
  const rules = [...new Set(states.map(({ rule }) => rule))];
  const episodes = [...new Set(states.map(({ ep }) => ep))];
  const stateAt = new Map(states.map(({ rule, ep, state }) => [`${rule}@${ep}`, state]));
  if (flags['json'] === true) {
    const rows = episodes.map((ep) => ({
      ep: ep === '' ? null : ep,
      artifacts: Object.fromEntries(
        rules.flatMap((rule) => (stateAt.has(`${rule}@${ep}`) ? [[rule, stateAt.get(`${rule}@${ep}`)]] : [])),
      ),
    }));
    printJson(io, { version: 1, episodes: rows });
    return 0;
  }
  if (states.length === 0) {
    io.out.write('no episodes yet; bring a video in with: sa add EPISODE VIDEO\n');
    return 0;
  }
  const rows = [
    ['episode', ...rules],
    ...episodes.map((ep) => [
      ep === '' ? '(project)' : ep,
      ...rules.map((rule) => stateAt.get(`${rule}@${ep}`) ?? '-'),
    ]),
  ];
  io.out.write(`${table(rows).join('\n')}\n`);
  return 0;
}
