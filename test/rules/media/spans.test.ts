import { expect, test } from 'vitest';
import { holes, measure, sweep, union } from '../../../rules/media/spans.js';

test('spans that overlap or touch become one, empty ones go', () => {
  const spans = union([
    [3, 4],
    [0, 1],
    [1, 2],
    [3.5, 5],
    [9, 9],
  ]);
  expect(spans).toEqual([
    [0, 2],
    [3, 5],
  ]);
  expect(measure(spans)).toBe(4);
});

test('holes up to the limit are named, longer ones are not', () => {
  const spans = union([
    [0, 1],
    [1.5, 2],
    [3, 4],
  ]);
  expect(holes(spans, 0.5)).toEqual([[1, 1.5]]);
});

test('a sweep tells who is there together and for how long', () => {
  const told: [number[], number][] = [];
  sweep([[[0, 4]], [[1, 2]], [[4, 5]]], (present, seconds) => told.push([[...present], seconds]));
  expect(told).toEqual([
    [[0], 1],
    [[0, 1], 1],
    [[0], 2],
    [[2], 1],
  ]);
});
