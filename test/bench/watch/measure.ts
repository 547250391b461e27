// From the save of pipeline.yaml with another cluster_thresh to the new identities.json on disk, of
// an episode with 150 tracks and the whole shipped pipeline, under a real `sa watch`. Run, after a build:
//   node -e "import('vite').then((vite) => vite.runnerImport('./test/bench/watch/measure.ts'))"
// EDITS is how many saves are measured.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { writeLongEpisode } from '../../support/long-episode.js';

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'dist/src/cli/main.js');
const edits = Number(process.env['EDITS'] ?? 9);
const ep = 'long';
/** Between two saves: the round of the first has ended by then, report and all. */
const quietMs = 1500;

const project = mkdtempSync(join(tmpdir(), 'sa-bench-'));
const file = join(project, 'pipeline.yaml');
copyFileSync(join(root, 'pipeline.yaml'), file);
const shipped = readFileSync(file, 'utf8')
  .replace('detector: auto', 'detector: yunet-n')
  .replace('embedder: auto', 'embedder: mobilefacenet-512');
const save = (threshold: number): void => {
  writeFileSync(`${file}.new`, shipped.replace(/cluster_thresh: [\d.]+/, `cluster_thresh: ${threshold}`));
  renameSync(`${file}.new`, file);
};
writeLongEpisode(join(project, 'data'), { ep, tracks: 150, people: 12, minutes: 43, samples: 12, dim: 512 });
save(0.75);

const flags = process.env['PROFILE'] === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${process.env['PROFILE']}`];
const words = ['watch', ep, '--json', '--trust', 'detect_track', '--trust', 'faces_embed'];
const watch = spawn(process.execPath, [...flags, program, ...words], {
  cwd: project,
  stdio: ['ignore', 'pipe', 'inherit'],
});
let said = '';
watch.stdout.on('data', (data: Buffer) => (said += data.toString()));
const rounds = (): number => said.split('\n').length - 1;
const identities = join(project, 'data/manifests', ep, 'identities.json');
const stamp = (): bigint => statSync(identities, { bigint: true }).mtimeNs;

/** Milliseconds of processor that the watching process has used, all threads together. */
const cpuMs = (): number => {
  const fields = readFileSync(`/proc/${watch.pid!}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
};
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

try {
  while (rounds() < 1) await delay(20);
  await delay(quietMs);
  const taken: number[] = [];
  const used: number[] = [];
  for (let edit = 0; edit < edits; edit++) {
    const before = stamp();
    const start = performance.now();
    const usedBefore = cpuMs();
    save(0.6 + edit / 100);
    // A file that is replaced by a rename may be looked at at any moment.
    while (stamp() === before) await delay(1);
    taken.push(performance.now() - start);
    used.push(cpuMs() - usedBefore);
    await delay(quietMs);
  }
  const shown = taken.map((ms) => ms.toFixed(0)).join(' ');
  console.log(
    `save -> identities.json: median ${median(taken).toFixed(0)} ms of ${edits} (${shown}); processor ${median(used)} ms`,
  );
  const wrote = said.trim().split('\n').map((line) => JSON.parse(line) as { seconds: number }); // prettier-ignore
  console.log(`rounds: ${wrote.slice(1).map(({ seconds }) => (1000 * seconds).toFixed(0)).join(' ')} ms`); // prettier-ignore
} finally {
  watch.kill('SIGINT');
  await new Promise((resolve) => watch.once('close', resolve));
  rmSync(project, { recursive: true });
}
