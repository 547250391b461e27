// What `nearest` and `merge` mean for complete and single linkage.
import type { ClusterDistances } from './chain.js';
import { doubleDistances, triangleStarts } from './distances.js';

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
