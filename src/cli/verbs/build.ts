// sa build and sa plan.
import { resolve } from 'node:path';
import { BuildTrace } from '../../app/build-trace.js';
import { buildJson, planJson } from '../../app/json.js';
import { select } from '../../app/select.js';
import type { ActionReport } from '../../engine/execute.js';
import type { Expected } from '../../engine/expected.js';
import { countVerdicts, type Plan } from '../../engine/plan.js';
import { paint, printJson, type Io } from '../io.js';
import { machineFromFlags, sessionFromFlags, text, words, type Flags } from '../options.js';
import { watchProgress } from '../progress.js';
import { describeReason, describeSeconds } from '../words.js';

export const buildFlags = ['all', 'dry-run', 'jobs', 'resource', 'keep-going', 'trace', 'executor'] as const;

/** Makes what is stale. Exit code 0, or 1 when an action failed. */
export async function build(io: Io, flags: Flags): Promise<number> {
  if (flags['dry-run'] === true) return plan(io, flags);
  const started = performance.now();
  const session = await sessionFromFlags(io, flags, buildFlags);
  const selection = select(session.workspace, words(flags));
  const progress = watchProgress(io, {
    quiet: flags['quiet'] === true || flags['json'] === true,
    verbose: flags['verbose'] === true,
  });
  const file = text(flags['trace']);
  const trace = file === undefined ? undefined : new BuildTrace();
  try {
    const reports = await session.build(selection, {
      ...machineFromFlags(flags),
      keepGoing: flags['keep-going'] === true,
      observer: trace === undefined ? progress : { ...progress, ...trace.watching(progress) },
      signal: io.signal,
    });
    const seconds = (performance.now() - started) / 1000;
    const document = buildJson(reports, seconds);
    progress.end();
    if (flags['json'] === true) printJson(io, document);
    else if (flags['quiet'] !== true) io.err.write(`${summary(reports, seconds)}\n`);
    return document.success ? 0 : 1;
  } finally {
    progress.end();
    if (file !== undefined) trace?.write(resolve(io.cwd, file));
  }
}

/** Says what a build would do, and changes nothing. */
export async function plan(io: Io, flags: Flags): Promise<number> {
  const session = await sessionFromFlags(io, flags, buildFlags);
  const planned = session.plan(select(session.workspace, words(flags)));
  const expected = session.expected(planned);
  if (flags['json'] === true) {
    printJson(io, planJson(planned, expected));
    return 0;
  }
  for (const line of planLines(planned, expected, io)) io.out.write(`${line}\n`);
  if (flags['quiet'] !== true) io.err.write(`${planSummary(planned, expected)}\n`);
  return 0;
}

function planLines({ steps }: Plan, { seconds }: Expected, { out }: Io): string[] {
  const styles = { fresh: 'dim', restore: 'cyan', run: 'yellow', later: 'yellow' } as const;
  const width = Math.max(0, ...steps.map(({ action }) => action.id.length));
  return steps.map(({ action, verdict }) => {
    const reasons = verdict.kind === 'fresh' ? [] : verdict.reasons.map(describeReason);
    const waits =
      verdict.kind === 'later' && verdict.waitsFor.length > 0 ? [`after ${verdict.waitsFor.join(', ')}`] : [];
    const time = seconds.get(action);
    const about = time === undefined || time === 0 ? '' : `  (about ${describeSeconds(time)})`;
    return `${paint(out, styles[verdict.kind], verdict.kind.padEnd(7))} ${action.id.padEnd(width)}  ${[...waits, ...reasons].join('; ')}${about}`.trimEnd();
  });
}

function planSummary(plan: Plan, { workSeconds, pathSeconds, unknown }: Expected): string {
  const counts = Object.entries(countVerdicts(plan)).flatMap(([kind, count]) =>
    count > 0 ? [`${count} ${kind}`] : [],
  );
  const guesses = [
    ...(workSeconds > 0
      ? [`about ${describeSeconds(workSeconds)} of work, ${describeSeconds(pathSeconds)} of it in the longest chain`]
      : []),
    ...(unknown > 0 ? [`${unknown} of which nothing is known yet`] : []),
  ];
  return [counts.length === 0 ? 'nothing to plan' : counts.join(', '), ...guesses].join('; ');
}

function summary(reports: readonly ActionReport[], seconds: number): string {
  const counts = new Map<string, number>();
  for (const { outcome } of reports) counts.set(outcome.kind, (counts.get(outcome.kind) ?? 0) + 1);
  const ran = counts.get('built') ?? 0;
  const rest = ['restored', 'failed', 'skipped', 'trusted', 'fresh'].flatMap((kind) =>
    counts.has(kind) ? [`${counts.get(kind)!} ${kind}`] : [],
  );
  return `${[`${ran} run`, ...rest].join(', ')}, in ${describeSeconds(seconds)}`;
}
