// A made-up episode after the embedding stage: tracks, faces, prototypes, as texts and matrices.
// A frame lasts 0.1 s. Not part of the program.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EpisodeRunConfig } from '../../src/stage/config.js';
import type { EmbedderCard } from '../../src/stage/model.js';
import type { NpyArray } from '../../src/stage/npy.js';
import type { StageContext } from '../../src/stage/stage.js';
import { jsonLines } from './json-stage.js';

export interface EpisodeTrack {
  /** Direction of the prototype and of every face; undefined: no face could be embedded. */
  readonly vector: readonly number[] | undefined;
  /** First and last frame. */
  readonly from: number;
  readonly to: number;
  /** Left edge of the box, which is 0.1 wide. */
  readonly left?: number;
  readonly samples?: number;
  readonly quality?: number;
  readonly lowConfidence?: boolean;
}

/** Cosine 0.5 is 0.75 calibrated. */
export const embedderCard: EmbedderCard = {
  role: 'embedder',
  name: 'test-embedder',
  dim: 3,
  cropSize: 112,
  template: 'arcface',
  calibration: [[-1, 0], [0, 0.5], [0.5, 0.75], [1, 1]], // prettier-ignore
  parts: {},
} as unknown as EmbedderCard;

export function trackId(index: number): string {
  return `track-${String(index + 1).padStart(5, '0')}`;
}

export function episode(tracks: readonly EpisodeTrack[]): {
  readonly texts: Readonly<Record<'tracks' | 'track_reps' | 'faces', string>>;
  readonly matrices: Readonly<Record<'vectors' | 'embeddings', NpyArray>>;
} {
  const rows = tracks.map(({ from, to, left = 0.1 }, index) => ({
    schema_version: 'track_v1',
    track_id: trackId(index),
    start_s: from / 10,
    end_s: to / 10,
    frame_span: [from, to],
    scene: 0,
    stats: { detections: to - from + 1, avg_conf: 0.9 },
    frames: Array.from({ length: to - from + 1 }, (_, step) => [from + step, boxAt(left), 0.9, 1]),
  }));
  const embedded = tracks.flatMap((track, index) => (track.vector === undefined ? [] : [{ ...track, index }]));
  const reps = embedded.map(({ index, samples = 4, quality = 0.8, lowConfidence = false }) => ({
    schema_version: 'track_rep_v1',
    track_id: trackId(index),
    face_id: `${trackId(index)}-0`,
    thumb_path: `frames/ep/thumbs/${trackId(index)}.jpg`,
    samples,
    spread: 0.1,
    low_confidence: lowConfidence,
    quality,
  }));
  const faces = embedded.flatMap(({ index, from, left = 0.1, samples = 4, quality = 0.8 }) =>
    Array.from({ length: samples }, (_, sample) => ({
      schema_version: 'face_v1',
      face_id: `${trackId(index)}-${sample}`,
      track_id: trackId(index),
      frame_idx: from + sample,
      ts_s: (from + sample) / 10,
      bbox: boxAt(left),
      landmarks: null,
      quality_score: quality,
      quality: { det: 0.9, size: 1, sharpness: 1, frontality: 1, exposure: 1 },
    })),
  );
  return {
    texts: { tracks: jsonLines(rows), track_reps: jsonLines(reps), faces: jsonLines(faces) },
    matrices: {
      vectors: matrixOf(embedded.map(({ vector }) => vector!)),
      embeddings: matrixOf(embedded.flatMap(({ vector, samples = 4 }) => Array(samples).fill(vector) as number[][])),
    },
  };
}

function boxAt(left: number): number[] {
  return [left, 0.2, left + 0.1, 0.4];
}

function matrixOf(vectors: readonly (readonly number[])[]): NpyArray {
  const units = vectors.map((vector) => {
    const norm = Math.hypot(...vector) || 1;
    return vector.map((value) => value / norm);
  });
  return { shape: [vectors.length, 3], data: Float32Array.from(units.flat()) };
}

/** Inputs are files named by role in the folder, outputs `out-<role>` beside them. */
export function stageContext({
  folder,
  params,
  card,
}: {
  readonly folder: string;
  readonly params: EpisodeRunConfig;
  readonly card: EmbedderCard;
}): StageContext {
  const no = (): never => {
    throw new Error('this stage has no pictures and opens no models');
  };
  return {
    ep: 'ep',
    params,
    inputs: {
      path: (role) => join(folder, role),
      optional: (role) => (existsSync(join(folder, role)) ? join(folder, role) : undefined),
      gathered: () => [],
    },
    outputs: { path: (role) => join(folder, `out-${role}`), relative: (role) => role, has: () => true },
    frames: { [Symbol.asyncIterator]: no },
    media: { probe: no },
    model: no,
    card: (() => card) as unknown as StageContext['card'],
    resources: {},
    signal: new AbortController().signal,
    progress: () => undefined,
  };
}
