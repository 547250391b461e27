import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hybridCuts, type HybridOptions } from '../../../rules/scenes/hybrid-cuts.js';
import { blend, drawing, even, hybridCutsOf, still } from './pictures.js';

test('a hard cut is found at its first frame', () => {
  expect(hybridCutsOf([...still(1, 40), ...still(2, 40), ...still(3, 40)])).toEqual([40, 80]);
});

test.each([6, 10, 16, 24, 30])('a dissolve over %i frames is one boundary, in its middle', (length) => {
  const cuts = hybridCutsOf([...still(1, 60), ...blend(drawing(1), drawing(2), length), ...still(2, 60)]);
  expect(cuts).toHaveLength(1);
  expect(Math.abs(cuts[0]! - (60 + length / 2))).toBeLessThanOrEqual(2);
});

test.each([
  ['black', 0, 0],
  ['black', 0, 8],
  ['black', 0, 100],
  ['white', 255, 4],
])('a fade through %s (level %i) that rests for %i frames is one boundary', (_, level, rest) => {
  const [blank] = even(level, 1);
  const video = [
    ...still(1, 60),
    ...blend(drawing(1), blank!, 12),
    ...even(level, rest + 1),
    ...blend(blank!, drawing(2), 12),
    ...still(2, 60),
  ];
  const cuts = hybridCutsOf(video);
  expect(cuts).toHaveLength(1);
  expect(Math.abs(cuts[0]! - video.length / 2)).toBeLessThanOrEqual(3);
});

test('a video that fades in at its start and out at its end has no boundary', () => {
  const [black] = even(0, 1);
  const shown = [...blend(black!, drawing(1), 20), ...still(1, 80), ...blend(drawing(1), black!, 20)];
  expect(hybridCutsOf([...even(0, 20), ...shown, ...even(0, 20)])).toEqual([]);
});

test.each([1, 2, 4])('a flash of %i frames is no boundary', (length) => {
  expect(hybridCutsOf([...still(1, 40), ...even(250, length), ...still(1, 40)])).toEqual([]);
});

test('a camera that moves, at any speed and from rest, is no boundary', () => {
  for (const speed of [0.5, 1, 2, 4, 8]) {
    const moving = Array.from({ length: 60 }, (_, at) => drawing(1, at * speed));
    expect(hybridCutsOf([...still(1, 30), ...moving])).toEqual([]);
  }
});

test('a cut between shots that both move is found', () => {
  const moving = (seed: number): Float64Array[] => Array.from({ length: 40 }, (_, at) => drawing(seed, at * 2));
  expect(hybridCutsOf([...moving(1), ...moving(2)])).toEqual([40]);
});

test('a cut blended into one picture is one boundary', () => {
  const cuts = hybridCutsOf([...still(1, 40), ...blend(drawing(1), drawing(2), 1), ...still(2, 40)]);
  expect([[40], [41]]).toContainEqual(cuts);
});

test('noise in the dark, where hue and saturation leap, is no boundary', () => {
  const dark = Array.from({ length: 60 }, (_, frame) =>
    Float64Array.from({ length: drawing(1).length }, (_, at) => (at * 7919 + (frame >> 4) * 104729) % 3),
  );
  expect(hybridCutsOf(dark)).toEqual([]);
});

const quiet = (length: number): Pick<HybridOptions, 'scores' | 'unlike' | 'threshold' | 'minSceneFrames'> => ({
  scores: new Float64Array(length).fill(1),
  unlike: new Float64Array(length),
  threshold: 27,
  minSceneFrames: 12,
});

test('of two cuts too close together the stronger stays, wherever it stands', () => {
  const options = quiet(100);
  for (const [frame, score] of [
    [40, 50],
    [48, 60],
    [80, 60],
    [88, 50],
  ] as const) {
    options.scores[frame] = score;
    options.unlike[frame] = 1;
  }
  expect(hybridCuts({ ...options, gradual: [] })).toEqual([48, 80]);
});

test('a step that is only part of a gradual change gives way to its middle, a whole cut does not', () => {
  const gradual = [{ frame: 50, first: 34, last: 66, begin: 42, end: 58, unlike: 1, strength: 0.9 }];
  const cutsWith = (unlike: number): number[] => {
    const options = quiet(100);
    options.scores[44] = 40;
    options.unlike[44] = unlike;
    return hybridCuts({ ...options, gradual });
  };
  expect([cutsWith(0.3), cutsWith(0.9)]).toEqual([[50], [44]]);
});

test('a threshold out of reach leaves gradual changes alone', () => {
  const options = quiet(100);
  options.scores[20] = 60;
  options.unlike[20] = 1;
  const gradual = [{ frame: 70, first: 60, last: 80, begin: 66, end: 74, unlike: 1, strength: 0.9 }];
  expect(hybridCuts({ ...options, gradual })).toEqual([20, 70]);
  expect(hybridCuts({ ...options, gradual, threshold: 255 })).toEqual([70]);
});

test('cuts ascend and keep their distance from each other and from the start', () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true });
  const frames = fc.array(fc.record({ score: value, unlike: value }), { minLength: 1, maxLength: 120 });
  const change = fc.record({ frame: fc.nat(119), span: fc.integer({ min: 1, max: 32 }), unlike: value });
  fc.assert(
    fc.property(frames, fc.array(change, { maxLength: 8 }), fc.integer({ min: 1, max: 30 }), (each, changes, least) => {
      const cuts = hybridCuts({
        scores: Float64Array.from(each, ({ score }) => score * 80),
        unlike: Float64Array.from(each, ({ unlike }) => unlike),
        gradual: changes.map(({ frame, span, unlike }) => ({
          frame,
          first: frame - span,
          last: frame + span,
          begin: frame - span / 2,
          end: frame + span / 2,
          unlike,
          strength: unlike,
        })),
        threshold: 27,
        minSceneFrames: least,
      });
      cuts.forEach((cut, at) => expect(cut - (cuts[at - 1] ?? 0)).toBeGreaterThanOrEqual(least));
    }),
  );
});
