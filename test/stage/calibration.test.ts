import { expect, test } from 'vitest';
import { calibratedOf, cosineOf } from '../../src/stage/calibration.js';

const knots = [
  [-1, 0],
  [0.2, 0.5],
  [0.4, 0.9],
  [1, 1],
] as const;

test.each([
  [-1, 0],
  [0.2, 0.5],
  [0.3, 0.7],
  [1, 1],
])('cosine %f is calibrated %f, and back', (cosine, calibrated) => {
  expect(calibratedOf(knots, cosine)).toBeCloseTo(calibrated, 12);
  expect(cosineOf(knots, calibrated)).toBeCloseTo(cosine, 12);
});

test('a cosine outside by rounding stays inside', () => {
  expect(calibratedOf(knots, 1.0000001)).toBe(1);
  expect(calibratedOf(knots, -1.0000001)).toBe(0);
});
