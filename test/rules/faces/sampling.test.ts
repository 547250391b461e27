import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planSampling, selectSamples, type Sighting } from '../../../rules/faces/sampling.js';

function sightings(frames: readonly number[], fps = 25): Sighting[] {
  return frames.map((frame) => ({ frame, timeS: frame / fps, confident: true }));
}
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const usual = { max: 16, min: 4, spacing: 4 };

describe('planning a track', () => {
  test('a long track has max bins of equal time with 4 frames to look at each', () => {
    const { bins, keptPerBin } = planSampling(sightings(range(100, 740)), usual);
    expect(bins).toHaveLength(16);
    expect(bins[0]).toEqual([105, 115, 125, 135]);
    expect(bins[15]).toEqual([705, 715, 725, 735]);
    expect(keptPerBin).toBe(1);
  });

  test('a short track has as many bins as spaced samples fit', () => {
    expect(planSampling(sightings(range(0, 24)), usual).bins).toEqual(
      range(0, 6).map((bin) => range(4 * bin, 4 * bin + 4)),
    );
  });

  test('a very short track has the least number of bins', () => {
    expect(planSampling(sightings([7, 8, 9, 10, 11]), usual).bins).toHaveLength(4);
    expect(planSampling(sightings([7]), usual)).toEqual({ bins: [[7], [], [], []], keptPerBin: 4 });
  });

  test('a hole in a track lets the other bins keep more', () => {
    const { bins, keptPerBin } = planSampling(sightings([...range(0, 16), ...range(48, 64)]), usual);
    expect(bins.map((bin) => bin.length)).toEqual([4, 4, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4]);
    expect(keptPerBin).toBe(9);
  });

  test('detections of low score are looked at only where there is nothing better', () => {
    const track = sightings(range(0, 16)).map((one) => ({ ...one, confident: one.frame > 5 }));
    expect(planSampling(track, usual).bins).toEqual([
      [0, 1, 2, 3],
      [6, 7],
      [8, 9, 10, 11],
      [12, 13, 14, 15],
    ]);
  });

  test('no plan looks at more than 4 frames a bin, nor at one frame twice', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(5000), { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 20 }),
        (frames, max) => {
          const ascending = frames.sort((left, right) => left - right);
          const looked = planSampling(sightings(ascending), { ...usual, max }).bins;
          expect(looked.length).toBeLessThanOrEqual(max);
          expect(Math.max(...looked.map((bin) => bin.length))).toBeLessThanOrEqual(4);
          expect(new Set(looked.flat()).size).toBe(looked.flat().length);
          expect(looked.flat()).toEqual(looked.flat().sort((left, right) => left - right));
        },
      ),
    );
  });
});

describe('choosing samples', () => {
  const face = (frame: number, bin: number, quality: number) => ({ frame, bin, quality });
  const framesOf = (chosen: readonly { frame: number }[]): number[] => chosen.map(({ frame }) => frame);

  test('takes the best of each bin, in the order of frames', () => {
    const faces = [face(0, 0, 0.2), face(1, 0, 0.9), face(10, 1, 0.1), face(12, 1, 0.05), face(30, 2, 0.8)];
    expect(framesOf(selectSamples(faces, { wanted: 3, min: 1, spacing: 4 }))).toEqual([1, 10, 30]);
  });

  test('fills empty bins with the next best that are far enough from the chosen', () => {
    const faces = [face(0, 0, 0.9), face(2, 0, 0.8), face(5, 0, 0.7), face(40, 3, 0.6)];
    expect(framesOf(selectSamples(faces, { wanted: 4, min: 1, spacing: 4 }))).toEqual([0, 5, 40]);
  });

  test('ignores the spacing rather than fall below the least number', () => {
    const faces = [face(0, 0, 0.9), face(1, 1, 0.8), face(2, 1, 0.7), face(3, 1, 0.6), face(4, 1, 0.5)];
    expect(framesOf(selectSamples(faces, { wanted: 8, min: 4, spacing: 10 }))).toEqual([0, 1, 2, 3]);
  });

  test('gives ties to the earlier frame, whatever the order of arrival', () => {
    const faces = [face(9, 0, 0.5), face(3, 0, 0.5), face(6, 0, 0.5)];
    expect(framesOf(selectSamples(faces, { wanted: 1, min: 1, spacing: 4 }))).toEqual([3]);
    expect(framesOf(selectSamples([...faces].reverse(), { wanted: 1, min: 1, spacing: 4 }))).toEqual([3]);
  });

  test('never takes more than wanted', () => {
    const faces = range(0, 20).map((frame) => face(frame, frame, 1));
    expect(selectSamples(faces, { wanted: 5, min: 1, spacing: 1 })).toHaveLength(5);
    expect(selectSamples([], { wanted: 5, min: 1, spacing: 1 })).toEqual([]);
  });
});
