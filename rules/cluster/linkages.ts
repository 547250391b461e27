// What `nearest` and `merge` mean for average, complete and single linkage. Average linkage keeps
// the sum of each cluster's unit rows, from which every distance comes out in full precision.
import type { ClusterDistances } from './chain.js';
import { doubleDistances, singleDistances, singleError, triangleStarts } from './distances.js';

/** Distances below this are rounding: the clusters point the same way and nothing is nearer. */
const sameDirection = 1e-12;

/** A rounding step of a single-precision number up to 2. */
const singleStep = 2 ** -23;

/**
 * Average linkage. With unit rows the mean distance between two clusters is exactly
 * 1 - (S_a . S_b) / (|a| |b|), S being sums of rows. A triangle in single precision, kept up to
 * date by Lance and Williams' rule, only says which clusters can be nearest; sums then decide. So
 * no matrix of doubles is needed and the result is that of double precision all the same.
 */
export function averageDistances(rows: Float64Array, count: number, dim: number): ClusterDistances {
  const rough = singleDistances(rows, count, dim);
  const sums = Float64Array.from(rows);
  const sizes = new Int32Array(count).fill(1);
  // How many roundings lie on top of the first error in the distances of a cluster.
  const depths = new Int32Array(count);
  const starts = triangleStarts(count);
  const firstError = singleError(dim);
  const rowNow = new Float32Array(count);
  let deepest = 0;
  const isZero = Uint8Array.from({ length: count }, (_, i) =>
    rows.subarray(i * dim, (i + 1) * dim).every((value) => value === 0) ? 1 : 0,
  );

  function exact(a: number, b: number): number {
    if (isZero[a] === 1 || isZero[b] === 1) return 1;
    const distance = 1 - dot(sums, a * dim, b * dim, dim) / (sizes[a]! * sizes[b]!);
    return distance < sameDirection ? 0 : Math.min(2, distance);
  }

  return {
    nearest(cluster, alive, previous) {
      let least = Infinity;
      const own = starts[cluster]!;
      for (let index = 0; index < alive.length; index++) {
        const other = alive[index]!;
        const distance =
          other > cluster ? rough[own + other]! : other < cluster ? rough[starts[other]! + cluster]! : Infinity;
        rowNow[index] = distance;
        if (distance < least) least = distance;
      }
      const candidateMax = least + 2 * (firstError + (depths[cluster]! + deepest) * singleStep);
      let best = previous;
      let bestDistance = previous < 0 ? Infinity : exact(cluster, previous);
      for (let index = 0; index < alive.length && bestDistance > 0; index++) {
        if (rowNow[index]! > candidateMax) continue;
        const distance = exact(cluster, alive[index]!);
        if (distance >= bestDistance) continue;
        best = alive[index]!;
        bestDistance = distance;
      }
      return { cluster: best, distance: bestDistance };
    },

    merge(a, b, alive) {
      const shareA = sizes[a]! / (sizes[a]! + sizes[b]!);
      for (const other of alive) {
        if (other === a || other === b) continue;
        const at = other > a ? starts[a]! + other : starts[other]! + a;
        const fromB = rough[other > b ? starts[b]! + other : starts[other]! + b]!;
        rough[at] = shareA * rough[at]! + (1 - shareA) * fromB;
      }
      for (let k = 0; k < dim; k++) sums[a * dim + k]! += sums[b * dim + k]!;
      sizes[a]! += sizes[b]!;
      depths[a] = Math.max(depths[a]!, depths[b]!) + 1;
      deepest = Math.max(deepest, depths[a]);
      if (isZero[b] === 0) isZero[a] = 0;
    },
  };
}

/** Complete (largest) or single (smallest) linkage on a triangle of doubles: n x n x 4 bytes. */
export function extremeDistances(
  rows: Float64Array,
  count: number,
  dim: number,
  linkage: 'complete' | 'single',
): ClusterDistances {
  const distances = doubleDistances(rows, count, dim);
  const starts = triangleStarts(count);
  const complete = linkage === 'complete';
  return {
    nearest(cluster, alive, previous) {
      const own = starts[cluster]!;
      const at = (other: number): number => (other > cluster ? own + other : starts[other]! + cluster);
      let best = previous;
      let bestDistance = previous < 0 ? Infinity : distances[at(previous)]!;
      for (const other of alive) {
        if (other === cluster) continue;
        const distance = distances[at(other)]!;
        if (distance >= bestDistance) continue;
        best = other;
        bestDistance = distance;
      }
      return { cluster: best, distance: bestDistance };
    },

    merge(a, b, alive) {
      for (const other of alive) {
        if (other === a || other === b) continue;
        const at = other > a ? starts[a]! + other : starts[other]! + a;
        const fromB = distances[other > b ? starts[b]! + other : starts[other]! + b]!;
        if (complete ? fromB > distances[at]! : fromB < distances[at]!) distances[at] = fromB;
      }
    },
  };
}

/** Four sums side by side, in a fixed order: the same bits whichever cluster comes first. */
function dot(values: Float64Array, a: number, b: number, dim: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let k = 0;
  for (; k + 3 < dim; k += 4) {
    s0 += values[a + k]! * values[b + k]!;
    s1 += values[a + k + 1]! * values[b + k + 1]!;
    s2 += values[a + k + 2]! * values[b + k + 2]!;
    s3 += values[a + k + 3]! * values[b + k + 3]!;
  }
  for (; k < dim; k++) s0 += values[a + k]! * values[b + k]!;
  return s0 + s1 + (s2 + s3);
}
