// A made-up episode for the report's tests: three people, one of them unnamed, and two others.
import type { ReportInput } from '../../../rules/report/view.js';
import type { Screentime } from '../../../src/stage/artifacts.js';
import type { DetectorCard, EmbedderCard } from '../../../src/stage/model.js';

type PersonTime = Screentime['identities'][number];
type Kind = 'seen' | 'bridged';

export function person(id: string, spans: readonly (readonly [number, number, Kind?])[], name?: string): PersonTime {
  const intervals = spans.map(([start_s, end_s, kind = 'seen']) => ({ start_s, end_s, kind }));
  const sum = (wanted: Kind): number =>
    intervals.filter(({ kind }) => kind === wanted).reduce((all, each) => all + each.end_s - each.start_s, 0);
  return {
    id,
    ...(name !== undefined && { name }),
    screen_time_s: sum('seen'),
    bridged_s: sum('bridged'),
    error_s: 0.04 * intervals.length,
    share: (sum('seen') + sum('bridged')) / 60,
    appearances: intervals.filter(({ kind }) => kind === 'seen').length,
    intervals,
    longest_s: Math.max(0, ...intervals.map(({ start_s, end_s }) => end_s - start_s)),
    first_s: intervals[0]?.start_s ?? 0,
    last_s: intervals.at(-1)?.end_s ?? 0,
    solo_s: 1.5,
    scenes: 2,
    mean_face_height: 0.31,
    thumb_path: `frames/ep/thumbs/${id}.jpg`,
    confidence: 0.93,
  };
}

export const people: readonly PersonTime[] = [
  person(
    'id_0001',
    [
      [2, 10],
      [10, 10.4, 'bridged'],
      [10.4, 20],
      [41, 55],
    ],
    'Ada',
  ),
  person(
    'id_0002',
    [
      [12, 22],
      [44, 50],
    ],
    'Bea Long-Surname',
  ),
  { ...person('id_0003', [[24, 31]]), confidence: 0.4 },
];

const detector: DetectorCard = {
  ...{ role: 'detector', name: 'yunet_n', kind: 'yunet', resize: 'letterbox', inputSize: null },
  ...{ scoreThreshold: 0.7, nmsThreshold: 0.3, parts: {} },
  ...{ licence: 'Apache-2.0', training: 'WIDER FACE', source: 'libfacedetection.train' },
};
const embedder: EmbedderCard = {
  ...{
    role: 'embedder',
    name: 'mobileface_v2',
    dim: 256,
    cropSize: 112,
    template: 'arcface',
    calibration: [],
    parts: {},
  },
  ...{ licence: 'MIT', training: 'not stated by its maker', source: 'MobileFace' },
};

/** An episode of one minute and four scenes with these people; identities follow from them. */
export function episode(
  identities: readonly PersonTime[] = people,
  others: readonly string[] = ['id_0004', 'id_0005'],
): ReportInput {
  const bounds = [0, 11.5, 24, 41, 60];
  const scenes = bounds.slice(0, -1).map((start_s, index) => ({ start_s, end_s: bounds[index + 1]! }));
  const inside = (each: PersonTime, from: number, to: number): number =>
    each.intervals.reduce(
      (all, { start_s, end_s }) => all + Math.max(0, Math.min(end_s, to) - Math.max(start_s, from)),
      0,
    );
  const all = [...identities.map(({ id, name }) => ({ id, name })), ...others.map((id) => ({ id, name: undefined }))];
  return {
    screentime: {
      ...{ schema_version: 'screentime_v1', ep_id: 'pilot-s01e01', fps: 25, duration_s: 60 },
      identities: [...identities],
      others: {
        ...{ screen_time_s: others.length * 0.4, bridged_s: 0, error_s: 0.08, share: (others.length * 0.4) / 60 },
        appearances: others.length,
        intervals: others.map((_, index) => ({ start_s: 33 + index, end_s: 33.4 + index, kind: 'seen' as const })),
        identity_ids: [...others],
      },
      per_scene: scenes.map(({ start_s, end_s }, scene) => ({
        scene,
        start_s,
        end_s,
        seconds: Object.fromEntries(
          identities
            .map((each) => [each.id, inside(each, start_s, end_s)] as const)
            .filter(([, seconds]) => seconds > 0),
        ),
      })),
      co_appearance: identities.length > 1 ? [{ a: identities[0]!.id, b: identities[1]!.id, seconds: 14 }] : [],
    },
    identities: {
      schema_version: 'identities_v1',
      identities: all.map(({ id, name }, index) => ({
        identity_id: id,
        ...(name !== undefined && { name }),
        track_ids: index === 2 ? ['track-00009'] : [`track-0000${index}`, `track-0001${index}`],
        thumb_path: `frames/ep/thumbs/${id}.jpg`,
        embedding_stats: { num_tracks: 2, num_faces_total: 24, cohesion: 0.91, min_sim: 0.82 },
        low_cohesion: index === 1,
        locked: index === 0,
        ...(index === 2 && { outlier_reason: 'low_identity_similarity_0.423' }),
      })),
      edits_not_applied: [{ edit: 'rename track-00042', reason: 'no such track' }],
      metadata: {
        ...{ ep_id: 'pilot-s01e01', num_tracks: 9, num_identities: all.length, num_singletons: 3 },
        ...{ cluster_thresh: 0.75, cluster_cosine: 0.412, algorithm: 'agglomerative', linkage: 'average' },
      },
    },
    scenes: {
      ...{ schema_version: 'scenes_v1', detector: 'pyscenedetect', threshold: 27, min_len: 12, scores: [] },
      scenes: scenes.map((each) => ({
        ...each,
        start_frame: Math.round(each.start_s * 25),
        end_frame: Math.round(each.end_s * 25),
      })),
    },
    frames: {
      ...{ schema_version: 'frames_v1', container: 'mp4', codec: 'h264', width: 1920, height: 1080 },
      ...{ stored_width: 1920, stored_height: 1080, rotation: 0, pixel_aspect: [1, 1], time_base: [1, 25] },
      ...{ frame_count: 1500, fps: 25, duration_s: 60, variable_rate: false, pts: [], last_duration: 1 },
    },
    detector,
    embedder,
    thumbs: new Map(),
  };
}
