// Greedy agglomeration under constraints: the nearest allowed pair is merged until none is left.
// A forbidden pair has distance Infinity, which every merge hands on to the merged cluster.
import type { Linkage, Pair } from './terms.js';
import type { Merge } from './chain.js';
import { doubleDistances, triangleStarts } from './distances.js';
import { PairHeap } from './pair-heap.js';

interface ConstrainedInput {
  /** count x dim unit rows. */
  readonly rows: Float64Array;
  readonly count: number;
  readonly dim: number;
  readonly linkage: Linkage;
  readonly cannotLink: readonly Pair[];
  readonly mustLink: readonly Pair[];
}

interface ConstrainedMerges {
  /** Merges that must-link asked for. */
  readonly forced: readonly Merge[];
  /** The others, by rising height. */
  readonly merges: readonly Merge[];
}

/**
 * All merges that the constraints allow, in greedy order; ties go to the lowest pair of rows.
 * @throws when must-link joins the two rows of a cannot-link pair
 */
export function mergeWithin(input: ConstrainedInput): ConstrainedMerges {
  const { rows, count, dim, cannotLink, mustLink } = input;
  const clusters = new Clusters(doubleDistances(rows, count, dim), count, input.linkage);
  for (const [i, j] of cannotLink) clusters.forbid(i, j);
  const forced: Merge[] = [];
  for (const pair of mustLink) {
    const [a, b] = pair.map((row) => clusters.of(row)).sort((one, other) => one - other) as [number, number];
    if (a === b) continue;
    if (clusters.distance(a, b) === Infinity) {
      const broken = cannotLink.find(([i, j]) => clusters.joins(i, j, a, b))!;
      throw new Error(
        `must-link [${pair.join(', ')}] joins what cannot-link [${broken.join(', ')}] keeps apart: drop one of them`,
      );
    }
    forced.push({ a, b, height: 0 });
    clusters.merge(a, b);
  }
  return { forced, merges: greedyMerges(clusters, count) };
}

/**
 * Each cluster keeps its nearest allowed one among the later ones; the heap holds these pairs.
 * An entry may be too low after merges, never too high: it is worked out again when it comes up.
 */
function greedyMerges(clusters: Clusters, count: number): Merge[] {
  const merges: Merge[] = [];
  const nearest = new Int32Array(count).fill(-1);
  const heap = new PairHeap(count);
  const refresh = (a: number): void => {
    const { cluster, distance } = clusters.nearestAfter(a);
    nearest[a] = cluster;
    if (cluster < 0) heap.remove(a);
    else heap.set(a, distance);
  };
  for (const a of clusters.alive()) refresh(a);
  for (let a = heap.top(); a >= 0; a = heap.top()) {
    const b = nearest[a]!;
    const distance = clusters.isAlive(b) ? clusters.distance(a, b) : Infinity;
    if (distance !== heap.valueOf(a)) {
      refresh(a);
      continue;
    }
    merges.push({ a, b, height: distance });
    clusters.merge(a, b);
    heap.remove(b);
    refresh(a);
    // Distances to a have changed: an earlier cluster may now be nearer to it than to its own.
    for (const other of clusters.alive()) {
      if (other >= a) break;
      const now = clusters.distance(other, a);
      const before = nearest[other]! < 0 ? Infinity : heap.valueOf(other);
      if (now < before || (now === before && now < Infinity && a < nearest[other]!)) {
        nearest[other] = a;
        heap.set(other, now);
      }
    }
  }
  return merges;
}

/** Which clusters there are and how far apart. A cluster has the number of its lowest row. */
class Clusters {
  private readonly owner: Int32Array;
  private readonly sizes: Int32Array;
  private readonly starts: Int32Array;
  private living: number[];

  constructor(
    private readonly distances: Float64Array,
    private readonly count: number,
    private readonly linkage: Linkage,
  ) {
    this.owner = Int32Array.from({ length: count }, (_, row) => row);
    this.sizes = new Int32Array(count).fill(1);
    this.starts = triangleStarts(count);
    this.living = [...this.owner];
  }

  of(row: number): number {
    return this.owner[row]!;
  }

  alive(): readonly number[] {
    return this.living;
  }

  isAlive(cluster: number): boolean {
    return this.owner[cluster] === cluster;
  }

  joins(i: number, j: number, a: number, b: number): boolean {
    const [one, other] = [this.of(i), this.of(j)];
    return (one === a && other === b) || (one === b && other === a);
  }

  distance(a: number, b: number): number {
    return this.distances[this.at(a, b)]!;
  }

  forbid(i: number, j: number): void {
    if (i === j) throw new Error(`cannot-link [${i}, ${j}] keeps a row apart from itself`);
    this.distances[this.at(i, j)] = Infinity;
  }

  nearestAfter(a: number): { readonly cluster: number; readonly distance: number } {
    let cluster = -1;
    let distance = Infinity;
    for (const other of this.living) {
      if (other <= a || this.distance(a, other) >= distance) continue;
      cluster = other;
      distance = this.distance(a, other);
    }
    return { cluster, distance };
  }

  merge(a: number, b: number): void {
    for (const other of this.living) {
      if (other === a || other === b) continue;
      this.distances[this.at(a, other)] = this.merged(a, b, other);
    }
    this.sizes[a]! += this.sizes[b]!;
    for (let row = 0; row < this.count; row++) if (this.owner[row] === b) this.owner[row] = a;
    this.living = this.living.filter((cluster) => cluster !== b);
  }

  private merged(a: number, b: number, other: number): number {
    const [toA, toB] = [this.distance(a, other), this.distance(b, other)];
    if (toA === Infinity || toB === Infinity) return Infinity;
    if (this.linkage === 'complete') return Math.max(toA, toB);
    if (this.linkage === 'single') return Math.min(toA, toB);
    return (this.sizes[a]! * toA + this.sizes[b]! * toB) / (this.sizes[a]! + this.sizes[b]!);
  }

  private at(a: number, b: number): number {
    return a < b ? this.starts[a]! + b : this.starts[b]! + a;
  }
}
