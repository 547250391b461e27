// Starts the built command line as a process of its own, for what only real processes can show.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

const program = join(import.meta.dirname, '../../dist/src/cli/main.js');
const faults = join(import.meta.dirname, 'faults.mjs');

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** What it said on stderr so far. */
  said(): string;
  /** What it wrote to stdout so far. */
  wrote(): string;
  readonly ended: Promise<Ended>;
}

/** `sa` with these words in `cwd`. A `fault` (see faults.mjs) befalls one of its writes. */
export function startSa(cwd: string, words: readonly string[], fault: Readonly<Record<string, string>> = {}): Started {
  if (!existsSync(program)) throw new Error(`${program} is not there; build it with: npm run build`);
  const preload = Object.keys(fault).length > 0 ? ['--import', faults] : [];
  const child = spawn(process.execPath, [...preload, program, ...words], {
    cwd,
    env: { ...process.env, ...fault },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, err })));
  return { child, said: () => err, wrote: () => out, ended };
}

/** Waits until `holds`, looking often; the test's own time limit is the bound. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(10);
}

/** Whether a process runs; one that ended and was not yet collected by its parent does not. */
export function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
