// The stage on small artifacts: what it writes, and that every track is somewhere.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stage } from '../../../rules/cluster/stage.js';
import { clustersSchema, type Clusters } from '../../../src/stage/artifacts.js';
import { defaultConfig, type EpisodeRunConfig } from '../../../src/stage/config.js';
import { writeNpy } from '../../../src/stage/npy.js';
import { episode, embedderCard, stageContext, type EpisodeTrack } from '../../support/face-episode.js';

async function cluster(tracks: readonly EpisodeTrack[], params: Partial<EpisodeRunConfig> = {}): Promise<Clusters> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-cluster-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { texts, matrices } = episode(tracks);
  for (const [role, text] of Object.entries(texts)) await writeFile(join(folder, role), text);
  for (const [role, array] of Object.entries(matrices)) await writeNpy(join(folder, role), array);
  const context = stageContext({ folder, params: { ...defaultConfig(), ...params }, card: embedderCard });
  await stage.run(context);
  return clustersSchema.parse(JSON.parse(await readFile(join(folder, 'out-clusters'), 'utf8')));
}

const ada = [1, 0, 0];
const ben = [0, 1, 0];

test('tracks of one likeness become one cluster, with both thresholds recorded', async () => {
  const clusters = await cluster([
    { vector: ada, from: 0, to: 20 },
    { vector: ben, from: 0, to: 20, left: 0.6 },
    { vector: [1, 0.1, 0], from: 40, to: 60 },
  ]);
  expect(clusters).toMatchObject({
    algorithm: 'agglomerative',
    linkage: 'average',
    embedder: 'test-embedder',
    cluster_thresh: 0.75,
    cluster_cosine: 0.5,
    self_calibrated: null,
  });
  expect(clusters.clusters.map(({ track_ids }) => track_ids)).toEqual([
    ['track-00001', 'track-00003'],
    ['track-00002'],
  ]);
});

test('two tracks seen side by side stay apart however alike they are', async () => {
  const clusters = await cluster([
    { vector: ada, from: 0, to: 20 },
    { vector: ada, from: 10, to: 30, left: 0.6 },
  ]);
  expect(clusters.clusters.map(({ track_ids }) => track_ids)).toEqual([['track-00001'], ['track-00002']]);
});

test('a track without a representative and one with a failed embedding do not vanish', async () => {
  const clusters = await cluster([
    { vector: ada, from: 0, to: 20 },
    { vector: undefined, from: 30, to: 40 },
    { vector: [0, 0, 0], from: 50, to: 60 },
  ]);
  expect(clusters.clusters.map(({ track_ids, outlier_reason }) => [track_ids, outlier_reason])).toEqual([
    [['track-00001'], undefined],
    [['track-00002'], 'no_embedding'],
    [['track-00003'], 'no_embedding'],
  ]);
});

test('no tracks make an empty list', async () => {
  expect((await cluster([])).clusters).toEqual([]);
});

test('auto falls back to the default threshold when the episode says too little', async () => {
  const clusters = await cluster([{ vector: ada, from: 0, to: 20 }], { cluster_thresh: 'auto' });
  expect(clusters).toMatchObject({ cluster_thresh: 0.75, self_calibrated: null });
});

test('auto takes the threshold from tracks seen side by side', async () => {
  const clusters = await cluster(
    [
      { vector: ada, from: 0, to: 200, samples: 16 },
      { vector: [1, 1, 0], from: 0, to: 200, samples: 16, left: 0.6 },
    ],
    { cluster_thresh: 'auto', blur_correction: false },
  );
  expect(clusters.self_calibrated).toMatchObject({ negatives: 256, cosine: 0.707107 });
  expect(clusters.cluster_cosine).toBeCloseTo(0.707107, 6);
});

test('the same episode gives the same bytes', async () => {
  const tracks = Array.from({ length: 30 }, (_, index) => ({
    vector: [Math.cos(index), Math.sin(index), Math.cos(3 * index)],
    from: 10 * index,
    to: 10 * index + 8,
  }));
  expect(JSON.stringify(await cluster(tracks))).toBe(JSON.stringify(await cluster(tracks)));
});
