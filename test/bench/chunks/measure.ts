// How long detect takes in one piece and in chunks on two threads, in turns within one run, and how
// much memory the program holds at most. Run with: npm run bench:chunks -- VIDEO (after npm run build).
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256File } from '../../../src/hash/sha256.js';

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'dist/src/cli/main.js');
const rounds = 5;

interface Run {
  readonly wallS: number;
  readonly cpuS: number;
  /** Most resident memory of the program itself, without ffmpeg's processes. */
  readonly peakMiB: number;
}

/** Runs `sa` under a shell that tells its time, children included, and looks at its memory meanwhile. */
function sa(cwd: string, words: readonly string[]): Promise<Run> {
  return new Promise((done, failed) => {
    const script = `TIMEFORMAT='took %R %U %S'; time "$@"`;
    const child = spawn('bash', ['-c', script, 'bash', process.execPath, program, ...words], { cwd });
    let said = '';
    let peakKiB = 0;
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const timer = setInterval(() => {
      for (const pid of childrenOf(child.pid!)) peakKiB = Math.max(peakKiB, residentPeak(pid));
    }, 50);
    child.on('close', (code) => {
      clearInterval(timer);
      const [, wall, user, system] = /took ([\d.]+) ([\d.]+) ([\d.]+)/.exec(said) ?? [];
      if (code !== 0 || wall === undefined) failed(new Error(said));
      else done({ wallS: Number(wall), cpuS: Number(user) + Number(system), peakMiB: peakKiB / 1024 });
    });
  });
}

function childrenOf(pid: number): number[] {
  return textOf(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
}

function residentPeak(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended between two looks
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

const video = process.argv.at(-1)!;
const folder = mkdtempSync(join(tmpdir(), 'sa-bench-'));
try {
  cpSync(join(root, 'pipeline.yaml'), join(folder, 'pipeline.yaml'));
  await sa(folder, ['add', 'clip', video, '--link']);
  await sa(folder, ['build', 'clip', 'probe']);
  const ways = {
    'in one piece': ['--chunk-frames', '1000000', '--jobs', '1'],
    'in chunks, 1 thread': ['--jobs', '1'],
    'in chunks, 2 threads': ['--jobs', '2'],
  };
  const runs = new Map<string, Run[]>(Object.keys(ways).map((way) => [way, []]));
  const results = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (const [way, words] of Object.entries(ways)) {
      runs.get(way)!.push(await sa(folder, ['build', 'clip', 'detect', '--force', 'detect', '--no-cache', ...words]));
      results.add(sha256File(join(folder, 'data/manifests/clip/detections.jsonl')));
    }
  }
  if (results.size !== 1) throw new Error('the results differ');
  const base = median(runs.get('in one piece')!.map(({ wallS }) => wallS));
  console.log(`detect, medians of ${rounds}: wall, ratio, CPU, peak memory of the program`);
  for (const [way, all] of runs) {
    const [wall, cpu, peak] = (['wallS', 'cpuS', 'peakMiB'] as const).map((name) =>
      median(all.map((run) => run[name])),
    );
    console.log(
      `${way.padEnd(22)} ${wall!.toFixed(1)} s  ${(wall! / base).toFixed(2)}  ${cpu!.toFixed(1)} s  ${peak!.toFixed(0)} MiB`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
