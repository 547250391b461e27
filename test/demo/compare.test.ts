import { expect, test } from 'vitest';
import { compareWithTruth, comparisonLines } from '../../src/demo/compare.js';
import type { DemoTruth } from '../../src/demo/truth.js';
import type { ExportedEpisode } from '../../src/export/json.js';

/** Two people side by side for four frames at 2 frames a second; Bea stays for two more. */
const ada = { name: 'Ada', box: [0, 0, 10, 10] as const };
const bea = { name: 'Bea', box: [50, 0, 60, 10] as const };
const truth: DemoTruth = {
  fps: 2,
  duration_s: 3,
  width: 100,
  height: 50,
  people: [
    { name: 'Ada', visible_s: 2, visible: [{ start_s: 0, end_s: 2 }] },
    { name: 'Bea', visible_s: 3, visible: [{ start_s: 0, end_s: 3 }] },
  ],
  faces: [[ada, bea], [ada, bea], [ada, bea], [ada, bea], [bea], [bea]],
  shots: [{ start_s: 0, end_s: 3 }],
};

function found(faces: readonly (readonly [t: number, id: string, x: number])[], intervals: Record<string, number[]>) {
  const exported: ExportedEpisode = {
    fps: 2,
    identities: Object.entries(intervals).map(([id, [start_s = 0, end_s = 0]]) => ({
      id,
      intervals: [{ start_s, end_s }],
    })),
    faces: faces.map(([t, id, x]) => ({ t, id, x, y: 0, w: 10, h: 10 })),
    others: [],
    shots: [],
  };
  return compareWithTruth(exported, truth);
}

test('two people who are seen together are told apart by where their faces are', () => {
  const faces = [0, 0.5, 1, 1.5].flatMap((t) => [[t, 'id_2', 1] as const, [t, 'id_1', 51] as const]);
  const comparison = found(faces, { id_1: [0, 3], id_2: [0.5, 2.25] });
  expect(comparison).toEqual({
    people: [
      { name: 'Ada', id: 'id_2', known_s: 2, measured_s: 1.75, error_s: -0.25, missed_s: 0.5, extra_s: 0.25 },
      { name: 'Bea', id: 'id_1', known_s: 3, measured_s: 3, error_s: 0, missed_s: 0, extra_s: 0 },
    ],
    unmatched: [],
  });
  expect(comparisonLines(comparison)).toEqual([
    'person  known s  measured s  off by s  identity',
    'Ada        2.00        1.75     -0.25  id_2',
    'Bea        3.00        3.00     +0.00  id_1',
    '',
    '2 of 2 people found, no further identities; off by 0.13 s on average, 0.25 s at most',
  ]);
});

test('a person in two pieces keeps the larger one, and the other is named', () => {
  const faces = [
    [0, 'id_1', 50],
    [0.5, 'id_1', 50],
    [1, 'id_2', 50],
    [2, 'id_2', 50],
    [2.5, 'id_2', 50],
  ] as const;
  const { people, unmatched } = found(faces, { id_1: [0, 1], id_2: [1, 3] });
  expect(people.map(({ name, id, error_s }) => [name, id, error_s])).toEqual([
    ['Ada', undefined, -2],
    ['Bea', 'id_2', -1],
  ]);
  expect(unmatched).toEqual([{ id: 'id_1', seconds: 1 }]);
});

test('a person who is only among the others was not found', () => {
  const { people } = found([[0, 'id_1', 50]], {});
  expect(people.map(({ id, measured_s }) => [id, measured_s])).toEqual([
    [undefined, 0],
    [undefined, 0],
  ]);
});

test('an identity with no known face is nobody', () => {
  const comparison = found([[0, 'id_1', 80]], { id_1: [0, 1] });
  expect(comparison.people.map(({ id }) => id)).toEqual([undefined, undefined]);
  expect(comparisonLines(comparison).at(-1)).toBe(
    '0 of 2 people found, 1 further identity; off by 2.50 s on average, 3.00 s at most',
  );
});
