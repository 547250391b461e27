// Labels and heights against scikit-learn's on shared reference data, and the constraints.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agglomerate } from '../../../rules/cluster/agglomerate.js';
import type { Linkage, Pair } from '../../../rules/cluster/agglomerate.js';
import { describeWithShared, shared } from '../../support/shared.js';
import { readReferences, referenceVectors } from './references.js';
import type { Expectation } from './references.js';

const linkages = ['average', 'complete', 'single'] as const;

describeWithShared('agglomerate against scikit-learn', ['data/clustering/expected.json'], () => {
  const references = readReferences(shared('data/clustering'));

  test.each(references)('$name: labels equal for every linkage and threshold', (reference) => {
    const input = referenceVectors(reference);
    // The largest case takes seconds a run: of each linkage, the threshold closest to a merge.
    const expected = input.count < 5000 ? reference.expected : closestCalls(reference.expected);
    for (const { linkage, threshold, labels } of expected) {
      const result = agglomerate({ ...input, linkage, distanceMax: threshold });
      expect([...result.labels], `${linkage} ${threshold}`).toEqual(labels);
    }
  });

  test.each(references.filter(({ heights }) => heights.size > 0))('$name: heights within 1e-9', (reference) => {
    const input = referenceVectors(reference);
    for (const [linkage, expected] of reference.heights) {
      const { heights } = agglomerate({ ...input, linkage, distanceMax: 0.5 });
      expect(heights.length).toBe(expected.length);
      for (const [index, height] of heights.entries()) expect(Math.abs(height - expected[index]!)).toBeLessThan(1e-9);
    }
  });

  test.each(references.filter(({ count, name }) => count <= 500 && name !== 'ties_circle12'))(
    '$name: the constrained algorithm agrees when the constraints say nothing',
    (reference) => {
      const input = referenceVectors(reference);
      for (const { linkage, threshold, labels } of reference.expected) {
        const result = agglomerate({ ...input, linkage, distanceMax: threshold, mustLink: [[0, 0]] });
        expect([...result.labels], `${linkage} ${threshold}`).toEqual(labels);
      }
    },
  );
});

/** Unit vectors in the plane, one for each angle in degrees. */
function angles(...degrees: readonly number[]): { vectors: Float32Array; count: number; dim: number } {
  const vectors = Float32Array.from(
    degrees.flatMap((degree) => [Math.cos((degree * Math.PI) / 180), Math.sin((degree * Math.PI) / 180)]),
  );
  return { vectors, count: degrees.length, dim: 2 };
}

describe('agglomerate', () => {
  test('no rows give no labels, one row gives one cluster', () => {
    expect(agglomerate({ ...angles(), linkage: 'average', distanceMax: 0.5 }).labels).toEqual(new Int32Array(0));
    expect(agglomerate({ ...angles(40), linkage: 'average', distanceMax: 0.5 }).labels).toEqual(Int32Array.of(0));
  });

  test('labels are numbered in the order in which clusters first appear', () => {
    const { labels } = agglomerate({ ...angles(90, 0, 91, 1, 180), linkage: 'average', distanceMax: 0.1 });
    expect([...labels]).toEqual([0, 1, 0, 1, 2]);
  });

  test.each(linkages)('%s: a merge at exactly the limit is not made', (linkage) => {
    const input = { vectors: Float32Array.of(1, 0, 0, 1), count: 2, dim: 2, linkage };
    expect([...agglomerate({ ...input, distanceMax: 1 }).labels]).toEqual([0, 1]);
    expect([...agglomerate({ ...input, distanceMax: 1.0000001 }).labels]).toEqual([0, 0]);
  });

  test('many equal rows and many zero rows end in one cluster and in clusters of one', () => {
    const equal = { vectors: new Float32Array(3000 * 8).fill(0.5), count: 3000, dim: 8 };
    expect(new Set(agglomerate({ ...equal, linkage: 'average', distanceMax: 0.01 }).labels).size).toBe(1);
    const zero = { vectors: new Float32Array(3000 * 8), count: 3000, dim: 8 };
    expect(new Set(agglomerate({ ...zero, linkage: 'average', distanceMax: 1 }).labels).size).toBe(3000);
  });

  test('distances that single precision cannot tell apart are told apart', () => {
    const dim = 512;
    for (let seed = 1; seed <= 40; seed++) {
      // Seen from a row of ones, a row and its reverse are equally far; one number then tips the balance.
      const row = scattered(dim, seed).map((value) => value + 2);
      const nearly = row.toReversed().with(0, row[dim - 1]! * (1 + 1e-5));
      const vectors = Float32Array.of(...new Array<number>(dim).fill(1), ...row, ...nearly);
      const [one, other] = [row, nearly].map((values) => {
        const sum = values.reduce((total, value) => total + value, 0);
        return 1 - sum / Math.sqrt(dim * values.reduce((total, value) => total + value * value, 0));
      }) as [number, number];
      const distanceMax = (one + other) / 2;
      const { labels } = agglomerate({ vectors, count: 3, dim, linkage: 'average', distanceMax });
      expect([...labels], `${one} ${other}`).toEqual(one < other ? [0, 0, 1] : [0, 1, 0]);
    }
  });

  test.each(linkages)('%s: the chain gives the same partition as merging the nearest pair over and over', (linkage) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 2, max: 9 }),
        fc.integer(),
        fc.double({ min: 0.05, max: 1.5, noNaN: true }),
        (count, dim, seed, distanceMax) => {
          const vectors = scattered(count * dim, seed);
          const chain = agglomerate({ vectors, count, dim, linkage, distanceMax });
          const greedy = agglomerate({ vectors, count, dim, linkage, distanceMax, mustLink: [[0, 0]] });
          expect([...chain.labels]).toEqual([...greedy.labels]);
          for (const [index, height] of chain.heights.entries()) expect(height).toBeCloseTo(greedy.heights[index]!, 9);
        },
      ),
      { numRuns: 150 },
    );
  });

  test.each(linkages)('%s: cannot-link keeps rows apart through every merge, must-link joins them', (linkage) => {
    fc.assert(
      fc.property(constrainedProblem, ({ degrees, cannotLink, mustLink }) => {
        const input = { ...angles(...degrees), linkage, distanceMax: 1.9, cannotLink, mustLink };
        if (conflicts(degrees.length, cannotLink, mustLink)) {
          expect(() => agglomerate(input)).toThrow(/must-link \[\d+, \d+\] joins what cannot-link \[\d+, \d+\]/);
          return;
        }
        const { labels } = agglomerate(input);
        for (const [i, j] of cannotLink) expect(labels[i]).not.toBe(labels[j]);
        for (const [i, j] of mustLink) expect(labels[i]).toBe(labels[j]);
      }),
      { numRuns: 200 },
    );
  });

  test('a forbidden pair is inherited: what joins one of its rows cannot join the other', () => {
    const input = { ...angles(0, 4, 9), linkage: 'average', distanceMax: 0.5, cannotLink: [[0, 2]] } as const;
    expect([...agglomerate(input).labels]).toEqual([0, 0, 1]);
  });

  test('must-link against cannot-link is refused with both pairs named', () => {
    const input = { ...angles(0, 1, 2, 3), linkage: 'average', distanceMax: 0.5 } as const;
    const pairs = { mustLink: [[0, 1], [2, 1]], cannotLink: [[3, 1], [2, 0]] } as const; // prettier-ignore
    expect(() => agglomerate({ ...input, ...pairs })).toThrow(
      'must-link [2, 1] joins what cannot-link [2, 0] keeps apart: drop one of them',
    );
  });

  test.each([
    [{ count: 3 }, 'vectors holds 4 numbers, not 3 x 2'],
    [{ vectors: Float32Array.of(1, Number.NaN, 0, 1) }, 'vector 0 has a component that is not a finite number'],
    [{ cannotLink: [[0, 2]] as Pair[] }, 'pair [0, 2] names a row outside 0..1'],
    [{ cannotLink: [[1, 1]] as Pair[] }, 'cannot-link [1, 1] keeps a row apart from itself'],
    [{ distanceMax: Number.NaN }, 'distanceMax is not a number'],
  ])('wrong input is refused: %j', (change, message) => {
    const input = { ...angles(0, 90), linkage: 'average' as Linkage, distanceMax: 0.5, ...change };
    expect(() => agglomerate(input)).toThrow(message);
  });
});

const constrainedProblem = fc.integer({ min: 2, max: 14 }).chain((count) => {
  const row = fc.integer({ min: 0, max: count - 1 });
  const pairs = fc.array(
    fc.tuple(row, row).filter(([i, j]) => i !== j),
    { maxLength: 8 },
  );
  return fc.record({
    degrees: fc.array(fc.double({ min: 0, max: 360, noNaN: true }), { minLength: count, maxLength: count }),
    cannotLink: pairs,
    mustLink: pairs,
  });
});

/** True when following must-link from some row reaches a row that it must not be with. */
function conflicts(count: number, cannotLink: readonly Pair[], mustLink: readonly Pair[]): boolean {
  const group = Array.from({ length: count }, (_, row) => row);
  for (const [i, j] of mustLink) {
    const [from, to] = [group[i]!, group[j]!];
    for (const [row, name] of group.entries()) if (name === from) group[row] = to;
  }
  return cannotLink.some(([i, j]) => group[i] === group[j]);
}

/** Numbers of -1..1 that look like chance and depend on the seed alone (a xorshift of 32 bits). */
function scattered(length: number, seed: number): Float32Array {
  let state = seed | 1;
  return Float32Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  });
}

function closestCalls(expected: readonly Expectation[]): Expectation[] {
  return linkages.map(
    (linkage) => expected.filter((one) => one.linkage === linkage).sort((one, other) => one.gap - other.gap)[0]!,
  );
}
