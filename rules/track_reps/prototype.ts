// One vector for a track out of its faces' vectors, without the faces that do not belong. Pure.

/** A face of the track; its vector has length 1. */
export interface TrackFace {
  readonly faceId: string;
  readonly quality: number;
  readonly vector: Float32Array;
}

export interface Prototype<F extends TrackFace = TrackFace> {
  /** Length 1. */
  readonly vector: Float32Array;
  /** Largest cosine distance between any two faces of the track; 0 for one face. */
  readonly spread: number;
  readonly representative: F;
  /** Whether even the representative is unlike the prototype. */
  readonly lowConfidence: boolean;
}

/** Faces that make the prototype: the best ones; more would only let poor ones in. */
const facesMax = 6;
/** A face of quality 0 still counts a little. */
const weightMin = 1e-3;
/** Faces further from the first prototype than this, or than the median by more than the slack, leave it. */
const similarityFloor = 0.6;
const medianSlack = 0.08;

/**
 * The track's prototype: mean of its (at most) six best faces weighted by quality, scaled to length
 * 1; of more than two, those less similar to it than max(0.60, median - 0.08) are dropped and the
 * mean is taken again. The representative is the best face whose cosine to the prototype is at
 * least `similarityMin`, else the best one, with low confidence. Of equals the earlier face counts
 * as better. `faces` is not empty.
 */
export function trackPrototype<F extends TrackFace>(faces: readonly F[], similarityMin: number): Prototype<F> {
  // The sort is stable: equals stay in the order of frames.
  const ranked = [...faces].sort((left, right) => right.quality - left.quality);
  const best = ranked.slice(0, facesMax);
  let vector = weightedMean(best);
  if (best.length > 2) {
    const similarities = best.map((face) => dot(face.vector, vector));
    const limit = Math.max(similarityFloor, median(similarities) - medianSlack);
    const kept = best.filter((_, index) => similarities[index]! >= limit);
    if (kept.length > 0) vector = weightedMean(kept);
  }
  const close = ranked.find((face) => dot(face.vector, vector) >= similarityMin);
  return {
    vector,
    spread: spreadOf(faces),
    representative: close ?? ranked[0]!,
    lowConfidence: close === undefined,
  };
}

function weightedMean(faces: readonly TrackFace[]): Float32Array {
  const sum = new Float64Array(faces[0]!.vector.length);
  for (const { vector, quality } of faces) {
    const weight = Math.max(weightMin, quality);
    for (let at = 0; at < sum.length; at++) sum[at]! += weight * vector[at]!;
  }
  const norm = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  // Opposite vectors can cancel; the best face then speaks for the track.
  if (norm < 1e-6) return faces[0]!.vector;
  return Float32Array.from(sum, (value) => value / norm);
}

function spreadOf(faces: readonly TrackFace[]): number {
  let least = 1;
  for (let left = 0; left < faces.length; left++) {
    for (let right = left + 1; right < faces.length; right++) {
      least = Math.min(least, dot(faces[left]!.vector, faces[right]!.vector));
    }
  }
  return 1 - least;
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += left[at]! * right[at]!;
  return sum;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
