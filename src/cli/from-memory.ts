// The shortest way to an answer: `sa build`, `plan`, `verify` or `status` with plain words, when nothing changed since the
// same words were last asked. It loads neither yargs nor the engine; for anything else there is no answer
// here, and the words are read as usual.
import { recall, type Recalled } from '../app/recall.js';
import type { Io } from './io.js';
import type { Flags } from './options.js';
import { buildSummary, freshStates, tellPlan, tellStatus, verifySummary } from './summaries.js';

/** A flag by the name that yargs gives it. */
type Switches = Readonly<Record<string, string>>;

/** Flags that change neither the question nor what the answer needs. */
const usual: Switches = { '-q': 'quiet', '--quiet': 'quiet', '--all': 'all' };
const ofBuilds: Switches = {
  ...usual,
  '-k': 'keep-going',
  '--keep-going': 'keep-going',
  '-n': 'dry-run',
  '--dry-run': 'dry-run',
};

/** Of each verb that may be answered here. */
const switchesOf: Readonly<Record<string, Switches>> = {
  build: ofBuilds,
  plan: ofBuilds,
  verify: { ...usual, '--allow-missing': 'allow-missing' },
  status: usual,
};

/** The exit code, or undefined when the words must be read as usual. */
export async function fromMemory(argv: readonly string[], io: Io): Promise<number | undefined> {
  const started = performance.now();
  const flags = plainFlags(argv);
  if (flags === undefined) return undefined;
  const [verb] = argv;
  const looksOnly = verb === 'verify' || verb === 'status';
  const recalled = await recall({
    words: flags['words'],
    all: flags['all'] === true,
    lockedToo: looksOnly,
    allowMissing: flags['allow-missing'] === true,
    options: { cwd: io.cwd, env: io.env },
    choice: { explicit: {} },
  });
  if (recalled === undefined) return undefined;
  if (looksOnly) return isAllFresh(recalled) ? tellFresh(verb, recalled.ledger.ids(), io, flags) : undefined;
  if (recalled.affected.length > 0) {
    if (verb === 'plan') return (await import('./verbs/plan.js')).plan(io, flags, recalled);
    return (await import('./verbs/build.js')).build(io, flags, recalled);
  }
  const { count, head } = recalled.ledger;
  if (verb === 'plan' || flags['dry-run'] === true) {
    const nothing = { seconds: new Map(), workSeconds: 0, pathSeconds: 0, unknown: 0 };
    return tellPlan({ ids: () => recalled.ledger.ids(), count, judged: { steps: [] }, expected: nothing }, io, flags);
  }
  const seconds = (performance.now() - started) / 1000;
  if (flags['quiet'] !== true)
    io.err.write(`${buildSummary({ untouched: count, trusted: head.trusted, reports: [] }, seconds)}\n`);
  return 0;
}

/** Which of them somebody vouched for is not remembered one by one, and is to be told. */
function isAllFresh({ affected, ledger }: Recalled): boolean {
  return affected.length === 0 && ledger.head.trusted === 0;
}

function tellFresh(verb: 'verify' | 'status', ids: readonly string[], io: Io, flags: Flags): number {
  if (verb === 'status') return tellStatus(freshStates(ids), io, flags);
  io.out.write(`${verifySummary(ids.length)}\n`);
  return 0;
}

function plainFlags([verb = '', ...rest]: readonly string[]): (Flags & { readonly words: string[] }) | undefined {
  const switches = Object.hasOwn(switchesOf, verb) ? switchesOf[verb]! : undefined;
  if (switches === undefined) return undefined;
  const flags: Record<string, unknown> & { words: string[] } = { words: [] };
  for (const word of rest) {
    if (Object.hasOwn(switches, word)) flags[switches[word]!] = true;
    else if (word.startsWith('-') || word === '') return undefined;
    else flags.words.push(word);
  }
  return flags;
}
