#!/usr/bin/env node
// The command line: words and flags in, an exit code out. Each verb's code is loaded when it is
// called. The only importer of yargs, and the only place that catches what nobody expected.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Argv } from 'yargs';
import { didYouMean } from '../base/closest.js';
import { formatProblem, problem, ProblemError } from '../base/problem.js';
import { fromMemory } from './from-memory.js';
import { paint, screenOf, type Io } from './io.js';
import type { Flags } from './options.js';

type Verb = (io: Io, flags: Flags) => Promise<number>;

interface VerbEntry {
  readonly usage: string;
  readonly does: string;
  readonly flags?: (argv: Argv) => Argv;
  readonly load: () => Promise<Verb>;
}

const exitCodes = { done: 0, failed: 1, problem: 2, internal: 3, interrupted: 130 } as const;

const selecting = (argv: Argv): Argv =>
  argv
    .option('all', { type: 'boolean', describe: 'every episode' })
    .option('set', { type: 'string', array: true, nargs: 1, describe: 'name=value: a parameter for this call' })
    .option('profile', { type: 'string', describe: 'a profile of pipeline.yaml' })
    .option('force', {
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'run this rule or group whatever its fingerprint says',
    })
    .option('trust', {
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'believe what is on disk for this rule or group',
    });

const sharing = {
  jobs: { alias: 'j', type: 'number', describe: 'actions at a time (default: the pool cpu, or the cores)' },
  resource: {
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'name=amount or name=ids: a pool of this machine, e.g. gpu=0,1 or memory=16G',
  },
} as const;

const building = (argv: Argv): Argv =>
  selecting(argv)
    .option('dry-run', { alias: 'n', type: 'boolean', describe: 'say what would run, change nothing' })
    .options(sharing)
    .option('keep-going', { alias: 'k', type: 'boolean', describe: 'go on with what does not need a failed action' })
    .option('cache', { type: 'boolean', describe: '--no-cache: neither restore from the store nor keep in it' })
    .option('trace', { type: 'string', describe: 'a file for what ran when: JSON for chrome://tracing or Perfetto' });

const episodesAndTargets = '[words..]';

const verbs: Readonly<Record<string, VerbEntry>> = {
  init: {
    usage: '',
    does: 'write a commented pipeline.yaml into an empty project',
    load: async () => (await import('./verbs/init.js')).init,
  },
  demo: {
    usage: '',
    does: 'make a short episode with known people, build it, compare with the truth',
    flags: building,
    load: async () => (await import('./verbs/demo.js')).demo,
  },
  add: {
    usage: '<ep> <video>',
    does: 'bring a video in as an episode',
    flags: (argv) =>
      argv.option('link', { type: 'boolean' }).option('copy', { type: 'boolean' }).option('move', { type: 'boolean' }),
    load: async () => (await import('./verbs/add.js')).add,
  },
  build: {
    usage: episodesAndTargets,
    does: 'make what is stale',
    flags: building,
    load: async () => (await import('./verbs/build.js')).build,
  },
  plan: {
    usage: episodesAndTargets,
    does: 'say what a build would do, and why',
    flags: building,
    load: async () => (await import('./verbs/plan.js')).plan,
  },
  watch: {
    usage: episodesAndTargets,
    does: 'build, then again on each edit of pipeline.yaml, inputs, edits.yaml or your own code',
    flags: (argv) =>
      selecting(argv)
        .options(sharing)
        .option('keep-going', {
          alias: 'k',
          type: 'boolean',
          describe: 'go on with what does not need a failed action',
        })
        .option('cache', { type: 'boolean', describe: '--no-cache: neither restore from the store nor keep in it' })
        .option('poll', { type: 'boolean', describe: 'look at files regularly, for network file systems' }),
    load: async () => (await import('./verbs/watch.js')).watch,
  },
  explain: {
    usage: episodesAndTargets,
    does: 'say why a target is stale: each difference it began with, and how it gets there',
    flags: selecting,
    load: async () => (await import('./verbs/explain.js')).explain,
  },
  status: {
    usage: episodesAndTargets,
    does: 'a table of episodes and artifacts',
    flags: selecting,
    load: async () => (await import('./verbs/look.js')).status,
  },
  verify: {
    usage: episodesAndTargets,
    does: 'exit 0 if all artifacts are up to date; changes nothing',
    flags: (argv) =>
      selecting(argv)
        .option('allow-missing', { type: 'boolean', describe: 'compare fingerprints only' })
        .option('format', { type: 'string', describe: 'text, json, github or junit' }),
    load: async () => (await import('./verbs/look.js')).verify,
  },
  sweep: {
    usage: '<ep>',
    does: 'a table of what one or two parameters would change; touches no artifact',
    flags: (argv) =>
      argv
        .option('set', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'name=from:to:step or name=a,b,c; name=value holds throughout',
        })
        .option('profile', { type: 'string', describe: 'a profile of pipeline.yaml' })
        .options(sharing)
        .option('html', { type: 'string', describe: 'write a page with a chart a measure to this file' }),
    load: async () => (await import('./verbs/sweep.js')).sweep,
  },
  golden: {
    usage: '<action> [episodes..]',
    does: 'record or check: what episodes once gave, and what moved since',
    flags: (argv) =>
      argv
        .option('format', { type: 'string', describe: 'text, json, github or junit' })
        .option('recompute', { type: 'boolean', describe: 'check: compute every stage anew, beside the artifacts' })
        .options(sharing),
    load: async () => (await import('./verbs/golden.js')).golden,
  },
  run: {
    usage: '<ep>',
    does: 'add a video, build everything, print the result',
    flags: (argv) =>
      building(argv).option('video', { type: 'string', describe: 'the video; not needed when the episode has one' }),
    load: async () => (await import('./verbs/run.js')).run,
  },
  edit: {
    usage: '<change> <ep> [words..]',
    does: 'say who is who: name, merge, split, not-same, lock, hide, undo, list, keep-ids',
    flags: (argv) =>
      building(argv)
        .option('to', { type: 'string', describe: 'split: the identity that the tracks move to' })
        .option('build', { type: 'boolean', describe: 'build the episode and say what came of it' }),
    load: async () => (await import('./verbs/edit.js')).edit,
  },
  graph: {
    usage: episodesAndTargets,
    does: 'the rules and artifacts as text, mermaid, dot or json',
    flags: (argv) => argv.option('format', { type: 'string', describe: 'text, mermaid, dot or json' }),
    load: async () => (await import('./verbs/graph.js')).graph,
  },
  query: {
    usage: '<question> <name>',
    does: 'deps, rdeps, inputs or outputs of a rule or artifact',
    load: async () => (await import('./verbs/graph.js')).query,
  },
  export: {
    usage: '<ep>',
    does: 'screen time for other programs',
    flags: (argv) =>
      argv
        .option('format', { type: 'string', describe: 'csv, json, webvtt, edl, mot or coco' })
        .option('output', { alias: 'o', type: 'string', describe: 'a file instead of stdout' }),
    load: async () => (await import('./verbs/export.js')).exportVerb,
  },
  report: {
    usage: '<ep>',
    does: 'build the report page and say where it is',
    flags: building,
    load: async () => (await import('./verbs/export.js')).report,
  },
  models: {
    usage: '<action> [names..]',
    does: 'list, pull or verify models',
    flags: (argv) =>
      argv.option('accept-terms', {
        type: 'string',
        array: true,
        nargs: 1,
        describe: 'accept the terms of a research-only model',
      }),
    load: async () => (await import('./verbs/models.js')).models,
  },
  cache: {
    usage: '<action>',
    does: 'stats, gc or verify: what is kept, what may go, what is damaged',
    flags: (argv) =>
      argv
        .option('max-bytes', { type: 'string', describe: 'gc: how much may stay, e.g. 20G' })
        .option('max-age', { type: 'string', describe: 'gc: what was not used for this long goes, e.g. 30d' })
        .option('dry-run', { alias: 'n', type: 'boolean', describe: 'gc: say what would go, and why' }),
    load: async () => (await import('./verbs/cache.js')).cache,
  },
  serve: {
    usage: '',
    does: 'answer HTTP: builds as jobs, reports, videos',
    flags: (argv) =>
      argv
        .option('host', { type: 'string', describe: 'address to listen at (default 127.0.0.1)' })
        .option('port', { type: 'number', describe: 'port (default 8000; 0: a free one)' })
        .option('max-jobs', { type: 'number', describe: 'builds at a time (default 1)' })
        .option('max-queued', { type: 'number', describe: 'jobs that may wait (default 1000)' })
        .option('max-rate', { type: 'number', describe: 'requests a second of one client (default 20000)' })
        .option('jobs', { alias: 'j', type: 'number', describe: 'actions at a time in a build (default: the cores)' })
        .option('token-file', { type: 'string', describe: 'file with the token that clients must send' })
        .option('allow-videos', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'a folder besides the data root from which video_path may take videos',
        })
        .option('allow-host', {
          type: 'string',
          array: true,
          nargs: 1,
          describe: 'a name by which the server may be called',
        }),
    load: async () => (await import('./verbs/serve.js')).serve,
  },
  doctor: {
    usage: '',
    does: 'what is installed, what is missing, what to do about it',
    load: async () => (await import('./verbs/doctor.js')).doctor,
  },
  schema: {
    usage: '',
    does: 'the JSON Schema of pipeline.yaml',
    load: async () => (await import('./verbs/schema.js')).schema,
  },
};

/** Runs one command; resolves with its exit code and never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    return (await fromMemory(argv, io)) ?? (await dispatch(argv, io));
  } catch (error) {
    return explainFailure(error, io);
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  let chosen: (() => Promise<number>) | undefined;
  const { default: yargs } = await import('yargs');
  const parser = yargs([...argv])
    .scriptName('sa')
    .usage('$0 <verb> [episode ...] [target ...]\n\nmake for face screen time in video')
    .parserConfiguration({
      'camel-case-expansion': false,
      'duplicate-arguments-array': true,
      'parse-positional-numbers': false,
    })
    .option('data-root', { type: 'string', describe: 'where videos and artifacts lie', global: true })
    .option('store', { type: 'string', describe: 'where finished results are kept', global: true })
    .option('json', { type: 'boolean', describe: 'one JSON document on stdout', global: true })
    .option('quiet', { alias: 'q', type: 'boolean', describe: 'say only what went wrong', global: true })
    .option('verbose', { type: 'boolean', describe: 'say more', global: true })
    .epilogue('Any parameter of pipeline.yaml is a flag too: --cluster-thresh 0.7')
    .exitProcess(false)
    .version(await version())
    .wrap(Math.min(110, io.out.columns || 110))
    .fail((message: string | null, error: Error | undefined) => {
      // yargs' own complaints come as errors of its class.
      if (error !== undefined && error.name !== 'YError') throw error;
      throw problem('usage', message ?? error?.message ?? 'these words do not fit', 'see: sa --help');
    });
  for (const [name, { usage, does, flags, load }] of Object.entries(verbs)) {
    parser.command(
      `${name} ${usage}`.trim(),
      does,
      (sub: Argv) => flags?.(sub) ?? sub,
      (parsed) => {
        chosen = async () => (await load())(io, withoutUnset(parsed));
        // Ends the parse: where a handler returns, yargs lays out its help, asked for or not, which takes 50 ms.
        throw new Error('a verb was chosen');
      },
    );
  }
  parser.demandCommand(1, 'say what to do');
  const [verb] = argv;
  if (verb !== undefined && !verb.startsWith('-') && !(verb in verbs)) {
    throw problem(
      'unknown-verb',
      `sa has no verb ${JSON.stringify(verb)}`,
      didYouMean(verb, Object.keys(verbs)) ?? 'see: sa --help',
    );
  }
  try {
    await parser.parseAsync([...argv], {}, (_error: unknown, _parsed: unknown, output: string) => {
      if (output !== '') io.out.write(`${output}\n`);
    });
  } catch (error) {
    if (chosen === undefined) throw error;
  }
  return chosen?.() ?? exitCodes.done;
}

function withoutUnset(flags: Flags): Flags {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
}

function explainFailure(error: unknown, io: Io): number {
  if (error instanceof ProblemError) {
    for (const one of error.problems) io.err.write(`${paint(io.err, 'red', 'problem')} ${formatProblem(one)}\n`);
    return exitCodes.problem;
  }
  if (io.signal.aborted) {
    io.err.write('interrupted; what was finished is kept\n');
    return exitCodes.interrupted;
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.err.write(
    `${paint(io.err, 'red', 'internal error')}: this is a bug in sa; please report it with these lines\n${text}\n`,
  );
  return exitCodes.internal;
}

async function version(): Promise<string> {
  const { packageVersion } = await import('./version.js');
  return packageVersion();
}

function isEntry(): boolean {
  const [, script] = process.argv;
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url);
}

if (isEntry()) {
  const interrupt = new AbortController();
  let asked = false;
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (asked) process.exit(exitCodes.interrupted);
      asked = true;
      interrupt.abort(new Error(`stopped by ${name}`));
    });
  }
  // A closed pipe (sa status | head) is the reader's way to say enough.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.internal),
  );
  // Nobody reads the diagnostics any more: no reason to stop, least of all for a server.
  process.stderr.on('error', () => undefined);
  process.exitCode = await main(process.argv.slice(2), {
    cwd: process.cwd(),
    env: process.env,
    out: screenOf(process.stdout, process.env),
    err: screenOf(process.stderr, process.env),
    signal: interrupt.signal,
  });
  // A stage of the user's own that would not stop when its time was over may not keep the program alive.
  setTimeout(() => process.exit(), 2000).unref();
}
