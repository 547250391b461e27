// Agglomerative clustering by cosine distance: the pure function behind the cluster stage. Labels
// equal scikit-learn's; it reads no file and knows nothing of tracks or people.
import { averageTree } from './average-tree.js';
import { mergeTree } from './chain.js';
import { mergeWithin } from './constrained.js';
import { unitRows } from './distances.js';
import { extremeDistances } from './linkages.js';
import type { Linkage, Pair } from './terms.js';

export type { Linkage, Pair };

/** Rows to group, by which linkage and up to which distance. */
export interface AgglomerateInput {
  /** count x dim numbers, row by row; rows need not have length 1. */
  readonly vectors: Float32Array;
  readonly count: number;
  readonly dim: number;
  readonly linkage: Linkage;
  /** Clusters merge while their distance is below this: at the limit itself they stay apart. */
  readonly distanceMax: number;
  /** Pairs that must end in different clusters, whatever their distance. */
  readonly cannotLink?: readonly Pair[];
  /** Pairs that are merged first, whatever their distance. */
  readonly mustLink?: readonly Pair[];
}

/** Which group each row is in, and at which distances groups were merged. */
export interface AgglomerateResult {
  /** Cluster of each row, numbered from 0 by first appearance. */
  readonly labels: Int32Array;
  /**
   * Distances of all merges of the whole tree, ascending, those at or above distanceMax too:
   * count - 1 of them, less one for each must-link merge and each merge that cannot-link forbids.
   */
  readonly heights: Float64Array;
}

/**
 * Clusters rows by cosine distance 1 - cos, clipped to 0..2; a row of zeros has distance 1 to
 * every other row. Average linkage without constraints needs some 14 bytes a number of the rows, complete and single linkage
 * run a nearest-neighbour chain on a triangle of doubles, n x n x 4 bytes, and with constraints it is greedy on such a triangle.
 * @throws on sizes that do not fit, numbers that are not finite, pairs out of range, and a
 * cannot-link pair that must-link joins (both are named)
 */
export function agglomerate(input: AgglomerateInput): AgglomerateResult {
  checkInput(input);
  const { vectors, count, dim, linkage, distanceMax, cannotLink = [], mustLink = [] } = input;
  if (cannotLink.length > 0 || mustLink.length > 0) {
    const rows = unitRows(vectors, count, dim);
    const { merges, forced } = mergeWithin({ rows, count, dim, linkage, cannotLink, mustLink });
    return finish(count, [...forced, ...merges.filter(({ height }) => height < distanceMax)], merges);
  }
  const merges =
    linkage === 'average'
      ? averageTree(vectors, count, dim)
      : mergeTree(count, extremeDistances(unitRows(vectors, count, dim), count, dim, linkage));
  return finish(
    count,
    merges.filter(({ height }) => height < distanceMax),
    merges,
  );
}

function finish(
  count: number,
  joined: Iterable<{ readonly a: number; readonly b: number }>,
  merges: readonly { readonly height: number }[],
): AgglomerateResult {
  return { labels: labelsOf(count, joined), heights: Float64Array.from(merges, ({ height }) => height).sort() };
}

/** Numbers the groups that the pairs join, in the order in which their first rows come. */
export function labelsOf(count: number, pairs: Iterable<{ readonly a: number; readonly b: number }>): Int32Array {
  const parents = Int32Array.from({ length: count }, (_, index) => index);
  const rootOf = (row: number): number => {
    let root = row;
    while (parents[root] !== root) root = parents[root]!;
    for (let at = row; at !== root;) [at, parents[at]] = [parents[at]!, root];
    return root;
  };
  for (const { a, b } of pairs) {
    const [low, high] = [rootOf(a), rootOf(b)].sort((one, other) => one - other) as [number, number];
    parents[high] = low;
  }
  const numbers = new Map<number, number>();
  return Int32Array.from({ length: count }, (_, row) => {
    const root = rootOf(row);
    if (!numbers.has(root)) numbers.set(root, numbers.size);
    return numbers.get(root)!;
  });
}

function checkInput({ vectors, count, dim, distanceMax, cannotLink = [], mustLink = [] }: AgglomerateInput): void {
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`count is ${count}, not a whole number from 0 on`);
  if (!Number.isInteger(dim) || dim < 1) throw new RangeError(`dim is ${dim}, not a whole number from 1 on`);
  if (vectors.length !== count * dim) {
    throw new RangeError(`vectors holds ${vectors.length} numbers, not ${count} x ${dim}`);
  }
  if (Number.isNaN(distanceMax)) throw new RangeError('distanceMax is not a number');
  const isRow = (row: number): boolean => Number.isInteger(row) && row >= 0 && row < count;
  for (const [i, j] of [...cannotLink, ...mustLink]) {
    if (!isRow(i) || !isRow(j)) throw new RangeError(`pair [${i}, ${j}] names a row outside 0..${count - 1}`);
  }
}
