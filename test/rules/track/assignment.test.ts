import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignBelow } from '../../../rules/track/assignment.js';

test('the limit is part of the problem: one cheap pair beats two dear ones', () => {
  const costs = [
    [0.1, 0.45],
    [0.5, 0.99],
  ];
  expect(assignBelow(costs, 0.8)).toEqual([0, -1]);
});

test('a pair that costs the limit, or is no number, stays apart', () => {
  expect(assignBelow([[0.8]], 0.8)).toEqual([-1]);
  expect(assignBelow([[Number.NaN, 0.2]], 0.8)).toEqual([1]);
});

test('no rows and no columns are both fine', () => {
  expect(assignBelow([], 0.8)).toEqual([]);
  expect(assignBelow([[], []], 0.8)).toEqual([-1, -1]);
});

test('the sum of cost minus limit is the least of all partial matchings', () => {
  const matrix = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })).chain(([rows, columns]) => {
    const row = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: columns, maxLength: columns });
    return fc.array(row, { minLength: rows, maxLength: rows });
  });
  fc.assert(
    fc.property(matrix, fc.double({ min: 0.1, max: 1, noNaN: true }), (costs, limit) => {
      const columns = assignBelow(costs, limit);
      const used = columns.filter((column) => column >= 0);
      expect(new Set(used).size).toBe(used.length);
      const sum = columns.reduce((total, column, row) => total + (column < 0 ? 0 : costs[row]![column]! - limit), 0);
      expect(sum).toBeCloseTo(leastSum(costs, limit), 9);
    }),
    { numRuns: 300 },
  );
});

/** Tries every partial matching. */
function leastSum(costs: readonly (readonly number[])[], limit: number, taken = new Set<number>()): number {
  const [row, ...rest] = costs;
  if (row === undefined) return 0;
  let least = leastSum(rest, limit, taken);
  for (const [column, cost] of row.entries()) {
    if (taken.has(column) || cost >= limit) continue;
    least = Math.min(least, cost - limit + leastSum(rest, limit, new Set([...taken, column])));
  }
  return least;
}
