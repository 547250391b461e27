// The nearest-neighbour chain: builds the whole tree of merges in O(n^2) steps for linkages whose
// distances never shrink by a merge. It is handed the distances and cuts nothing.

/** Clusters a and b, named by one of their rows, became one at this height; a < b lives on as a. */
export interface Merge {
  readonly a: number;
  readonly b: number;
  readonly height: number;
}

/** All that the chain needs of a linkage. */
export interface ClusterDistances {
  /**
   * The nearest of the clusters `alive` (ascending) to `cluster`, and its distance. Among equals
   * `previous` wins, then the lowest: without that rule a chain could run in circles.
   */
  nearest(
    cluster: number,
    alive: Int32Array,
    previous: number,
  ): { readonly cluster: number; readonly distance: number };
  /** Makes b part of a; `alive` still holds both. */
  merge(a: number, b: number, alive: Int32Array): void;
}

/**
 * All count - 1 merges by rising height; equal heights stay in the order found.
 * Source: F. Murtagh, "A survey of recent advances in hierarchical clustering algorithms", 1983;
 * D. Müllner, "Modern hierarchical, agglomerative clustering algorithms", 2011.
 */
export function mergeTree(count: number, distances: ClusterDistances): Merge[] {
  const merges: Merge[] = [];
  const clusters = Int32Array.from({ length: count }, (_, index) => index);
  // A merge of sums can come out a rounding step below its parts; a parent never lies lower.
  const heights = new Float64Array(count);
  const chain: number[] = [];
  let aliveCount = count;
  while (aliveCount > 1) {
    const alive = clusters.subarray(0, aliveCount);
    if (chain.length === 0) chain.push(alive[0]!);
    const tip = chain.at(-1)!;
    const previous = chain.at(-2) ?? -1;
    const nearest = distances.nearest(tip, alive, previous);
    if (nearest.cluster !== previous) {
      chain.push(nearest.cluster);
      continue;
    }
    const a = Math.min(tip, previous);
    const b = Math.max(tip, previous);
    const height = Math.max(nearest.distance, heights[a]!, heights[b]!);
    merges.push({ a, b, height });
    heights[a] = height;
    distances.merge(a, b, alive);
    const gone = alive.indexOf(b);
    alive.copyWithin(gone, gone + 1);
    aliveCount -= 1;
    chain.length -= 2;
  }
  return merges.sort((one, other) => one.height - other.height);
}
