// sa sweep: what an episode would be with each value of one or two parameters.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { readGrid } from '../../app/sweep/grid.js';
import { sweep as sweepEpisode, type Sweep, type SweepResult, type SweepRow } from '../../app/sweep/sweep.js';
import type { Json } from '../../base/canonical-json.js';
import { sweepPage } from '../../export/sweep-page.js';
import { printJson, table, type Io } from '../io.js';
import { choiceFromFlags, machineFromFlags, openFromFlags, text, texts, type Flags } from '../options.js';
import { watchProgress } from '../progress.js';
import { describeSeconds } from '../words.js';

const sweepFlags = ['ep', 'jobs', 'resource', 'html'] as const;

/** Exit code 0, or 1 when an action failed at some value. */
export async function sweep(io: Io, flags: Flags): Promise<number> {
  const json = flags['json'] === true;
  const quiet = flags['quiet'] === true || json;
  const { profile, explicit } = choiceFromFlags({ ...flags, set: [] }, sweepFlags);
  const flagged = Object.entries(explicit).map(([name, value]) => `${name}=${textOf(value)}`);
  const grid = readGrid([...texts(flags['set']), ...flagged]);
  const progress = watchProgress(io, { quiet: quiet || !io.err.live, verbose: flags['verbose'] === true });
  let result: Sweep;
  try {
    result = await sweepEpisode(await openFromFlags(io, flags), text(flags['ep']) ?? '', grid, {
      ...machineFromFlags(flags),
      profile,
      env: io.env,
      keepGoing: true,
      observer: progress,
      signal: io.signal,
      onRow: (row, index) => {
        if (!quiet) io.err.write(`${index + 1}/${grid.points.length} ${rowLine(row)}\n`);
      },
    });
  } finally {
    progress.end();
  }
  const page = text(flags['html']);
  if (page !== undefined) writeFileSync(resolve(io.cwd, page), sweepPage(result));
  if (json) printJson(io, { version: 1, ...result });
  else for (const line of tableLines(result)) io.out.write(`${line}\n`);
  return result.rows.every(({ error }) => error === null) ? 0 : 1;
}

function rowLine({ params, built, restored, error, seconds }: SweepRow): string {
  const values = Object.entries(params).map(([name, value]) => `${name}=${textOf(value)}`);
  const work = [
    built.length === 0 ? '' : `built ${built.join(', ')}`,
    restored.length === 0 ? '' : `restored ${restored.join(', ')}`,
    error === null ? '' : `failed ${error}`,
  ].filter((part) => part !== '');
  return `${values.join(' ')}: ${work.join('; ') || 'as on disk'} in ${describeSeconds(seconds)}`;
}

/** People with a name who get a column, those with most time first. */
const peopleShown = 6;

function tableLines({ axes, present, rows }: Sweep): string[] {
  const results = [present?.result, ...rows.map(({ result }) => result)].flatMap((one) => one ?? []);
  const names = mostSeen(results);
  const head = ['identities', 'singletons', 'people', 'screen time', 'agreement', 'moved', ...names];
  const cells = (result: SweepResult | undefined, error: string | null): string[] =>
    result === undefined
      ? [...head.map(() => '-'), error?.split('\n')[0] ?? '']
      : [
          String(result.identities),
          String(result.singletons),
          String(result.people),
          `${result.screen_time_s.toFixed(1)} s`,
          result.agreement === null ? '-' : result.agreement.adjusted_rand.toFixed(3),
          result.agreement === null ? '-' : `${result.agreement.moved_s.toFixed(1)} s`,
          ...names.map((name) => (name in result.named_s ? `${result.named_s[name]!.toFixed(1)} s` : '-')),
        ];
  const valuesIn = (params: SweepRow['params']): string[] => axes.map(({ name }) => textOf(params[name] ?? null));
  const lines = [
    [...axes.map(({ name }) => name), ...head],
    ...(present === null ? [] : [[...valuesIn(present.params), ...cells(present.result, null), 'on disk']]),
    ...rows.map(({ params, result, error }) => [...valuesIn(params), ...cells(result, error)]),
  ];
  return table(
    lines,
    Array.from({ length: axes.length + head.length }, (_, column) => column),
  );
}

function mostSeen(results: readonly SweepResult[]): string[] {
  const most = new Map<string, number>();
  for (const { named_s: named } of results)
    for (const [name, seconds] of Object.entries(named)) most.set(name, Math.max(most.get(name) ?? 0, seconds));
  return [...most]
    .sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1))
    .slice(0, peopleShown)
    .map(([name]) => name);
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
