import { expect, test } from 'vitest';
import { framesIndex } from '../../../rules/probe/stage.js';
import { framesIndexSchema } from '../../../src/stage/artifacts.js';
import type { VideoFacts } from '../../../src/stage/stage.js';

const facts: VideoFacts = {
  container: 'matroska,webm',
  codec: 'vp9',
  storedWidth: 720,
  storedHeight: 576,
  width: 576,
  height: 1024,
  rotation: 90,
  pixelAspect: [64, 45],
  timeBase: [1, 1000],
  pts: [700, 740, 780, 820],
  lastDuration: 40,
  clockMended: false,
};

test('length and rate count from the first frame to the end of the last', () => {
  const index = framesIndex(facts);
  expect(framesIndexSchema.parse(index)).toEqual(index);
  expect(index).toMatchObject({ frame_count: 4, duration_s: 0.16, fps: 25, variable_rate: false, rotation: 90 });
});

test('a coarse clock does not make a constant rate a variable one, a dropped frame does', () => {
  expect(framesIndex({ ...facts, pts: [0, 42, 83, 125] }).variable_rate).toBe(false);
  expect(framesIndex({ ...facts, pts: [0, 42, 125, 167] }).variable_rate).toBe(true);
});

test('one frame is a video as long as that frame', () => {
  expect(framesIndex({ ...facts, pts: [5] })).toMatchObject({ frame_count: 1, duration_s: 0.04, fps: 25 });
  expect(() => framesIndex({ ...facts, pts: [] })).toThrow('a video without frames has no index');
});
