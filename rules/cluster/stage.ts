// The stage `cluster`: which tracks are one person. Reads prototypes and where tracks are, writes
// clusters.json. It gives no names and knows no edits; the identities stage does that.
import {
  clustersSchema,
  faceSummarySchema,
  round6,
  trackRepSchema,
  trackSchema,
  type Clusters,
  type FaceSummary,
  type Track,
  type TrackRep,
} from '../../src/stage/artifacts.js';
import { calibratedOf, cosineOf } from '../../src/stage/calibration.js';
import { configFields } from '../../src/stage/config.js';
import { readFloatMatrix } from '../../src/stage/npy.js';
import { readJsonLines, writeJson } from '../../src/stage/read-write.js';
import type { Stage, StageInputs } from '../../src/stage/stage.js';
import type { Pair } from './terms.js';
import { blurOfTracks, sharedByBlur, withoutBlur } from './blur.js';
import { groupTracks } from './group-tracks.js';
import { selfCalibrate, type SelfCalibration, type TimedVector } from './self-calibrate.js';
import { seenTogether } from './together.js';
import { meansByTrack, type EmbeddedFace } from './track-means.js';

type Params =
  | 'embedder'
  | 'cluster_thresh'
  | 'min_identity_sim'
  | 'min_cluster_size'
  | 'second_pass'
  | 'track_vector'
  | 'blur_correction';

/** A self-calibrated threshold stays between these calibrated values: beyond, the episode says too little. */
const autoRange = [0.5, 0.95] as const;

export const stage: Stage<Params> = {
  async run(context) {
    const { inputs, outputs, params } = context;
    const { calibration, name } = context.card('embedder');
    const tracks = await readJsonLines(inputs.path('tracks'), trackSchema);
    const reps = await readJsonLines(inputs.path('track_reps'), trackRepSchema);
    const faces = await readJsonLines(inputs.path('faces'), faceSummarySchema);
    const prototypes = await readRows(inputs, 'vectors', reps.length);
    const embedded = await embeddedFaces(inputs, faces);

    const vectorOf = params.track_vector === 'prototype' ? prototypesByTrack(reps, prototypes) : meansByTrack(embedded);
    const apart = seenTogether(tracks);
    const blur = params.blur_correction
      ? blurOfTracks(
          tracks.map(({ track_id }) => track_id),
          faces,
        )
      : tracks.map(() => 0);
    const shared = sharedOf(tracks, vectorOf, blur, apart);
    const corrected = (track: number, vector: Float32Array): Float32Array =>
      withoutBlur({ vector, blur: blur[track]! }, shared);

    const { thresh, cosine, found } =
      params.cluster_thresh === 'auto'
        ? autoThreshold({ embedded, tracks, apart, corrected, calibration })
        : { thresh: params.cluster_thresh, cosine: cosineOf(calibration, params.cluster_thresh), found: undefined };
    context.signal.throwIfAborted();

    const groups = groupTracks(
      tracks.map(({ track_id, start_s, end_s }, track) => {
        const vector = vectorOf.get(track_id);
        return { vector: vector && corrected(track, vector), seconds: end_s - start_s };
      }),
      {
        cosine,
        apart,
        calibrated: (value) => calibratedOf(calibration, value),
        minIdentitySim: params.min_identity_sim,
        minClusterSize: params.min_cluster_size,
        secondPass: params.second_pass,
      },
    );
    const samples = new Map(reps.map((rep) => [rep.track_id, rep.samples]));
    const clusters: Clusters = {
      schema_version: 'clusters_v1',
      algorithm: 'agglomerative',
      linkage: 'average',
      embedder: name,
      cluster_thresh: round6(thresh),
      cluster_cosine: round6(cosine),
      self_calibrated: found === undefined ? null : roundedCalibration(found),
      clusters: groups.map(({ tracks: members, similarities, outlierReason }) => ({
        track_ids: members.map((track) => tracks[track]!.track_id),
        track_similarity: similarities.map(round6),
        num_faces_total: members.reduce((total, track) => total + (samples.get(tracks[track]!.track_id) ?? 0), 0),
        cohesion: round6(similarities.reduce((total, value) => total + value, 0) / similarities.length),
        min_sim: round6(Math.min(...similarities)),
        ...(outlierReason === undefined ? {} : { outlier_reason: outlierReason }),
      })),
      mixed_tracks: reps.filter(({ spread }) => spread >= 1 - cosine).map(({ track_id }) => track_id),
    };
    await writeJson(outputs.path('clusters'), clustersSchema, clusters);
    return { clusters_count: groups.length };
  },
};

/** Rows of a matrix, one for each of `count` owners. */
async function readRows(inputs: StageInputs, role: string, count: number): Promise<Float32Array[]> {
  const { rows, dim, data } = await readFloatMatrix(inputs.path(role));
  if (rows !== count) throw new Error(`${inputs.path(role)}: ${rows} rows for ${count} that should have one`);
  return Array.from({ length: rows }, (_, row) => data.subarray(row * dim, (row + 1) * dim));
}

/** Faces with their vectors; a rejected face has no row, and a row of zeros is a failed embedding. */
async function embeddedFaces(inputs: StageInputs, faces: readonly FaceSummary[]): Promise<EmbeddedFace[]> {
  const usable = faces.filter(({ rejection_reason }) => rejection_reason === undefined);
  const rows = await readRows(inputs, 'embeddings', usable.length);
  return usable
    .map((face, row) => ({ face, vector: rows[row]! }))
    .filter(({ vector }) => vector.some((value) => value !== 0));
}

function prototypesByTrack(reps: readonly TrackRep[], rows: readonly Float32Array[]): Map<string, Float32Array> {
  return new Map(
    reps.flatMap(({ track_id }, row): [string, Float32Array][] =>
      rows[row]!.some((value) => value !== 0) ? [[track_id, rows[row]!]] : [],
    ),
  );
}

function sharedOf(
  tracks: readonly Track[],
  vectorOf: ReadonlyMap<string, Float32Array>,
  blur: readonly number[],
  apart: readonly Pair[],
): Float64Array {
  const placeOf = new Map<number, number>();
  const blurred = tracks.flatMap(({ track_id }, track) => {
    const vector = vectorOf.get(track_id);
    if (vector === undefined) return [];
    placeOf.set(track, placeOf.size);
    return [{ vector, blur: blur[track]! }];
  });
  return sharedByBlur(
    blurred,
    apart.flatMap(([one, other]): Pair[] =>
      placeOf.has(one) && placeOf.has(other) ? [[placeOf.get(one)!, placeOf.get(other)!]] : [],
    ),
  );
}

/** The threshold that the episode itself suggests, or the default when it says too little. */
function autoThreshold({
  embedded,
  tracks,
  apart,
  corrected,
  calibration,
}: {
  readonly embedded: readonly EmbeddedFace[];
  readonly tracks: readonly Track[];
  readonly apart: readonly Pair[];
  readonly corrected: (track: number, vector: Float32Array) => Float32Array;
  readonly calibration: Parameters<typeof cosineOf>[0];
}): { thresh: number; cosine: number; found: SelfCalibration | undefined } {
  const placeOf = new Map(tracks.map(({ track_id }, track) => [track_id, track]));
  const byTrack: TimedVector[][] = tracks.map(() => []);
  for (const { face, vector } of embedded) {
    const track = placeOf.get(face.track_id);
    if (track !== undefined) byTrack[track]!.push({ vector: corrected(track, vector), timeS: face.ts_s });
  }
  const found = selfCalibrate(byTrack, apart);
  const fallback = configFields.cluster_thresh.default as number;
  const wanted = found === undefined ? fallback : calibratedOf(calibration, found.cosine);
  const thresh = Math.min(autoRange[1], Math.max(autoRange[0], wanted));
  return { thresh, cosine: cosineOf(calibration, thresh), found };
}

function roundedCalibration({ cosine, negatives, positives, missed }: SelfCalibration): SelfCalibration {
  return { cosine: round6(cosine), negatives, positives, missed: round6(missed) };
}
