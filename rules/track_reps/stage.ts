// track_reps: one vector and one face to show for each track. Row i of track_reps.npy belongs to
// row i of track_reps.jsonl, in the order of tracks.jsonl; a track none of whose faces could be
// embedded has no row.
import {
  type FaceSummary,
  faceSummarySchema,
  round6,
  type TrackRep,
  trackRepSchema,
  trackSchema,
} from '../../src/stage/artifacts.js';
import { cosineOf } from '../../src/stage/calibration.js';
import { readFloatMatrix, writeNpy } from '../../src/stage/npy.js';
import { readJsonLines, writeJsonLines } from '../../src/stage/read-write.js';
import type { Stage } from '../../src/stage/stage.js';
import { type TrackFace, trackPrototype } from './prototype.js';

/** Calibrated similarity from which a face is taken to be the person of its track. */
const ownSimilarity = 0.5;

interface EmbeddedFace extends TrackFace {
  readonly face: FaceSummary;
}

export const stage: Stage<'embedder'> = {
  async run(context) {
    const { inputs, outputs } = context;
    const faces = await readJsonLines(inputs.path('faces'), faceSummarySchema);
    const matrix = await readFloatMatrix(inputs.path('embeddings'));
    const tracks = await readJsonLines(inputs.path('tracks'), trackSchema);
    const byTrack = embeddedFaces(faces, matrix);
    const similarityMin = cosineOf(context.card('embedder').calibration, ownSimilarity);

    const rows: TrackRep[] = [];
    const vectors: Float32Array[] = [];
    for (const { track_id } of tracks) {
      const own = byTrack.get(track_id);
      if (own === undefined) continue;
      const { vector, spread, representative, lowConfidence } = trackPrototype(own, similarityMin);
      vectors.push(vector);
      rows.push({
        schema_version: 'track_rep_v1',
        track_id,
        face_id: representative.faceId,
        thumb_path: thumbOf(representative.face),
        samples: own.length,
        spread: round6(spread),
        low_confidence: lowConfidence,
        quality: representative.quality,
      });
    }
    writeJsonLines(outputs.path('track_reps'), trackRepSchema, rows);
    const data = new Float32Array(rows.length * matrix.dim);
    for (const [row, vector] of vectors.entries()) data.set(vector, row * matrix.dim);
    await writeNpy(outputs.path('vectors'), { shape: [rows.length, matrix.dim], data });
    return { track_reps_count: rows.length };
  },
};

/** Faces with their vectors by track; rejected faces have no row, failed ones a row of zeros, and both are left out. */
function embeddedFaces(
  faces: readonly FaceSummary[],
  { rows, dim, data }: { readonly rows: number; readonly dim: number; readonly data: Float32Array },
): Map<string, EmbeddedFace[]> {
  const usable = faces.filter(({ rejection_reason }) => rejection_reason === undefined);
  if (usable.length !== rows) throw new Error(`${rows} embeddings for ${usable.length} faces`);
  const byTrack = new Map<string, EmbeddedFace[]>();
  for (const [row, face] of usable.entries()) {
    const vector = data.subarray(row * dim, (row + 1) * dim);
    if (vector.every((value) => value === 0)) continue;
    const others = byTrack.get(face.track_id) ?? [];
    others.push({ face, faceId: face.face_id, quality: face.quality_score, vector });
    byTrack.set(face.track_id, others);
  }
  return byTrack;
}

function thumbOf(face: FaceSummary): string {
  if (face.thumb_path === undefined) throw new Error(`face ${face.face_id} has no thumbnail`);
  return face.thumb_path;
}
