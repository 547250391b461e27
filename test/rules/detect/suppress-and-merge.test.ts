import { expect, test } from 'vitest';
import { Candidates } from '../../../rules/detect/candidates.js';
import { dropImplausible, facesOf, placeInFrame } from '../../../rules/detect/merge.js';
import { nonMaxSuppression } from '../../../rules/detect/non-max-suppression.js';
import { planPasses } from '../../../rules/detect/passes.js';
import { scoreMap } from '../../../rules/detect/score-map.js';

const yunet = { resize: 'letterbox', inputSize: null } as const;
const ultraLight = { resize: 'stretch', inputSize: [320, 240] } as const;

test('of overlapping boxes the best stays, and what only a dropped box overlapped stays too', () => {
  const boxes = [0, 0, 10, 10, 3, 0, 13, 10, 6, 0, 16, 10];
  expect(nonMaxSuppression({ boxes, scores: [0.9, 0.8, 0.7], iouMax: 0.4 })).toEqual([0, 2]);
});

test('equal scores are taken in the order of their indices', () => {
  const boxes = Float32Array.from([0, 0, 10, 10, 1, 0, 11, 10, 50, 0, 60, 10]);
  expect(nonMaxSuppression({ boxes, scores: [0.5, 0.5, 0.5], iouMax: 0.5 })).toEqual([0, 2]);
});

test('the overlap must be above the limit, and counting the last pixel changes it', () => {
  const boxes = [0, 0, 2, 1, 1, 0, 3, 1];
  expect(nonMaxSuppression({ boxes, scores: [1, 0.5], iouMax: 1 / 3 })).toEqual([0, 1]);
  expect(nonMaxSuppression({ boxes, scores: [1, 0.5], iouMax: 1 / 3, area: 'inclusive' })).toEqual([0]);
});

test('only the best candidates are looked at, and only the counted ones', () => {
  const boxes = [0, 0, 1, 1, 5, 0, 6, 1, 9, 0, 10, 1];
  expect(nonMaxSuppression({ boxes, scores: [0.1, 0.2, 0.3], iouMax: 0.5, candidatesMax: 2 })).toEqual([2, 1]);
  expect(nonMaxSuppression({ boxes, scores: [0.1, 0.2, 0.3], iouMax: 0.5, count: 2 })).toEqual([1, 0]);
});

test('a score map goes both ways and never turns back', () => {
  const map = scoreMap([
    [0.5, 0.65],
    [0.9, 0.95],
  ]);
  expect(map.calibrated(0.5)).toBeCloseTo(0.65, 12);
  expect(map.raw(0.65)).toBeCloseTo(0.5, 12);
  expect([map.calibrated(0), map.calibrated(1), map.calibrated(1.01)]).toEqual([0, 1, 1]);
  const raws = Array.from({ length: 101 }, (_, i) => i / 100);
  for (const raw of raws) expect(map.raw(map.calibrated(raw))).toBeCloseTo(raw, 9);
  expect(scoreMap().calibrated(0.37)).toBeCloseTo(0.37, 12);
});

test('a frame is letterboxed at each wanted size once, padded to multiples of 32', () => {
  const passes = planPasses(yunet, { width: 1280, height: 720 }, [640, 1280, 640]);
  expect(passes.map(({ scaled, input }) => [scaled, input])).toEqual([
    [
      { width: 1280, height: 720 },
      { width: 1280, height: 736 },
    ],
    [
      { width: 640, height: 360 },
      { width: 640, height: 384 },
    ],
  ]);
});

test('a network with a small fixed input sees the whole frame and two overlapping crops at 640', () => {
  const [whole, left, right, ...more] = planPasses(ultraLight, { width: 1700, height: 900 }, [640]);
  expect(more).toEqual([]);
  expect(whole?.region).toEqual({ x: 0, y: 0, width: 1700, height: 900 });
  expect(left?.region).toEqual({ x: 0, y: 0, width: 1000, height: 900 });
  expect(right?.region).toEqual({ x: 700, y: 0, width: 1000, height: 900 });
  expect([left?.cut.left, left?.cut.right, right?.cut.left, right?.cut.right]).toEqual([false, true, true, false]);
  expect([left?.scaled, left?.input]).toEqual([
    { width: 320, height: 240 },
    { width: 320, height: 240 },
  ]);
  expect(planPasses(ultraLight, { width: 1700, height: 900 }, [384])).toHaveLength(1);
});

test('a box in a crop lands where it is in the frame, and one at the cut edge is dropped', () => {
  const frame = { width: 1700, height: 900 };
  const right = planPasses(ultraLight, frame, [640])[2]!;
  const candidates = new Candidates();
  candidates.add(0.9, 1, 10, 40, 50);
  const whole = candidates.add(0.8, 32, 24, 64, 48);
  candidates.points.set([32, 24, 64, 48], whole * 10);
  placeInFrame(candidates, 0, right, frame);
  expect(candidates.count).toBe(1);
  expect(Array.from(candidates.boxes.subarray(0, 4))).toEqual(
    [800 / 1700, 0.1, 900 / 1700, 0.2].map((v) => expect.closeTo(v, 9) as number),
  );
  expect(Array.from(candidates.points.subarray(0, 2))).toEqual(
    [800 / 1700, 0.1].map((v) => expect.closeTo(v, 9) as number),
  );
});

test('boxes of impossible shape or too few pixels are dropped; one cut by the frame edge is kept', () => {
  const candidates = new Candidates();
  candidates.add(0.9, 0.1, 0.1, 0.2, 0.15); // 4:1 in pixels
  candidates.add(0.8, 0.1, 0.1, 0.105, 0.11); // 10x10 pixels
  candidates.add(0.7, -0.05, 0.1, 0.05, 0.3); // half outside
  candidates.add(0.6, 1.1, 0.1, 1.2, 0.3); // all of it outside
  dropImplausible(candidates, { video: { width: 2000, height: 1000 }, areaMin: 101 });
  expect(facesOf(candidates, [0], false)).toEqual([{ bbox: [0, 0.1, 0.05, 0.3], landmarks: null, score: 0.7 }]);
  expect(candidates.count).toBe(1);
});
