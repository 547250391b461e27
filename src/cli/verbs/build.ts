// sa build: makes what is stale.
import { resolve } from 'node:path';
import { BuildTrace } from '../../app/build-trace.js';
import { buildJson } from '../../app/json.js';
import { quickBuild, type QuickBuild } from '../../app/quick.js';
import type { Recalled } from '../../app/recall.js';
import { select } from '../../app/select.js';
import type { BuildOptions } from '../../app/session.js';
import type { Outcome } from '../../engine/execute.js';
import { printJson, type Io } from '../io.js';
import {
  buildFlags,
  choiceFromFlags,
  isPlain,
  machineFromFlags,
  questionFromFlags,
  sessionFromFlags,
  text,
  words,
  type Flags,
} from '../options.js';
import { watchProgress } from '../progress.js';
import { buildSummary } from '../summaries.js';
import { plan } from './plan.js';

/** Exit code 0, or 1 when an action failed. */
export async function build(io: Io, flags: Flags, known?: Recalled): Promise<number> {
  if (flags['dry-run'] === true) return plan(io, flags, known);
  const started = performance.now();
  const progress = watchProgress(io, {
    quiet: flags['quiet'] === true || flags['json'] === true,
    verbose: flags['verbose'] === true,
  });
  const file = text(flags['trace']);
  const trace = file === undefined ? undefined : new BuildTrace();
  const options: BuildOptions = {
    ...machineFromFlags(flags),
    keepGoing: flags['keep-going'] === true,
    observer: trace === undefined ? progress : { ...progress, ...trace.watching(progress) },
    signal: io.signal,
  };
  const question = questionFromFlags(io, flags, buildFlags);
  try {
    const choice = choiceFromFlags(flags, buildFlags);
    const quick = isPlain(flags) ? await quickBuild(question, choice, options, known) : undefined;
    progress.end();
    if (quick !== undefined) return tell(quick, { io, flags, started });
    const session = await sessionFromFlags(io, flags, buildFlags);
    const selection = select(session.workspace, words(flags));
    const reports = await session.build(selection, options);
    progress.end();
    if (reports.every(({ outcome }) => isDone(outcome))) session.remember(question, selection);
    return tell({ untouched: 0, trusted: 0, reports }, { io, flags, started });
  } finally {
    progress.end();
    if (file !== undefined) trace?.write(resolve(io.cwd, file));
  }
}

function isDone({ kind }: Outcome): boolean {
  return kind !== 'failed' && kind !== 'skipped';
}

function tell(
  done: QuickBuild,
  { io, flags, started }: { readonly io: Io; readonly flags: Flags; readonly started: number },
): number {
  const seconds = (performance.now() - started) / 1000;
  if (flags['json'] === true) printJson(io, buildJson(done.reports, seconds));
  else if (flags['quiet'] !== true) io.err.write(`${buildSummary(done, seconds)}\n`);
  return done.reports.every(({ outcome }) => isDone(outcome)) ? 0 : 1;
}
