// The tree of average linkage in memory that grows with rows, not with pairs: round by round, all clusters that are each
// other's nearest are merged. It cuts nothing.
import type { Merge } from './chain.js';
import { ClusterRows } from './cluster-rows.js';
import { NeighbourLists } from './neighbour-lists.js';

/**
 * Longer lists run dry less often, and cost more to keep up to date. Rows gone over again, as a share of the first pass, and
 * distances in double precision for each row, of rows of 512 in 40 groups: of 500 rows with lists of 8 0.23 and 21, of
 * 32 0.03 and 67; of 5,000 rows 1.09 and 36, and 0.33 and 96.
 */
const usualCapacity = (count: number): number => Math.min(32, 8 + Math.floor(count / 200));

/** Which clusters to merge now: the one that lives on, their lowest, and what it takes in, ascending. */
type Groups = Map<number, readonly number[]>;

/**
 * All count - 1 merges by rising height, of rows that need not have length 1; equal heights stay in the order found.
 * Distances are 1 - cos, those of clusters the mean over their pairs of rows, in double precision; a row of zeros has
 * distance 1 to every other. Where several are equally near, the tree is the nearest-neighbour chain's (`mergeTree`),
 * but for lattices of rows where rounding alone tells which of them is nearest.
 *
 * No merge brings clusters nearer to a third one. So two that are each other's nearest stay so whatever else is merged,
 * and the order does not matter; and who was not among the nearest of two clusters is not nearer to the merged one than the
 * farthest that was: most lists outlive a merge. The rest are made anew, those of a round together.
 * Source: B. Sumengen and others, "Scaling hierarchical agglomerative clustering to billion-sized datasets", 2021.
 * @param vectors count x dim numbers, row by row
 * @param capacity clusters in a list, at least 2; it changes no result
 * @throws when a number is not finite
 */
export function averageTree(
  vectors: Float32Array,
  count: number,
  dim: number,
  capacity = usualCapacity(count),
): Merge[] {
  const rows = new ClusterRows(vectors, count, dim, capacity);
  const lists = new NeighbourLists(rows);
  const merges: Merge[] = [];
  // A merge of sums can come out a rounding step below its parts; a parent never lies lower.
  const heights = new Float64Array(count);
  let dry: readonly number[] = [...rows.directed()];
  while (rows.alive + rows.zeros.length > 1) {
    lists.fill(dry);
    const surely = nearestPairs(rows, lists);
    const groups = surely.size > 0 ? surely : tiedPair(rows, lists);
    for (const [owner, parts] of groups) {
      for (const part of parts) {
        const height = Math.max(rows.distance(owner, part), heights[owner]!, heights[part]!);
        merges.push({ a: owner, b: part, height });
        heights[owner] = height;
        rows.merge(owner, part);
      }
    }
    dry = lists.follow(groups);
  }
  return merges.sort((one, other) => one.height - other.height);
}

/** Pairs that are nearest to each other and to nobody else, and all that point the same way: nothing is nearer. */
function nearestPairs(rows: ClusterRows, { nearest, least }: NeighbourLists): Groups {
  const groups = new Map<number, number[]>();
  const joined = new Map<number, number>();
  const ownerOf = (cluster: number): number => {
    let owner = cluster;
    for (let next = joined.get(owner); next !== undefined; next = joined.get(owner)) owner = next;
    return owner;
  };
  for (let slot = 0; slot < rows.alive; slot++) {
    const cluster = rows.at[slot]!;
    const other = nearest[cluster]!;
    if (other < 0) continue;
    if (least[cluster] === 0) {
      const [one, two] = [ownerOf(cluster), ownerOf(other)];
      if (one !== two) joined.set(Math.max(one, two), Math.min(one, two));
    } else if (cluster < other && nearest[other] === cluster) groups.set(cluster, [other]);
  }
  for (const cluster of [...joined.keys()].sort((one, other) => one - other)) {
    const owner = ownerOf(cluster);
    const parts = groups.get(owner);
    if (parts === undefined) groups.set(owner, [cluster]);
    else parts.push(cluster);
  }
  return groups;
}

/** Ties stand in the way of all others: the pair to which the chain from the lowest cluster on leads. */
function tiedPair(rows: ClusterRows, lists: NeighbourLists): Groups {
  let previous = -1;
  let tip = rows.lowest(-1);
  for (;;) {
    const near = rows.isZero(tip) ? [previous < 0 ? rows.lowest(tip) : previous] : lists.equallyNear(tip);
    if (near.includes(previous)) return new Map([[Math.min(tip, previous), [Math.max(tip, previous)]]]);
    previous = tip;
    tip = near.reduce((low, other) => Math.min(low, other));
  }
}
