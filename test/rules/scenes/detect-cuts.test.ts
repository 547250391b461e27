import fc from 'fast-check';
import { expect, test } from 'vitest';
import { detectCuts } from '../../../rules/scenes/detect-cuts.js';

/** Scores that are 30 at the named frames and 1 elsewhere. */
function highAt(frames: readonly number[], length = 100): Float64Array {
  return Float64Array.from({ length }, (_, frame) => (frames.includes(frame) ? 30 : 1));
}

function content(high: readonly number[], minSceneFrames: number, flash: 'merge' | 'suppress' = 'merge'): number[] {
  return detectCuts({ scores: highAt(high), fps: 25, detector: 'content', threshold: 27, minSceneFrames, flash });
}

test('a frame at the threshold starts a scene, one below does not', () => {
  const scores = Float64Array.of(0, 1, 27, 26.999, 1);
  expect(detectCuts({ scores, fps: 25, detector: 'content', threshold: 27, minSceneFrames: 0 })).toEqual([2]);
});

test('a burst after a cut becomes one cut, at its last high frame', () => {
  expect(content([20, 50, 51, 52, 53, 54], 10)).toEqual([20, 50]);
  expect(content([20, 21], 10)).toEqual([20]);
  expect(content([20, 25, 30, 36], 10)).toEqual([20, 36]);
});

test('before the first cut a high frame too near the start is dropped, and begins the wait anew', () => {
  expect(content([3], 10)).toEqual([]);
  expect(content([3, 12, 22], 10)).toEqual([22]);
});

test('suppress keeps the first of frames too close together and drops the rest', () => {
  expect(content([20, 25, 31, 35, 41], 10, 'suppress')).toEqual([20, 31, 41]);
});

test('without a minimum every high frame is a cut', () => {
  expect(content([3, 4, 50], 0)).toEqual([3, 4, 50]);
});

test('adaptive finds a peak and leaves out motion that is high all along', () => {
  const scores = Float64Array.from({ length: 60 }, (_, frame) => (frame === 20 ? 20 : frame > 40 ? 40 : 1));
  expect(detectCuts({ scores, fps: 25, detector: 'adaptive', threshold: 15, minSceneFrames: 12 })).toEqual([20]);
});

test('adaptive takes a lone change in a still picture, and none below the floor', () => {
  const still = (height: number): number[] => {
    const scores = Float64Array.from({ length: 40 }, (_, frame) => (frame === 20 ? height : 0));
    return detectCuts({ scores, fps: 25, detector: 'adaptive', threshold: 15, minSceneFrames: 12 });
  };
  expect([still(15), still(14.9)]).toEqual([[20], []]);
});

test('cuts ascend, are never frame 0 and, but for merging, keep their distance', () => {
  const scores = fc.array(fc.double({ min: 0, max: 60, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(scores, fc.integer({ min: 1, max: 30 }), (values, minSceneFrames) => {
      for (const detector of ['content', 'adaptive'] as const) {
        for (const flash of ['merge', 'suppress'] as const) {
          const found = detectCuts({
            scores: Float64Array.from([0, ...values]),
            fps: 25,
            detector,
            threshold: 27,
            minSceneFrames,
            flash,
          });
          const least = detector === 'adaptive' ? minSceneFrames - 2 : minSceneFrames;
          found.forEach((cut, at) => expect(cut - (found[at - 1] ?? 0)).toBeGreaterThanOrEqual(Math.max(1, least)));
        }
      }
    }),
  );
});
