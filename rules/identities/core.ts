// The track at the core of a group: the one that its largest part, that part's largest part and so
// on, is built around. It hardly depends on where clustering stopped, so ids can be taken from it. Pure.
import { averageTree } from '../cluster/average-tree.js';

export interface CoreTrack {
  /** undefined when no face of the track could be embedded. */
  readonly vector: Float32Array | undefined;
  /** Pictures with a detection. */
  readonly weight: number;
}

/**
 * The place of the core among `tracks`, which are not empty. The group is clustered on its own, by
 * average linkage; of two parts that merge the heavier one's core lives on, of equals the earlier
 * one's. A group that swallows a smaller one therefore keeps its core, and so does the larger part
 * of one that breaks. Without any vector it is the heaviest track.
 */
export function coreOf(tracks: readonly CoreTrack[]): number {
  if (tracks.length === 1) return 0;
  const places = tracks.flatMap(({ vector }, place) => (vector === undefined ? [] : [place]));
  if (places.length === 0) return tracks.reduce((best, { weight }, place) => (weight > tracks[best]!.weight ? place : best), 0); // prettier-ignore
  const dim = tracks[places[0]!]!.vector!.length;
  const vectors = new Float32Array(places.length * dim);
  for (const [row, place] of places.entries()) vectors.set(tracks[place]!.vector!, row * dim);
  const cores = [...places];
  const weights = places.map((place) => tracks[place]!.weight);
  for (const { a, b } of averageTree(vectors, places.length, dim)) {
    if (weights[b]! > weights[a]!) cores[a] = cores[b]!;
    weights[a]! += weights[b]!;
  }
  return cores[0]!;
}
