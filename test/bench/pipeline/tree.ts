// Runs a program and tells what it and all the processes below it took: wall, processor, and memory
// as the sum of proportional set sizes, looked at while it runs. Linux; it changes nothing.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** One run of a program with everything that it started. */
export interface TreeRun {
  readonly stdout: string;
  readonly wallS: number;
  /** User and system time of the program and of all children that were waited for. */
  readonly cpuS: number;
  /** Most memory of the whole tree at one look: shared pages are shared out. 0 when it was not looked at. */
  readonly treeMiB: number;
  /** Most resident memory of the program itself, as the kernel kept it. 0 when it was not looked at. */
  readonly ownMiB: number;
}

export interface TreeOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds between two looks at memory; no look when left out, since looking takes time itself. */
  readonly lookEveryMs?: number;
}

/** Runs `command` to its end. Throws with what it said when it fails. */
export function runTree(command: string, words: readonly string[], options: TreeOptions = {}): Promise<TreeRun> {
  const { cwd, env, lookEveryMs } = options;
  return new Promise((done, failed) => {
    // The shell's own word goes to descriptor 3, the program's to where it belongs.
    const script = `TIMEFORMAT='%R %U %S'; { time "$@" 2>&4 3>&- 4>&-; } 4>&2 2>&3`;
    const child = spawn('bash', ['-c', script, 'bash', command, ...words], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const said: Record<number, string> = { 1: '', 2: '', 3: '' };
    for (const descriptor of [1, 2, 3])
      child.stdio[descriptor]!.on('data', (data: Buffer) => (said[descriptor]! += data.toString()));
    const peaks = { tree: 0, own: 0 };
    const timer = lookEveryMs === undefined ? undefined : setInterval(() => look(child.pid!, peaks), lookEveryMs);
    child.on('error', failed);
    child.on('close', (code) => {
      clearInterval(timer);
      const [wall, user, system] = said[3]!.trim().split(' ').map(Number);
      if (code !== 0) failed(new Error(`${command} ${words.join(' ')} ended with ${code}:\n${said[2]!}${said[1]!}`));
      else
        done({
          stdout: said[1]!,
          wallS: wall!,
          cpuS: user! + system!,
          treeMiB: peaks.tree / 1024,
          ownMiB: peaks.own / 1024,
        });
    });
  });
}

/** Looks once at everything below the shell. */
function look(shell: number, peaks: { tree: number; own: number }): void {
  const below = childrenOf(shell);
  for (const pid of below) peaks.own = Math.max(peaks.own, kibibytes(`/proc/${pid}/status`, /^VmHWM:\s+(\d+)/m));
  let sum = 0;
  while (below.length > 0) {
    const pid = below.pop()!;
    sum += kibibytes(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m);
    below.push(...childrenOf(pid));
  }
  peaks.tree = Math.max(peaks.tree, sum);
}

/** Children are listed by the thread that started them. */
function childrenOf(pid: number): number[] {
  let threads: string[];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    return []; // it ended between two looks
  }
  return threads.flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

function kibibytes(path: string, line: RegExp): number {
  return Number(line.exec(textOf(path))?.[1] ?? 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended between two looks
  }
}
