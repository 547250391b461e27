// Runs a `run:` rule: its command in a process group of its own, which ends with the command, with
// the build, or with the build's sudden death. The only importer of execa.
import { readFileSync, rmSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ActionJob, RunResult } from '../engine/job.js';
import type { RuleCode } from '../pipeline/pipeline.js';
import type { TakenResources } from '../stage/stage.js';
import { readDepfile } from './depfile.js';
import { fillPlaceholders, placeholderValues, quoteForShell, splitCommand } from './placeholders.js';

type Command = RuleCode & { readonly kind: 'command' };

export interface CommandPlace {
  readonly projectRoot: string;
  readonly dataRoot: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What every command sees of the environment, besides the names in the rule's `env`. */
const environmentAlways = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot'];

/** Last lines of a failed command's output that its error shows, and how much of it is kept for them. */
const tailLines = 20;
const tailCharacters = 64 * 1024;

/** How long a command that is told to stop may tidy up. */
const graceMs = 2000;
/** How long to wait for the last processes of a group that was killed. */
const lastBreathMs = 1000;

/** Runs the command once. Rejects with the end of its output when it fails or `signal` stops it. */
export async function runCommand(
  code: Command,
  job: ActionJob,
  place: CommandPlace,
  signal: AbortSignal,
): Promise<RunResult> {
  const values = placeholderValues(job, place);
  const named = code.depfile === undefined ? undefined : fillPlaceholders(code.depfile, values, (value) => value);
  const depfile = named === undefined || isAbsolute(named) ? named : join(place.projectRoot, named);
  // What an earlier attempt or build found may not pass for what this attempt finds.
  if (depfile !== undefined) rmSync(depfile, { force: true });
  const words = code.shell
    ? ['/bin/sh', '-c', fillPlaceholders(code.command, values, quoteForShell)]
    : splitCommand(code.command, values);
  const { failure, output } = await runGroup(words, environment(code, job.resources), place, signal);
  const lines = output.split('\n').slice(-tailLines - 1);
  if (signal.aborted) {
    const reason = signal.reason as Error;
    throw new Error([reason.message, ...lines].join('\n').trimEnd(), { cause: reason });
  }
  if (failure !== undefined) throw new Error([`command failed: ${failure}`, ...lines].join('\n').trimEnd());
  if (depfile === undefined) return { counts: {} };
  return { counts: {}, found: readDepfile(readText(depfile), job, place) };
}

// Runs before the command in the same group. Its watcher reads from a pipe on which nothing is ever
// said: the pipe ends when the build has gone, even by SIGKILL, and the watcher ends the group.
// The command inherits the pipe too, so that its other end closes only when all of the group have gone.
const guard = '(trap "" HUP INT TERM; read -r _ <&3; kill -KILL -$$) >/dev/null 2>&1 & exec "$@"';

interface Ended {
  /** undefined when the command ended well. */
  readonly failure: string | undefined;
  /** The end of what it said. */
  readonly output: string;
}

async function runGroup(
  words: readonly string[],
  env: Readonly<Record<string, string>>,
  { projectRoot }: CommandPlace,
  signal: AbortSignal,
): Promise<Ended> {
  const { execa } = await import('execa');
  signal.throwIfAborted();
  const posix = process.platform !== 'win32';
  const [file = '', ...args] = posix ? ['/bin/sh', '-c', guard, 'sh', ...words] : words;
  const subprocess = execa(file, args, {
    cwd: projectRoot,
    env,
    extendEnv: false,
    stdio: posix ? ['ignore', 'pipe', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe'],
    detached: posix,
    all: true,
    buffer: false,
    reject: false,
  });
  let output = '';
  subprocess.all.on('data', (data: Buffer) => (output = (output + data.toString()).slice(-tailCharacters)));

  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    endGroup(subprocess.pid, 'SIGTERM');
    killing = setTimeout(() => endGroup(subprocess.pid, 'SIGKILL'), graceMs);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const exited = new Promise<{ exitCode?: number; signal?: string }>((resolve) =>
      subprocess.once('exit', (code, by) => resolve(code === null ? { signal: by ?? 'a signal' } : { exitCode: code })),
    );
    const result = await Promise.race([exited, subprocess]);
    // What it left behind could still write into an output that is about to be published.
    endGroup(subprocess.pid, 'SIGKILL');
    await Promise.race([subprocess, delay(lastBreathMs, undefined, { ref: false })]);
    if (result.exitCode === 0) return { failure: undefined, output };
    if (result.exitCode !== undefined) return { failure: `exit code ${result.exitCode}`, output };
    const started = result.signal !== undefined;
    return { failure: started ? `ended by ${result.signal}` : 'it could not be started', output };
  } finally {
    clearTimeout(killing);
    signal.removeEventListener('abort', stop);
    for (const stream of subprocess.stdio) stream?.destroy();
  }
}

function endGroup(leader: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (leader === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? leader : -leader, signal);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error; // gone already, or no longer ours to end
  }
}

/** The few variables that every command sees, those that its rule names, and what it holds of the pools. */
function environment({ env }: Command, resources: TakenResources): Record<string, string> {
  const given = [...environmentAlways, ...env].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // SA_GPU=0,1 where members have ids, else SA_CPU=2. Never in a manifest: they say where to run, not what.
  const held = Object.entries(resources).map(
    ([name, { amount, members }]) =>
      [`SA_${name.toUpperCase()}`, members === undefined ? String(amount) : members.join(',')] as const,
  );
  return Object.fromEntries([...given, ...held]);
}

function readText(depfile: string): string {
  try {
    return readFileSync(depfile, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new Error(`it ended without writing its depfile ${depfile}`, { cause });
  }
}
