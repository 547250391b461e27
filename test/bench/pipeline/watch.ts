// (h) From the save of pipeline.yaml with another cluster_thresh to the new identities.json on disk, of an
// episode with 150 tracks and the whole shipped pipeline, under a real `sa watch`; and the clustering of
// those tracks alone. EDITS is how many saves are measured; PROFILE a folder for profiles of the watcher.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { groupTracks } from '../../../rules/cluster/group-tracks.js';
import { seenTogether } from '../../../rules/cluster/together.js';
import { cardOf, loadRegistry } from '../../../src/models/registry.js';
import { trackSchema } from '../../../src/stage/artifacts.js';
import { calibratedOf, cosineOf } from '../../../src/stage/calibration.js';
import { readFloatMatrix } from '../../../src/stage/npy.js';
import { readJsonLines } from '../../../src/stage/read-write.js';
import { shippedPipeline, writeLongEpisode } from '../../support/long-episode.js';
import { seconds, type Row } from './bench.js';
import { BenchProject, program } from './project.js';
import { median, timed, usualRounds } from './turns.js';

const ep = 'long';
const tracks = 150;
const edits = Number(process.env['EDITS'] ?? Math.max(9, usualRounds));
/** How often the tracks are grouped, most of them by warm code, as in a watcher. */
const clusterings = 9;
/** Between two saves: the round of the first has ended by then, report and all. */
const quietMs = 1500;

export const watchRow: Row = {
  letter: 'h',
  async measure({ folder, line }) {
    const project = new BenchProject(join(folder, 'watch'));
    const data = join(project.folder, 'data');
    writeLongEpisode(data, { ep, tracks, people: 12, minutes: 43, samples: 12, dim: 512 });
    const saves = await watched(project);
    const clusteringS = await clustering(project);
    line({
      what: `watch: a saved cluster_thresh to identities.json, ${tracks} tracks of 43 min`,
      sa: `${seconds(median(saves.map(({ wallS }) => wallS)))} (${edits} saves, at most ${seconds(Math.max(...saves.map(({ wallS }) => wallS)))}), processor ${seconds(median(saves.map(({ cpuS }) => cpuS)))}`,
      ratio: `of which clustering ${seconds(clusteringS)}`,
      wanted: 'at most 150 ms, clustering below 20 ms',
    });
  },
};

interface Save {
  readonly wallS: number;
  /** Of the watching process, all threads together. */
  readonly cpuS: number;
}

async function watched(project: BenchProject): Promise<Save[]> {
  const file = join(project.folder, 'pipeline.yaml');
  const shipped = shippedPipeline();
  const save = (threshold: number): void => {
    writeFileSync(`${file}.new`, shipped.replace(/cluster_thresh: [\d.]+/, `cluster_thresh: ${threshold}`));
    renameSync(`${file}.new`, file);
  };
  save(0.75);
  const profile = process.env['PROFILE'];
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const words = ['watch', ep, '--json', '--trust', 'detect_track', '--trust', 'faces_embed'];
  const watch = spawn(process.execPath, [...flags, program, ...words], {
    cwd: project.folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let ended = false;
  const closed = new Promise<void>((resolve) => {
    watch.once('close', () => {
      ended = true;
      resolve();
    });
  });
  let rounds = 0;
  watch.stdout.on('data', (data: Buffer) => (rounds += data.toString().split('\n').length - 1));
  const until = async (holds: () => boolean, everyMs: number): Promise<void> => {
    while (!holds()) {
      if (ended) throw new Error('sa watch ended');
      await delay(everyMs);
    }
  };
  const identities = project.artifact(ep, 'identities.json');
  const stamp = (): bigint => statSync(identities, { bigint: true }).mtimeNs;
  const taken: Save[] = [];
  try {
    await until(() => rounds > 0, 20);
    await delay(quietMs);
    for (let edit = 0; edit < edits; edit++) {
      const before = stamp();
      const usedBefore = processorSeconds(watch.pid!);
      const start = performance.now();
      save(0.6 + edit / 100);
      // A file that is replaced by a rename may be looked at at any moment.
      await until(() => stamp() !== before, 1);
      taken.push({ wallS: (performance.now() - start) / 1000, cpuS: processorSeconds(watch.pid!) - usedBefore });
      await delay(quietMs);
    }
  } finally {
    watch.kill('SIGINT');
    await closed;
  }
  return taken;
}

function processorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' '); // prettier-ignore
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Median time of grouping the episode's tracks, as the stage does once it has read them. */
async function clustering(project: BenchProject): Promise<number> {
  const registry = await loadRegistry({ projectRoot: project.folder });
  const card = cardOf(registry.resolve('embedder', 'mobilefacenet-512')!);
  const rows = await readJsonLines(project.artifact(ep, 'tracks.jsonl'), trackSchema);
  const { dim, data } = await readFloatMatrix(project.artifact(ep, 'track_reps.npy'));
  const grouped = rows.map(({ start_s: from, end_s: to }, row) => ({
    vector: data.subarray(row * dim, (row + 1) * dim),
    seconds: to - from,
  }));
  const once = (): unknown =>
    groupTracks(grouped, {
      cosine: cosineOf(card.calibration, 0.7),
      apart: seenTogether(rows),
      calibrated: (value) => calibratedOf(card.calibration, value),
      minIdentitySim: 0.5,
      minClusterSize: 1,
      secondPass: false,
    });
  const taken: number[] = [];
  for (let round = 0; round < clusterings; round++) taken.push((await timed(once)).wallS);
  return median(taken);
}
