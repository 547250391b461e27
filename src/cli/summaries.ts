// What a build came to, and what a plan says, as people read it. Light to load: an answer from memory
// needs nothing else.
import type { QuickBuild, QuickPlan } from '../app/quick.js';
import type { Expected } from '../engine/expected.js';
import type { Plan } from '../engine/plan.js';
import { paint, type Io } from './io.js';
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
