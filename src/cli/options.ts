// Turns flags into the choice that a session holds. A flag that yargs does not know is a parameter
// in kebab-case: --cluster-thresh 0.7 is --set cluster_thresh=0.7.
import type { MachineChoice } from '../app/machine.js';
import type { SessionOptions } from '../app/session.js';
import type { Question } from '../app/recall.js';
import { openWorkspace, type Workspace, type WorkspaceOptions } from '../app/workspace.js';
import { Session } from '../app/session.js';
import type { Json } from '../base/canonical-json.js';
import { parseSetting } from '../pipeline/settings.js';
import type { Io } from './io.js';

/** Flags as yargs hands them over. */
export interface Flags {
  readonly [name: string]: unknown;
}

/** Flags of every verb, which are no parameters. */
export const commonFlags = [
  'data-root',
  'store',
  'json',
  'quiet',
  'verbose',
  'profile',
  'set',
  'force',
  'trust',
  'cache',
  'help',
  'version',
] as const;

/** Flags of build and plan. */
export const buildFlags = ['all', 'dry-run', 'jobs', 'resource', 'keep-going', 'trace', 'executor'] as const;

/**
 * Whether an answer from memory would do: it says nothing of each fresh action, which --json, --verbose
 * and --trace do, and the pools that --resource names are checked against pipeline.yaml.
 */
export function isPlain(flags: Flags): boolean {
  return ['json', 'verbose', 'resource', 'executor', 'trace'].every(
    (flag) => flags[flag] === undefined || flags[flag] === false,
  );
}

export async function openFromFlags(io: Io, flags: Flags): Promise<Workspace> {
  return openWorkspace(placeFromFlags(io, flags));
}

function placeFromFlags(io: Io, flags: Flags): WorkspaceOptions {
  return { cwd: io.cwd, env: io.env, dataRoot: text(flags['data-root']), storeRoot: text(flags['store']) };
}

/** What the flags ask, for whoever may remember the answer. */
export function questionFromFlags(io: Io, flags: Flags, own: readonly string[], lockedToo = false): Question {
  const { profile, explicit } = choiceFromFlags(flags, own);
  const allowMissing = flags['allow-missing'] === true;
  return {
    ...words(flags),
    options: placeFromFlags(io, flags),
    choice: { profile, explicit },
    allowMissing,
    lockedToo,
  };
}

/** A session with the parameters that the flags choose; `own` are flags of the verb itself. */
export async function sessionFromFlags(io: Io, flags: Flags, own: readonly string[]): Promise<Session> {
  return new Session(await openFromFlags(io, flags), choiceFromFlags(flags, own));
}

export function choiceFromFlags(flags: Flags, own: readonly string[]): SessionOptions {
  const known = new Set<string>([...commonFlags, ...own, '_', '$0', 'words']);
  const explicit: Record<string, Json> = {};
  for (const setting of texts(flags['set'])) {
    const { name, value } = parseSetting(setting);
    explicit[name] = value;
  }
  for (const [flag, value] of Object.entries(flags)) {
    if (known.has(flag) || flag.length === 1 || value === undefined) continue;
    explicit[flag.replaceAll('-', '_')] = value as Json;
  }
  return {
    profile: text(flags['profile']),
    explicit,
    force: texts(flags['force']),
    trust: texts(flags['trust']),
    noCache: flags['cache'] === false,
  };
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
}

/** A flag that may stand several times, or hold a list with commas. */
export function texts(value: unknown): string[] {
  const given = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return given.map(String).filter((one) => one !== '');
}

/** What the flags say of this machine: `-j 4 --resource gpu=0,1`. */
export function machineFromFlags(flags: Flags): MachineChoice {
  return { jobs: flags['jobs'] === undefined ? undefined : Number(flags['jobs']), resources: texts(flags['resource']) };
}

/** The positional words of a verb. */
export function words(flags: Flags): { words: string[]; all: boolean } {
  return { words: texts(flags['words']), all: flags['all'] === true };
}
