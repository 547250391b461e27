import { describe, expect, test } from 'vitest';
import { alignedSide, arcfaceTemplate, type FivePoints } from '../../../rules/faces/align.js';
import { frontality, measureQuality, touchesEdge } from '../../../rules/faces/quality.js';

const inside = [0.4, 0.3, 0.5, 0.5] as const;

/** A crop with stripes of this contrast and period, around middle grey. */
function striped(contrast: number, period: number, mean = 128): Uint8Array {
  const crop = new Uint8Array(alignedSide * alignedSide * 3);
  for (let index = 0; index < crop.length; index++) {
    const column = Math.floor(index / 3) % alignedSide;
    crop[index] = mean + contrast * Math.sin((2 * Math.PI * column) / period);
  }
  return crop;
}
const perfect = { crop: striped(60, 8), scale: 1, coverage: 1, landmarks: arcfaceTemplate };
const moved = (index: number, by: readonly [number, number]): FivePoints =>
  arcfaceTemplate.map(([x, y], at) => (at === index ? [x + by[0], y + by[1]] : [x, y])) as unknown as FivePoints;

describe('the quality of a face', () => {
  test('is near 1 for a large, sharp, frontal, well lit face found with certainty', () => {
    const { parts, score } = measureQuality(perfect, { conf: 1, bbox: inside });
    expect(parts.sharpness).toBe(1);
    expect(parts.frontality).toBeGreaterThan(0.98);
    expect(score).toBeGreaterThan(0.98);
  });

  test('falls with each part alone', () => {
    const best = measureQuality(perfect, { conf: 1, bbox: inside }).score;
    const worse = {
      det: measureQuality(perfect, { conf: 0.5, bbox: inside }),
      size: measureQuality({ ...perfect, scale: 3 }, { conf: 1, bbox: inside }),
      sharpness: measureQuality({ ...perfect, crop: striped(60, 40) }, { conf: 1, bbox: inside }),
      frontality: measureQuality({ ...perfect, landmarks: moved(2, [15, 0]) }, { conf: 1, bbox: inside }),
      exposure: measureQuality({ ...perfect, crop: striped(30, 4, 40) }, { conf: 1, bbox: inside }),
    };
    for (const [part, quality] of Object.entries(worse)) {
      expect(quality.score, part).toBeLessThan(best);
      expect(quality.parts[part as keyof typeof worse], part).toBeLessThan(0.8);
    }
  });

  test('a box cut by the edge of the frame loses to a whole but dull one', () => {
    const cut = measureQuality(perfect, { conf: 0.9, bbox: [0, 0.3, 0.1, 0.5] });
    const dull = measureQuality({ ...perfect, crop: striped(40, 12), scale: 2 }, { conf: 0.7, bbox: inside });
    expect(cut.score).toBeLessThan(dull.score);
  });

  test('a crop half outside the picture counts half', () => {
    const whole = measureQuality(perfect, { conf: 1, bbox: inside }).score;
    expect(measureQuality({ ...perfect, coverage: 0.5 }, { conf: 1, bbox: inside }).score).toBeCloseTo(whole / 2, 9);
  });

  test('a black border does not pass for sharpness', () => {
    const bordered = striped(0, 8);
    bordered.fill(0, 0, 15 * alignedSide * 3);
    expect(measureQuality({ ...perfect, crop: bordered }, { conf: 1, bbox: inside }).parts.sharpness).toBe(0);
  });
});

describe('frontality', () => {
  test('falls steadily as the nose moves to the side, and does not care which', () => {
    const turned = [0, 5, 10, 15, 20].map((by) => frontality(moved(2, [by, 0])));
    expect(turned).toEqual([...turned].sort((left, right) => right - left));
    expect(frontality(moved(2, [-12, 0]))).toBeCloseTo(frontality(moved(2, [12, 0])), 1);
  });

  test('falls when the face looks up or down', () => {
    expect(frontality(moved(2, [0, 10]))).toBeLessThan(frontality(arcfaceTemplate));
    expect(frontality(moved(2, [0, -10]))).toBeLessThan(frontality(arcfaceTemplate));
  });

  test('of eyes in one point is 0, not a number out of range', () => {
    expect(
      frontality([
        [5, 5],
        [5, 5],
        [5, 8],
        [4, 10],
        [6, 10],
      ]),
    ).toBe(0);
  });
});

test.each([
  [[0, 0.2, 0.1, 0.4], true],
  [[0.2, 0.2, 0.4, 0.999], true],
  [[0.2, 0.2, 0.4, 0.4], false],
] as const)('box %j touches the edge: %s', (bbox, expected) => expect(touchesEdge(bbox)).toBe(expected));
