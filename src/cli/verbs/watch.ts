// sa watch.
import { findProject } from '../../app/project.js';
import { formatProblem } from '../../base/problem.js';
import { describeRound } from '../../watch/round.js';
import { watchProject } from '../../watch/watch.js';
import { paint, type Io } from '../io.js';
import { choiceFromFlags, machineFromFlags, openFromFlags, text, words, type Flags } from '../options.js';
import { watchProgress } from '../progress.js';

const watchFlags = ['all', 'jobs', 'resource', 'keep-going', 'poll'] as const;

/** Builds, then again on each edit, until it is interrupted. */
export async function watch(io: Io, flags: Flags): Promise<number> {
  const json = flags['json'] === true;
  const quiet = flags['quiet'] === true || json;
  const verbose = flags['verbose'] === true;
  const say = (line: string): void => {
    if (!quiet) io.err.write(`${paint(io.err, 'dim', line)}\n`);
  };
  await watchProject({
    open: () => openFromFlags(io, flags),
    projectRoot: findProject(io.cwd),
    dataRoot: text(flags['data-root']) ?? io.env['SA_DATA_ROOT'],
    words: words(flags),
    choice: choiceFromFlags(flags, watchFlags),
    machine: machineFromFlags(flags),
    keepGoing: flags['keep-going'] === true,
    poll: flags['poll'] === true,
    signal: io.signal,
    observer: {
      // In a pipe the round's own line is enough; what fails is always told.
      building: () => watchProgress(io, { quiet: quiet || (!io.err.live && !verbose), verbose }),
      round(round, { episodes }) {
        if (json) io.out.write(`${JSON.stringify({ version: 1, ...round })}\n`);
        else for (const line of describeRound(round, { named: episodes.length > 1 })) io.out.write(`${line}\n`);
      },
      idle: (paths) => say(`${paths.join(', ')}: nothing is stale`),
      restarting: (paths) => say(`${paths.join(', ') || 'an edit'}: changes what is being built; starting again`),
      problem({ problems }) {
        for (const one of problems) io.err.write(`${paint(io.err, 'red', 'problem')} ${formatProblem(one)}\n`);
        say('waiting for the next edit');
      },
    },
  });
  return 130;
}
