// The tree that is found without a matrix, on rows of every kind that ties or single precision could lead astray.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { averageTree } from '../../../rules/cluster/average-tree.js';
import { labelsOf } from '../../../rules/cluster/agglomerate.js';
import { mergeTree, type Merge } from '../../../rules/cluster/chain.js';
import { unitRows } from '../../../rules/cluster/distances.js';

/** Clusters as sums of unit rows; every distance is worked out anew, in double precision. */
class PlainClusters {
  readonly #sums: Float64Array[];
  readonly #sizes: number[];

  constructor(vectors: Float32Array, count: number, dim: number) {
    this.#sums = Array.from({ length: count }, (_, row) => unitRows(vectors.subarray(row * dim), 1, dim));
    this.#sizes = new Array<number>(count).fill(1);
  }

  distance(a: number, b: number): number {
    const [one, other] = [this.#sums[a]!, this.#sums[b]!];
    if ([one, other].some((sum) => sum.every((value) => value === 0))) return 1;
    let dot = 0;
    for (let k = 0; k < one.length; k++) dot += one[k]! * other[k]!;
    const distance = 1 - dot / (this.#sizes[a]! * this.#sizes[b]!);
    return distance < 1e-12 ? 0 : distance;
  }

  merge(a: number, b: number): void {
    this.#sums[b]!.forEach((value, k) => (this.#sums[a]![k]! += value));
    this.#sizes[a]! += this.#sizes[b]!;
  }
}

/** The nearest-neighbour chain on all distances. */
function plainTree(vectors: Float32Array, count: number, dim: number): Merge[] {
  const clusters = new PlainClusters(vectors, count, dim);
  return mergeTree(count, {
    nearest(cluster, alive, previous) {
      const others = [previous, ...alive].filter((other) => other >= 0 && other !== cluster);
      const distances = others.map((other) => clusters.distance(cluster, other));
      const distance = Math.min(...distances);
      return { cluster: others[distances.indexOf(distance)]!, distance };
    },
    merge: (a, b) => clusters.merge(a, b),
  });
}

/** Repeats the merges: each must be of two that are as near as it says, and none may be nearer. */
function expectNearestFirst(merges: readonly Merge[], vectors: Float32Array, count: number, dim: number): void {
  const clusters = new PlainClusters(vectors, count, dim);
  const alive = new Set(Array.from({ length: count }, (_, row) => row));
  for (const { a, b, height } of merges) {
    expect(a).toBeLessThan(b);
    expect(Math.abs(clusters.distance(a, b) - height)).toBeLessThan(1e-9);
    let least = Infinity;
    for (const one of alive) {
      for (const other of alive) if (one < other) least = Math.min(least, clusters.distance(one, other));
    }
    expect(least).toBeGreaterThan(height - 1e-9);
    clusters.merge(a, b);
    alive.delete(b);
  }
  expect(alive.size).toBe(Math.min(1, count));
}

/** The groups at each gap between heights. */
function groupings(merges: readonly Merge[], count: number): number[][] {
  const isGap = ({ height }: Merge, index: number): boolean => height - (merges[index - 1]?.height ?? 0) > 1e-9;
  return merges.flatMap((merge, index) => (isGap(merge, index) ? [[...labelsOf(count, merges.slice(0, index))]] : []));
}

/** Rows of numbers from -1 to 1 that a seed gives, by kind. */
const kinds = {
  'without structure': (next: () => number, dim: number) => () => Array.from({ length: dim }, next),
  'in groups': (next: () => number, dim: number) => {
    const centres = Array.from({ length: 5 }, () => Array.from({ length: dim }, next));
    return (row: number) => centres[row % 5]!.map((value) => value + 0.4 * next());
  },
  'nearly equal': (next: () => number, dim: number) => () => Array.from({ length: dim }, (_, k) => k + 1e-5 * next()),
  'of few values': (next: () => number, dim: number) => () =>
    Array.from({ length: dim }, () => Math.round(1.2 * next())),
  'of signs': (next: () => number, dim: number) => () => Array.from({ length: dim }, () => Math.sign(next()) || 1),
  'of one number each': (next: () => number, dim: number) => () => {
    const at = Math.floor(Math.abs(next()) * dim);
    return Array.from({ length: dim }, (_, k) => (k === at ? 1 : 0));
  },
  'and their opposites': (next: () => number, dim: number) => {
    let last: number[] = [];
    return (row: number) => (last = row % 2 === 1 ? last.map((value) => -value) : Array.from({ length: dim }, next));
  },
  'that approach each other': (next: () => number, dim: number) => {
    const rest = Array.from({ length: dim }, next);
    return (row: number) => rest.map((value, k) => (k === 0 ? 30 / (row + 1) ** 2 : value));
  },
} as const;

const problem = fc.record({
  count: fc.integer({ min: 0, max: 75 }),
  dim: fc.integer({ min: 1, max: 20 }),
  seed: fc.integer({ min: 1 }),
  zeros: fc.constantFrom(0, 0, 1, 5),
  copies: fc.constantFrom(0, 0, 3, 40),
  capacity: fc.constantFrom(2, 3, 8, 16, 128),
});

test.each(Object.entries(kinds))('rows %s: the nearest pair of clusters is merged, over and over', (name, kind) => {
  fc.assert(
    fc.property(problem, ({ count, dim, seed, zeros, copies, capacity }) => {
      const next = numbersOf(seed);
      const rowOf = kind(next, dim);
      const rows = Array.from({ length: count }, (_, row) => rowOf(row));
      const someRow = (): number => Math.min(count - 1, Math.floor(Math.abs(next()) * count));
      for (let copy = 0; copy < copies && count > 0; copy++) rows[someRow()] = [...rows[someRow()]!];
      for (let zero = 0; zero < zeros && count > 0; zero++) rows[someRow()] = new Array<number>(dim).fill(0);
      const vectors = Float32Array.from(rows.flat());

      const merges = averageTree(vectors, count, dim, capacity);
      expectNearestFirst(merges, vectors, count, dim);
      // Where many are equally far, rounding says which of many right trees it is.
      if (name === 'of few values' || name === 'of signs') return;
      const plain = plainTree(vectors, count, dim);
      for (const [index, { height }] of merges.entries()) expect(height).toBeCloseTo(plain[index]!.height, 9);
      expect(groupings(merges, count)).toEqual(groupings(plain, count));
    }),
    { numRuns: 40 },
  );
});

/** Numbers of -1..1 that look like chance and depend on the seed alone (a xorshift of 32 bits). */
function numbersOf(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
}
