// sa plan, and sa build --dry-run: says what a build would do, and changes nothing.
import { planJson } from '../../app/json.js';
import { quickPlan, type QuickPlan } from '../../app/quick.js';
import { select } from '../../app/select.js';
import type { Expected } from '../../engine/expected.js';
import { countVerdicts, type Plan } from '../../engine/plan.js';
import { paint, printJson, type Io } from '../io.js';
import {
  buildFlags,
  choiceFromFlags,
  isPlain,
  questionFromFlags,
  sessionFromFlags,
  words,
  type Flags,
} from '../options.js';
import { describeReason, describeSeconds } from '../words.js';

export async function plan(io: Io, flags: Flags): Promise<number> {
  const question = questionFromFlags(io, flags, buildFlags);
  const quick = isPlain(flags) ? await quickPlan(question, choiceFromFlags(flags, buildFlags)) : undefined;
  if (quick !== undefined) return tell(quick, io, flags);
  const session = await sessionFromFlags(io, flags, buildFlags);
  const selection = select(session.workspace, words(flags));
  const judged = session.plan(selection);
  if (judged.steps.every(({ verdict }) => verdict.kind === 'fresh' && !verdict.unrecorded))
    session.remember(question, selection);
  const expected = session.expected(judged);
  if (flags['json'] === true) {
    printJson(io, planJson(judged, expected));
    return 0;
  }
  const ids = judged.steps.map(({ action }) => action.id);
  return tell({ ids: () => ids, count: ids.length, judged, expected }, io, flags);
}

function tell({ ids, count, judged, expected }: Omit<QuickPlan, 'trusted'>, io: Io, flags: Flags): number {
  const all = ids();
  const width = all.reduce((most, id) => Math.max(most, id.length), 0);
  const lines = new Map(judged.steps.map((step) => [step.action.id, planLine(step, expected, io, width)]));
  // Of what was not judged again nothing is said but that it is fresh.
  const fresh = paint(io.out, 'dim', 'fresh'.padEnd(7));
  io.out.write(all.map((id) => `${lines.get(id) ?? `${fresh} ${id}`}\n`).join(''));
  if (flags['quiet'] !== true) io.err.write(`${summary(judged, count, expected)}\n`);
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

function summary(judged: Plan, count: number, { workSeconds, pathSeconds, unknown }: Expected): string {
  const counts = countVerdicts(judged);
  const all = { ...counts, fresh: counts.fresh + count - judged.steps.length };
  const told = Object.entries(all).flatMap(([kind, many]) => (many > 0 ? [`${many} ${kind}`] : []));
  const guesses = [
    ...(workSeconds > 0
      ? [`about ${describeSeconds(workSeconds)} of work, ${describeSeconds(pathSeconds)} of it in the longest chain`]
      : []),
    ...(unknown > 0 ? [`${unknown} of which nothing is known yet`] : []),
  ];
  return [told.length === 0 ? 'nothing to plan' : told.join(', '), ...guesses].join('; ');
}
