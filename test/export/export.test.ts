import { describe, expect, test } from 'vitest';
import type { EpisodeArtifacts } from '../../src/export/episode.js';
import { exportEpisode, type ExportFormat } from '../../src/export/export.js';
import type { ExportedEpisode } from '../../src/export/json.js';
import type { Identities, Scenes, Screentime, Track } from '../../src/stage/artifacts.js';

/** Ten frames at 10 a second, every second one processed; Ada all through, a passer-by in scene 1. */
const frames: EpisodeArtifacts['frames'] = {
  schema_version: 'frames_v1',
  container: 'mp4',
  codec: 'h264',
  width: 100,
  height: 200,
  stored_width: 100,
  stored_height: 200,
  rotation: 0,
  pixel_aspect: [1, 1],
  time_base: [1, 1000],
  frame_count: 10,
  fps: 10,
  duration_s: 1,
  variable_rate: false,
  pts: Array.from({ length: 10 }, (_, index) => 5000 + 100 * index),
  last_duration: 100,
};

const scenes: Scenes = {
  schema_version: 'scenes_v1',
  detector: 'pyscenedetect',
  threshold: 27,
  min_len: 1,
  scenes: [
    { start_frame: 0, end_frame: 5, start_s: 0, end_s: 0.5 },
    { start_frame: 5, end_frame: 10, start_s: 0.5, end_s: 1 },
  ],
  scores: Array.from({ length: 10 }, () => 0),
};

const box: [number, number, number, number] = [0.1, 0.2, 0.3, 0.5];

function track(number: number, scene: number, indices: readonly number[]): Track {
  return {
    schema_version: 'track_v1',
    track_id: `track-${String(number).padStart(5, '0')}`,
    start_s: indices[0]! / 10,
    end_s: indices.at(-1)! / 10,
    frame_span: [indices[0]!, indices.at(-1)!],
    scene,
    stats: { detections: indices.length, avg_conf: 0.9 },
    frames: indices.map((index) => [index, box, 0.9, 1]),
  };
}

function identity(identity_id: string, track_ids: string[], more: object = {}): Identities['identities'][number] {
  const embedding_stats = { num_tracks: track_ids.length, num_faces_total: 4, cohesion: 0.9, min_sim: 0.8 };
  return { identity_id, track_ids, thumb_path: 't.jpg', embedding_stats, low_cohesion: false, locked: false, ...more };
}

function person(id: string, intervals: Screentime['identities'][number]['intervals'], name?: string) {
  return {
    id,
    ...(name !== undefined && { name }),
    intervals,
    ...{ screen_time_s: 0.6, bridged_s: 0.1, error_s: 0.2, share: 0.7, appearances: 1, longest_s: 0.7, first_s: 0.1 },
    ...{ last_s: 1, solo_s: 0.2, scenes: 2, mean_face_height: 0.3, thumb_path: 't.jpg', confidence: 1 },
  };
}

const world: EpisodeArtifacts = {
  frames,
  scenes,
  tracks: [track(1, 0, [0, 2, 4]), track(2, 1, [6, 8]), track(3, 0, [2, 4]), track(4, 1, [8]), track(5, 1, [6])],
  identities: {
    schema_version: 'identities_v1',
    identities: [
      identity('id_0001', ['track-00001', 'track-00002'], { name: 'Ada <&>\n--> x' }),
      identity('id_0002', ['track-00003']),
      identity('id_0003', ['track-00005'], { hidden: true }),
    ],
    edits_not_applied: [],
    metadata: {
      ...{ ep_id: 'ep', num_tracks: 5, num_identities: 3, num_singletons: 2, cluster_thresh: 0.75 },
      ...{ cluster_cosine: 0.4, algorithm: 'agglomerative', linkage: 'average' },
    },
  },
  screentime: {
    schema_version: 'screentime_v1',
    ep_id: 'ep',
    fps: 10,
    duration_s: 1,
    identities: [
      person(
        'id_0001',
        [
          { start_s: 0, end_s: 0.4, kind: 'seen' },
          { start_s: 0.4, end_s: 0.5, kind: 'bridged' },
          { start_s: 0.6, end_s: 1, kind: 'seen' },
        ],
        'Ada <&>\n--> x',
      ),
      person('id_0003', [{ start_s: 0.6, end_s: 0.8, kind: 'seen' }]),
    ],
    others: {
      ...{ screen_time_s: 0.3, bridged_s: 0, error_s: 0.2, share: 0.3, appearances: 1, identity_ids: ['id_0002'] },
      intervals: [{ start_s: 0.2, end_s: 0.5, kind: 'seen' }],
    },
    per_scene: [],
    co_appearance: [],
  },
};

function only(format: ExportFormat, artifacts: EpisodeArtifacts = world): string {
  const files = exportEpisode({ format, ...artifacts });
  expect(files).toHaveLength(1);
  return files[0]!.text;
}

function json(artifacts: EpisodeArtifacts = world): ExportedEpisode {
  return JSON.parse(only('json', artifacts)) as ExportedEpisode;
}

describe('json', () => {
  test('people of the table are listed with bridged holes counted; others and tracks of nobody apart', () => {
    const { identities, others } = json();
    expect([...identities, ...others]).toEqual([
      {
        id: 'id_0001',
        name: 'Ada <&>\n--> x',
        intervals: [
          { start_s: 0, end_s: 0.5 },
          { start_s: 0.6, end_s: 1 },
        ],
      },
      // Others. Every second frame is processed, and a processed frame never lasts past its scene.
      { id: 'id_0002', intervals: [{ start_s: 0.2, end_s: 0.5 }] },
      { id: 'track-00004', intervals: [{ start_s: 0.8, end_s: 1 }] },
    ]);
  });

  test('every tracked face of every processed frame is there, in time order, but for hidden people', () => {
    const { faces, fps, shots } = json();
    expect(faces.map(({ t, id }) => `${t} ${id}`)).toEqual([
      ...['0 id_0001', '0.2 id_0001', '0.2 id_0002', '0.4 id_0001', '0.4 id_0002', '0.6 id_0001', '0.8 id_0001'],
      '0.8 track-00004',
    ]);
    expect(faces[0]).toEqual({ t: 0, id: 'id_0001', x: 10, y: 40, w: 20, h: 60 });
    expect({ fps, shots }).toEqual({
      fps: 10,
      shots: [
        { start_s: 0, end_s: 0.5 },
        { start_s: 0.5, end_s: 1 },
      ],
    });
  });

  // The upright frame is 100x200; a video turned by a quarter is stored as 200x100.
  test.each([
    [90, 200, 100, { x: 40, y: 70, w: 60, h: 20 }],
    [180, 100, 200, { x: 70, y: 100, w: 20, h: 60 }],
    [270, 200, 100, { x: 100, y: 10, w: 60, h: 20 }],
  ] as const)('a video stored turned by %i degrees has its boxes in stored pixels', (rotation, w, h, expected) => {
    const turned = { ...frames, rotation, stored_width: w, stored_height: h };
    expect(json({ ...world, frames: turned }).faces[0]).toEqual({ t: 0, id: 'id_0001', ...expected });
  });

  test('non-square pixels count as stored', () => {
    const anamorphic: EpisodeArtifacts['frames'] = { ...frames, stored_width: 50, pixel_aspect: [2, 1] };
    expect(json({ ...world, frames: anamorphic }).faces[0]).toEqual({ t: 0, id: 'id_0001', x: 5, y: 40, w: 10, h: 60 });
  });

  test('an episode without a face is empty lists', () => {
    const nobody: EpisodeArtifacts = {
      ...world,
      tracks: [],
      identities: { ...world.identities, identities: [] },
      screentime: { ...world.screentime, identities: [] },
    };
    expect(json(nobody)).toMatchObject({ identities: [], faces: [] });
    expect(only('mot', nobody)).toBe('');
    expect(only('webvtt', nobody)).toBe('WEBVTT\n');
    expect(exportEpisode({ format: 'edl', ...nobody })).toEqual([]);
  });
});

test('csv is the screen-time table', () => {
  expect(
    only('csv')
      .split('\r\n')
      .map((line) => line.split(',').at(-1)),
  ).toContain('confidence');
});

test('webvtt names who is on screen while it stays the same, and names cannot break it', () => {
  const two: EpisodeArtifacts = {
    ...world,
    screentime: {
      ...world.screentime,
      identities: [
        world.screentime.identities[0]!,
        person('id_0002', [{ start_s: 0.2, end_s: 0.5, kind: 'seen' }], 'Bea'),
      ],
    },
  };
  expect(only('webvtt', two)).toBe(`WEBVTT

1
00:00:00.000 --> 00:00:00.200
Ada &lt;&amp;&gt; --&gt; x

2
00:00:00.200 --> 00:00:00.500
Ada &lt;&amp;&gt; --&gt; x
Bea

3
00:00:00.600 --> 00:00:01.000
Ada &lt;&amp;&gt; --&gt; x
`);
});

test('each person has an edit list that lays their appearances end to end', () => {
  expect(exportEpisode({ format: 'edl', ...world })).toEqual([
    {
      name: 'ep.id_0001.edl',
      text: `TITLE: Ada <&> --> x in ep
FCM: NON-DROP FRAME

001  AX       V     C        00:00:00:00 00:00:00:05 01:00:00:00 01:00:00:05
* FROM CLIP NAME: ep
002  AX       V     C        00:00:00:06 00:00:01:00 01:00:00:05 01:00:00:09
* FROM CLIP NAME: ep
`,
    },
  ]);
});

test('mot rows count frames, tracks and pixels from 1', () => {
  expect(only('mot').split('\n').slice(0, 3)).toEqual([
    '1,1,11,41,20,60,0.9,-1,-1,-1',
    '3,1,11,41,20,60,0.9,-1,-1,-1',
    '3,3,11,41,20,60,0.9,-1,-1,-1',
  ]);
});

test('coco annotations point at their image and say track and identity', () => {
  const coco = JSON.parse(only('coco')) as { images: { id: number }[]; annotations: { image_id: number }[] };
  expect(coco.images).toHaveLength(5);
  expect(coco.annotations).toHaveLength(9);
  expect(coco.annotations[0]).toEqual({
    ...{ id: 1, image_id: 1, category_id: 1, bbox: [10, 40, 20, 60], area: 1200, iscrowd: 0, score: 0.9 },
    ...{ track_id: 'track-00001', identity_id: 'id_0001' },
  });
  const known = new Set(coco.images.map(({ id }) => id));
  expect(coco.annotations.filter((each) => !known.has(each.image_id))).toEqual([]);
});
