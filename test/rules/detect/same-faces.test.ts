import { expect, test } from 'vitest';
import type { FoundFace } from '../../../rules/detect/merge.js';
import { faceBetween, sameFaces } from '../../../rules/detect/same-faces.js';

const face = (x: number, score = 0.9): FoundFace => ({ bbox: [x, 0, x + 0.2, 0.2], landmarks: null, score });

test('each face is paired with the closest, whatever the order', () => {
  const [one, other] = [face(0), face(0.08)];
  const [oneAfter, otherAfter] = [face(0.03), face(0.1)];
  const pairs = sameFaces([one, other], [otherAfter, oneAfter], 0.65);
  expect(new Set(pairs)).toEqual(
    new Set([
      [one, oneAfter],
      [other, otherAfter],
    ]),
  );
});

test.each([
  ['one came', [face(0)], [face(0), face(0.5)]],
  ['one went', [face(0), face(0.5)], [face(0)]],
  ['one moved far', [face(0)], [face(0.15)]],
  ['one weakened', [face(0, 0.7)], [face(0, 0.6)]],
])('faces are not the same where %s', (_, before, after) => {
  expect(sameFaces(before, after, 0.65)).toBeUndefined();
});

test('weak faces come and go as they please', () => {
  expect(sameFaces([face(0), face(0.5, 0.3)], [face(0), face(0.8, 0.6)], 0.65)).toEqual([[face(0), face(0)]]);
  expect(sameFaces([], [face(0.5, 0.3)], 0.65)).toEqual([]);
});

test('a face between two lies on the straight line, with landmarks if both have some', () => {
  const points = (x: number): FoundFace['landmarks'] => [
    [x, 0.1],
    [x, 0.2],
    [x, 0.3],
    [x, 0.4],
    [x, 0.5],
  ];
  const before = { ...face(0, 0.8), landmarks: points(0) };
  const after = { ...face(0.1, 0.9), landmarks: points(0.4) };
  const between = faceBetween(before, after, 0.25);
  expect(between.bbox[0]).toBeCloseTo(0.025);
  expect(between.bbox[2]).toBeCloseTo(0.225);
  expect(between.score).toBeCloseTo(0.825);
  expect(between.landmarks?.[4]).toEqual([0.1, 0.5]);
  expect(faceBetween(before, face(0), 0.5).landmarks).toBeNull();
});
