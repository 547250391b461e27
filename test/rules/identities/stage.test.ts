// The stage on small artifacts: ids, pictures, figures, and edits that outlive a new clustering.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stage as clusterStage } from '../../../rules/cluster/stage.js';
import { stage } from '../../../rules/identities/stage.js';
import { identitiesSchema, type Identities } from '../../../src/stage/artifacts.js';
import { defaultConfig, type EpisodeRunConfig } from '../../../src/stage/config.js';
import { writeNpy } from '../../../src/stage/npy.js';
import { embedderCard, episode, stageContext, type EpisodeTrack } from '../../support/face-episode.js';

async function identify(
  tracks: readonly EpisodeTrack[],
  { edits, ids, ...params }: Partial<EpisodeRunConfig> & { readonly edits?: string; readonly ids?: string } = {},
): Promise<Identities> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-identities-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { texts, matrices } = episode(tracks);
  for (const [role, text] of Object.entries(texts)) await writeFile(join(folder, role), text);
  for (const [role, array] of Object.entries(matrices)) await writeNpy(join(folder, role), array);
  if (edits !== undefined) await writeFile(join(folder, 'edits'), edits);
  if (ids !== undefined) await writeFile(join(folder, 'ids'), ids);
  const context = stageContext({ folder, params: { ...defaultConfig(), ...params }, card: embedderCard });
  await clusterStage.run(context);
  await writeFile(join(folder, 'clusters'), await readFile(join(folder, 'out-clusters')));
  await stage.run(context);
  return identitiesSchema.parse(JSON.parse(await readFile(join(folder, 'out-identities'), 'utf8')));
}

const ada = [1, 0, 0];
const ben = [0, 1, 0];
const cyd = [0, 0, 1];

test('identities come in order of first appearance, named after the track at their core, with the surest good picture', async () => {
  const { identities, metadata } = await identify([
    { vector: ben, from: 50, to: 60 },
    { vector: ada, from: 0, to: 20, quality: 0.95, lowConfidence: true },
    { vector: ada, from: 70, to: 80, quality: 0.6 },
    { vector: ada, from: 90, to: 95, quality: 0.7 },
  ]);
  expect(identities.map(({ identity_id, track_ids, thumb_path }) => [identity_id, track_ids, thumb_path])).toEqual([
    ['id_0002', ['track-00002', 'track-00003', 'track-00004'], 'frames/ep/thumbs/track-00004.jpg'],
    ['id_0001', ['track-00001'], 'frames/ep/thumbs/track-00001.jpg'],
  ]);
  expect(identities[0]).toMatchObject({
    embedding_stats: { num_tracks: 3, num_faces_total: 12, cohesion: 1, min_sim: 1 },
    low_cohesion: false,
    locked: false,
  });
  expect(metadata).toEqual({
    ep_id: 'ep',
    num_tracks: 4,
    num_identities: 2,
    num_singletons: 1,
    cluster_thresh: 0.75,
    cluster_cosine: 0.5,
    algorithm: 'agglomerative',
    linkage: 'average',
  });
});

test('a track that could not be embedded is an identity without a picture', async () => {
  const { identities } = await identify([{ vector: undefined, from: 0, to: 20 }]);
  expect(identities).toMatchObject([
    { thumb_path: '', outlier_reason: 'no_embedding', track_similarity: [0], low_cohesion: false },
  ]);
});

test('an identity merged by hand from unlike tracks is marked as of low cohesion', async () => {
  const edits = '- merge: { faces: [{ track: track-00001 }, { track: track-00002 }] }\n';
  const tracks = [
    { vector: ada, from: 0, to: 20 },
    { vector: [-0.9, 1, 0], from: 30, to: 40 },
  ];
  const { identities } = await identify(tracks, { edits });
  expect(identities).toHaveLength(1);
  expect(identities[0]!.low_cohesion).toBe(true);
});

test('edits by place and time hold after another clustering', async () => {
  const tracks = [
    { vector: ada, from: 0, to: 20 },
    { vector: [0.9, 0.5, 0], from: 40, to: 60 },
    { vector: cyd, from: 0, to: 20, left: 0.6 },
  ];
  const edits = [
    '- name: { face: { at: 5, box: [0.1, 0.2, 0.2, 0.4] }, name: Ada }',
    '- not_same: { faces: [{ at: 1, box: [0.1, 0.2, 0.2, 0.4] }, { at: 5, box: [0.1, 0.2, 0.2, 0.4] }] }',
    '- name: { face: { at: 99, box: [0.1, 0.2, 0.2, 0.4] }, name: Nobody }',
  ].join('\n');
  for (const cluster_thresh of [0.75, 0.99]) {
    const { identities, edits_not_applied } = await identify(tracks, { edits, cluster_thresh });
    expect(identities.map(({ track_ids }) => track_ids)).toEqual([['track-00001'], ['track-00003'], ['track-00002']]);
    expect(edits_not_applied).toEqual([
      {
        edit: '3 {"name":{"face":{"at":99,"box":[0.1,0.2,0.2,0.4]},"name":"Nobody"}}',
        reason: 'no face at 99 s in that place',
      },
    ]);
  }
});

test('ids stay with their people when clustering stops earlier or later', async () => {
  const tracks = [
    { vector: [1, 0.5, 0], from: 0, to: 10 },
    { vector: ada, from: 20, to: 60 },
    { vector: [0.95, -0.5, 0.2], from: 70, to: 90 },
    { vector: ben, from: 0, to: 30, left: 0.6 },
    { vector: [0, 0.9, 0.6], from: 40, to: 50, left: 0.6 },
  ];
  const ids = async (cluster_thresh: number): Promise<string[][]> =>
    (await identify(tracks, { cluster_thresh, min_identity_sim: 0 })).identities.map(({ identity_id, track_ids }) => [identity_id, ...track_ids.map((id) => id.slice(-1))]); // prettier-ignore
  expect(await ids(0.7)).toEqual([['id_0002', '1', '2', '3'], ['id_0004', '4', '5']]); // prettier-ignore
  expect(await ids(0.93)).toEqual([['id_0002', '1', '2'], ['id_0004', '4'], ['id_0005', '5'], ['id_0003', '3']]); // prettier-ignore
  expect(await ids(0.99)).toEqual([['id_0001', '1'], ['id_0004', '4'], ['id_0002', '2'], ['id_0005', '5'], ['id_0003', '3']]); // prettier-ignore
});

test('kept ids go to whoever overlaps them most, and to nobody else', async () => {
  const tracks = [
    { vector: ada, from: 0, to: 20 },
    { vector: ben, from: 0, to: 20, left: 0.6 },
    { vector: ada, from: 40, to: 60 },
  ];
  const face = (at: number, left: number, seconds: number) => ({ at, box: [left, 0.2, left + 0.1, 0.4], seconds });
  const kept = {
    schema_version: 'ids_v1',
    ids: [
      { id: 'id_0070', faces: [face(1, 0.6, 2)] },
      { id: 'id_0002', faces: [face(1, 0.1, 1), face(5, 0.1, 1)] },
      { id: 'id_0071', faces: [face(5.1, 0.1, 1.5)] },
      { id: 'id_0001', faces: [face(99, 0.1, 5)] },
    ],
  };
  const { identities } = await identify(tracks, { ids: JSON.stringify(kept) });
  expect(identities.map(({ identity_id }) => identity_id)).toEqual(['id_0002', 'id_0070']);
  const apart = await identify(tracks, { ids: JSON.stringify(kept), edits: '- split: { faces: [{ track: track-00003 }] }' }); // prettier-ignore
  expect(apart.identities.map(({ identity_id }) => identity_id)).toEqual(['id_0002', 'id_0070', 'id_0071']);
  await expect(identify(tracks, { ids: '{' })).rejects.toThrow('bad-ids: ids.json: not JSON');
});

test('a fault in the edits names its file and line', async () => {
  await expect(identify([{ vector: ada, from: 0, to: 20 }], { edits: '\n- hide: {}\n' })).rejects.toThrow(
    'edits.yaml:2:9 bad-edit: "face" is missing',
  );
});
