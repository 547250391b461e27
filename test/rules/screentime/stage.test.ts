import { expect, test } from 'vitest';
import { stage } from '../../../rules/screentime/stage.js';
import { screentimeSchema, type Identity, type Track } from '../../../src/stage/artifacts.js';
import { framesJson, jsonLines, runJsonStage, scenesJson } from '../../support/json-stage.js';

const video = { fps: 30, frameCount: 90 };

test('screentime.json and screentime.csv say the same, rounded, in order of falling seconds', async () => {
  const { counts, output } = await runJsonStage(stage, {
    ep: 'e1',
    inputs: {
      frames: framesJson({ ...video, ptsMs: Array.from({ length: 90 }, (_, i) => i * 33) }),
      scenes: scenesJson({ ...video, cuts: [60] }),
      tracks: jsonLines([track('track-00001', [0, 1, 2, 3]), track('track-00002', range(10, 70))]),
      identities: identities([
        identity('id_0001', { name: 'Smith, "Jo"', track_ids: ['track-00001'] }),
        identity('id_0002', { track_ids: ['track-00002'], track_similarity: [0.9] }),
      ]),
    },
  });
  expect(counts).toEqual({ people_count: 2, others_count: 0 });
  const table = screentimeSchema.parse(JSON.parse(await output('screentime')));
  expect(table.ep_id).toBe('e1');
  expect(
    table.identities.map(({ id, screen_time_s, mean_face_height, confidence }) => {
      return [id, screen_time_s, mean_face_height, confidence];
    }),
  ).toEqual([
    ['id_0002', 1.98, 0.2, 1],
    ['id_0001', 0.132, 0.2, 0],
  ]);
  expect((await output('csv')).split('\r\n')).toEqual([
    'id,name,screen_time_s,bridged_s,error_s,share,appearances,longest_s,first_s,last_s,solo_s,scenes,mean_face_height,confidence',
    'id_0002,,1.98,0,0.033333,0.666667,1,1.98,0.33,2.31,1.98,2,0.2,1',
    'id_0001,"Smith, ""Jo""",0.132,0,0.033333,0.044444,1,0.132,0,0.132,0.132,1,0.2,0',
    '',
  ]);
});

test('whom the detector did not know again is counted among the others, however good it looked at first', async () => {
  const doubted = track('track-00001', [0, 3, 6]);
  const { output } = await runJsonStage(stage, {
    params: { target_fps: 10 },
    inputs: {
      frames: framesJson(video),
      scenes: scenesJson({ ...video, cuts: [31] }),
      tracks: jsonLines([
        { ...doubted, stats: { ...doubted.stats, face_conf: 0.4 } },
        track('track-00002', [33, 36, 39]),
      ]),
      identities: identities([
        identity('id_0001', { track_ids: ['track-00001'] }),
        identity('id_0002', { track_ids: ['track-00002'] }),
      ]),
    },
  });
  const { identities: kept, others } = screentimeSchema.parse(JSON.parse(await output('screentime')));
  expect(kept.map(({ id }) => id)).toEqual(['id_0002']);
  expect(others.identity_ids).toEqual(['id_0001']);
});

test('the same run twice writes the same bytes', async () => {
  const run = async (): Promise<string[]> => {
    const { output } = await runJsonStage(stage, {
      params: { target_fps: 10 },
      inputs: {
        frames: framesJson(video),
        scenes: scenesJson({ ...video, cuts: [31] }),
        tracks: jsonLines([track('track-00001', [0, 3, 6]), track('track-00002', [33, 36, 39])]),
        identities: identities([identity('id_0001', { track_ids: ['track-00001', 'track-00002'] })]),
      },
    });
    return [await output('screentime'), await output('csv')];
  };
  expect(await run()).toEqual(await run());
});

function track(id: string, frames: readonly number[]): Track {
  return {
    schema_version: 'track_v1',
    track_id: id,
    start_s: 0,
    end_s: 0,
    frame_span: [frames[0]!, frames.at(-1)!],
    scene: 0,
    stats: { detections: frames.length, avg_conf: 0.9 },
    frames: frames.map((frame) => [frame, [0.1, 0.2, 0.2, 0.4], 0.9, 1]),
  };
}

function identity(id: string, more: Partial<Identity>): Identity {
  return {
    identity_id: id,
    track_ids: [],
    thumb_path: `${id}.jpg`,
    embedding_stats: { num_tracks: 1, num_faces_total: 4, cohesion: 0.5, min_sim: 0.5 },
    low_cohesion: false,
    locked: false,
    ...more,
  };
}

function identities(rows: readonly Identity[]): string {
  return JSON.stringify({
    schema_version: 'identities_v1',
    identities: rows,
    edits_not_applied: [],
    metadata: {
      ep_id: 'e1',
      num_tracks: 2,
      num_identities: rows.length,
      num_singletons: rows.length,
      cluster_thresh: 0.75,
      cluster_cosine: 0.4,
      algorithm: 'agglomerative',
      linkage: 'average',
    },
  });
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
