// Takes out of blurred faces what all blurred faces share. An embedder sees "out of focus" before
// it sees who: two small soft faces of strangers come out more alike than two sharp ones of one
// person. Pure; it judges nobody.
import { unitOf } from './vectors.js';
import type { FaceSummary } from '../../src/stage/artifacts.js';
import type { Pair } from './terms.js';

/** Sharpness part of the quality at which a face counts as half blurred (Laplacian variance 20 of 250). */
const halfSharpness = 0.08;
/**
 * What is shared is worked out from few tracks in a short clip; this many imaginary blurred tracks
 * without a direction hold it back. Results on labelled clips hardly change between 3 and 5.
 */
const holdBack = 3;

/** How blurred each track is, 0 (sharp) to 1, from the median sharpness of its embedded faces; 0 without any. */
export function blurOfTracks(
  trackIds: readonly string[],
  faces: readonly Pick<FaceSummary, 'track_id' | 'quality' | 'rejection_reason'>[],
): number[] {
  const sharpness = new Map<string, number[]>();
  for (const { track_id, quality, rejection_reason } of faces) {
    if (rejection_reason !== undefined) continue;
    const values = sharpness.get(track_id);
    if (values === undefined) sharpness.set(track_id, [quality.sharpness]);
    else values.push(quality.sharpness);
  }
  return trackIds.map((id) => {
    const values = sharpness.get(id);
    return values === undefined ? 0 : halfSharpness / (halfSharpness + median(values));
  });
}

/** A vector and how blurred the face behind it is. */
export interface BlurredVector {
  readonly vector: Float32Array;
  /** 0..1. */
  readonly blur: number;
}

/**
 * What blurred tracks have in common: their mean vector, weighted by blur and held back towards 0.
 * Only tracks that are seen beside another one count (`apart`, pairs of places in `tracks`): they
 * belong to at least two people, so the mean cannot be one person's likeness. With no such pair
 * the answer is 0 and nothing will be taken out.
 */
export function sharedByBlur(tracks: readonly BlurredVector[], apart: readonly Pair[]): Float64Array {
  const shared = new Float64Array(tracks[0]?.vector.length ?? 0);
  let weights = holdBack;
  for (const track of [...new Set(apart.flat())].sort((one, other) => one - other)) {
    const { vector, blur } = tracks[track]!;
    weights += blur;
    for (let at = 0; at < shared.length; at++) shared[at]! += blur * vector[at]!;
  }
  return shared.map((value) => value / weights);
}

/** The vector less its share of what blur has in common, scaled to length 1 again. */
export function withoutBlur({ vector, blur }: BlurredVector, shared: Float64Array): Float32Array {
  const rest = new Float64Array(vector.length);
  for (let at = 0; at < rest.length; at++) rest[at] = vector[at]! - blur * shared[at]!;
  return unitOf(rest) ?? vector;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
