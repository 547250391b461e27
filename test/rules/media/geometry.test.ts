import { expect, test } from 'vitest';
import { fitInside, intersectionOverUnion } from '../../../rules/media/geometry.js';
import { processingStride } from '../../../rules/media/stride.js';

test('boxes that share half of each overlap by a third, and boxes that only touch not at all', () => {
  expect(intersectionOverUnion([0, 0, 2, 1], [1, 0, 3, 1])).toBeCloseTo(1 / 3, 12);
  expect(intersectionOverUnion([0, 0, 1, 1], [1, 0, 2, 1])).toBe(0);
  expect(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0])).toBe(0);
});

test('a picture is fitted into a box with its sides truncated, enlarged where it is smaller', () => {
  expect(fitInside({ width: 854, height: 480 }, { width: 640, height: 640 })).toEqual({ width: 640, height: 359 });
  expect(fitInside({ width: 320, height: 240 }, { width: 640, height: 640 })).toEqual({ width: 640, height: 480 });
  expect(fitInside({ width: 4000, height: 2 }, { width: 64, height: 64 })).toEqual({ width: 64, height: 1 });
});

test('a picture that was fitted already stays as it is, also when a side was truncated', () => {
  expect(fitInside({ width: 639, height: 359 }, { width: 640, height: 640 })).toEqual({ width: 639, height: 359 });
});

test('a wanted rate becomes the nearest stride and wins over the stride', () => {
  expect(processingStride({ stride: 3, target_fps: null }, 25)).toBe(3);
  expect(processingStride({ stride: 3, target_fps: 5 }, 23.976)).toBe(5);
  expect(processingStride({ stride: 3, target_fps: 60 }, 25)).toBe(1);
});
