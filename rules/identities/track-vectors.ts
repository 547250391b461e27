// The prototypes of tracks, for what edits need of them: how alike two tracks are, and how close a
// group is after an edit. Pure.
import type { Track, TrackRep } from '../../src/stage/artifacts.js';

export class TrackVectors {
  /** By place in the list of tracks; undefined for a track without a usable vector. */
  private readonly vectors: readonly (Float32Array | undefined)[];

  /** Row i of the matrix belongs to reps[i]; a row of zeros is a failed embedding. */
  constructor(
    tracks: readonly Track[],
    reps: readonly TrackRep[],
    { dim, data }: { readonly dim: number; readonly data: Float32Array },
  ) {
    if (reps.length * dim !== data.length) throw new Error(`${data.length / dim} vectors for ${reps.length} tracks`);
    const rowOf = new Map(reps.map(({ track_id }, row) => [track_id, data.subarray(row * dim, (row + 1) * dim)]));
    this.vectors = tracks.map(({ track_id }) => {
      const vector = rowOf.get(track_id);
      return vector?.some((value) => value !== 0) === true ? vector : undefined;
    });
  }

  /** The prototype of a track; undefined without a usable one. */
  of(track: number): Float32Array | undefined {
    return this.vectors[track];
  }

  /** 0 when either track has no vector. */
  cosine(one: number, other: number): number {
    const [left, right] = [this.vectors[one], this.vectors[other]];
    return left === undefined || right === undefined ? 0 : dot(left, right);
  }

  /** Calibrated similarity of each member to the group's mean direction; 1 for a track alone, 0 without a vector. */
  similarities(members: readonly number[], calibrated: (cosine: number) => number): number[] {
    const own = members.map((member) => this.vectors[member]);
    const sum = new Float64Array(own.find((vector) => vector !== undefined)?.length ?? 0);
    for (const vector of own) vector?.forEach((value, at) => (sum[at]! += value));
    const norm = Math.sqrt(dot(sum, sum));
    return own.map((vector) => {
      if (vector === undefined || norm < 1e-9) return 0;
      return members.length === 1 ? 1 : calibrated(dot(vector, sum) / norm);
    });
  }
}

function dot(left: Float32Array | Float64Array, right: Float32Array | Float64Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += left[at]! * right[at]!;
  return sum;
}
