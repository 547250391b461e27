import { expect, test } from 'vitest';
import { correct, filterBox, predict, startFilter } from '../../../rules/track/kalman.js';

const hundredHigh = [0, 0, 50, 100] as const;

test('a box 100 px high starts with the published variances and at rest', () => {
  const filter = startFilter(hundredHigh);
  expect([...filter.position]).toEqual([25, 50, 0.5, 100]);
  expect([...filter.velocity]).toEqual([0, 0, 0, 0]);
  expectNear(filter.positionVariance, [100, 100, 1e-4, 100]);
  expectNear(filter.velocityVariance, [39.0625, 39.0625, 1e-10, 39.0625]);
});

test('a step adds the published process noise', () => {
  const filter = startFilter(hundredHigh);
  predict(filter, 1, { holdHeight: false });
  expectNear(filter.positionVariance, [100 + 39.0625 + 25, 100 + 39.0625 + 25, 2e-4 + 1e-10, 100 + 39.0625 + 25]);
  expectNear(filter.covariance, [39.0625, 39.0625, 1e-10, 39.0625]);
  expectNear(filter.velocityVariance, [39.453125, 39.453125, 2e-10, 39.453125]);
});

test('four steps at once are four single steps', () => {
  const walk = (strides: readonly number[]): ReturnType<typeof startFilter> => {
    const filter = startFilter(hundredHigh);
    predict(filter, 1, { holdHeight: true });
    correct(filter, [10, 0, 60, 100]);
    for (const steps of strides) predict(filter, steps, { holdHeight: true });
    return filter;
  };
  const [once, singly] = [walk([4]), walk([1, 1, 1, 1])];
  expectNear(once.position, [...singly.position]);
  expectNear(once.positionVariance, [...singly.positionVariance]);
  expectNear(once.covariance, [...singly.covariance]);
  expectNear(once.velocityVariance, [...singly.velocityVariance]);
});

test('a correction moves the box towards what was measured and gives it speed', () => {
  const filter = startFilter(hundredHigh);
  predict(filter, 1, { holdHeight: false });
  correct(filter, [10, 0, 60, 100]);
  const gain = 164.0625 / (164.0625 + 25);
  expect(filterBox(filter)[0]).toBeCloseTo(10 * gain, 9);
  expect(filter.velocity[0]).toBeCloseTo((10 * 39.0625) / 189.0625, 9);
});

test('a face out of sight keeps its height', () => {
  const filter = startFilter(hundredHigh);
  predict(filter, 1, { holdHeight: false });
  correct(filter, [0, 0, 60, 120]);
  const height = filter.position[3];
  predict(filter, 5, { holdHeight: true });
  expect(filter.position[3]).toBe(height);
});

function expectNear(found: Float64Array, wanted: readonly number[]): void {
  for (const [i, value] of wanted.entries()) expect(found[i]! / (value || 1)).toBeCloseTo(value === 0 ? 0 : 1, 9);
}
