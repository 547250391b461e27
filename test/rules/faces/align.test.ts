import { describe, expect, test } from 'vitest';
import {
  alignedSide,
  alignFace,
  arcfaceTemplate,
  fitSimilarity,
  type FivePoints,
  type Point,
} from '../../../rules/faces/align.js';
import type { Picture } from '../../../rules/media/resample.js';

function turned(points: FivePoints, degrees: number, scale: number, shift: Point): FivePoints {
  const a = scale * Math.cos((degrees * Math.PI) / 180);
  const b = scale * Math.sin((degrees * Math.PI) / 180);
  return points.map(([x, y]) => [a * x - b * y + shift[0], b * x + a * y + shift[1]]) as unknown as FivePoints;
}

function painted(width: number, height: number, colour: (x: number, y: number) => number): Picture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data.fill(colour(x, y), (y * width + x) * 3, (y * width + x) * 3 + 3);
  return { width, height, data };
}

function aligned(picture: Picture, landmarks: FivePoints) {
  const face = alignFace(picture, landmarks);
  if (face.kind === 'rejected') throw new Error(face.reason);
  return { ...face, at: (x: number, y: number) => face.crop[(y * alignedSide + x) * 3]! };
}

describe('the similarity fit', () => {
  test("the template's middle is where its authors have it", () => {
    const mean = [0, 1].map((axis) => arcfaceTemplate.reduce((sum, point) => sum + point[axis]!, 0) / 5);
    expect(mean[0]).toBeCloseTo(56.0262, 3);
    expect(mean[1]).toBeCloseTo(71.9008, 3);
  });

  test('undoes a turn, a scale and a shift exactly', () => {
    const fit = fitSimilarity(turned(arcfaceTemplate, 30, 2, [100, -40]), arcfaceTemplate)!;
    expect(Math.hypot(fit.a, fit.b)).toBeCloseTo(0.5, 9);
    expect((Math.atan2(fit.b, fit.a) * 180) / Math.PI).toBeCloseTo(-30, 9);
  });

  test('of unequal sets is the least-squares one: no small change fits better', () => {
    const from: FivePoints = [
      [10, 12],
      [52, 8],
      [33, 30],
      [15, 58],
      [49, 55],
    ];
    const fit = fitSimilarity(from, arcfaceTemplate)!;
    const error = ({ a, b, tx, ty }: typeof fit): number =>
      from.reduce((sum, [x, y], index) => {
        const [u, v] = arcfaceTemplate[index]!;
        return sum + (a * x - b * y + tx - u) ** 2 + (b * x + a * y + ty - v) ** 2;
      }, 0);
    for (const key of ['a', 'b', 'tx', 'ty'] as const) {
      for (const step of [-1e-3, 1e-3]) expect(error({ ...fit, [key]: fit[key] + step })).toBeGreaterThan(error(fit));
    }
  });

  test('never mirrors: mirrored points stay badly fitted', () => {
    const mirrored = arcfaceTemplate.map(([x, y]) => [112 - x, y]) as unknown as FivePoints;
    const { a, b, tx, ty } = fitSimilarity(mirrored, arcfaceTemplate)!;
    expect(a * a + b * b).toBeGreaterThan(0);
    const [x, y] = mirrored[0];
    expect(
      Math.hypot(a * x - b * y + tx - arcfaceTemplate[0][0], b * x + a * y + ty - arcfaceTemplate[0][1]),
    ).toBeGreaterThan(10);
  });
});

describe('an aligned face', () => {
  test('whose landmarks are the template is the picture itself', () => {
    const picture = painted(alignedSide, alignedSide, (x, y) => (x * 7 + y * 13) % 256);
    const face = aligned(picture, arcfaceTemplate);
    expect(face.crop).toEqual(picture.data);
    expect([face.coverage, face.scale]).toEqual([1, 1]);
    expect(face.residual).toBeCloseTo(0, 9);
  });

  test('is upright: a gradient across a face that lies on its side runs downwards', () => {
    const picture = painted(300, 300, (x) => Math.round(x * 0.8));
    const face = aligned(picture, turned(arcfaceTemplate, -90, 1, [90, 220]));
    expect(face.at(56, 100)).toBeGreaterThan(face.at(56, 10) + 60);
    expect(Math.abs(face.at(10, 56) - face.at(100, 56))).toBeLessThan(2);
  });

  test.each([2.5, 4, 6.3])('%f times the size of the crop is averaged, not aliased', (scale) => {
    // One-pixel stripes: sampled point by point they would be black and white, averaged they are grey.
    const side = Math.ceil(alignedSide * scale);
    const face = aligned(
      painted(side, side, (x) => (x % 2) * 255),
      turned(arcfaceTemplate, 0, scale, [0, 0]),
    );
    const values = Array.from({ length: 80 }, (_, index) => face.at(16 + index, 56));
    expect(Math.max(...values) - Math.min(...values)).toBeLessThan(90);
  });

  test('keeps its place when it is shrunk: a dot stays where the landmarks say', () => {
    const scale = 5;
    const picture = painted(700, 700, (x, y) =>
      Math.hypot(x - (70 + 56 * scale), y - (40 + 72 * scale)) < 10 ? 255 : 0,
    );
    const face = aligned(picture, turned(arcfaceTemplate, 0, scale, [70, 40]));
    let sum = 0;
    let column = 0;
    let row = 0;
    for (let y = 0; y < alignedSide; y++) {
      for (let x = 0; x < alignedSide; x++) {
        sum += face.at(x, y);
        column += x * face.at(x, y);
        row += y * face.at(x, y);
      }
    }
    expect(column / sum).toBeCloseTo(56, 1);
    expect(row / sum).toBeCloseTo(72, 1);
  });

  test('at the edge is black outside the picture, and says how much is inside', () => {
    const white = painted(200, 200, () => 255);
    const face = aligned(white, turned(arcfaceTemplate, 0, 1, [-28, 0]));
    expect(face.coverage).toBeCloseTo(0.75, 2);
    expect([face.at(26, 50), face.at(30, 50)]).toEqual([0, 255]);
  });
});

describe('a face that cannot be aligned is rejected', () => {
  const picture = painted(200, 200, () => 128);
  const dot: FivePoints = [
    [50, 50],
    [50, 50],
    [50, 50],
    [50, 50],
    [50, 50],
  ];
  const outOfOrder: FivePoints = [
    [90, 20],
    [10, 90],
    [20, 15],
    [80, 80],
    [12, 50],
  ];
  test.each([
    ['without landmarks', null, 'no_landmarks'],
    ['with all landmarks in one point', dot, 'degenerate_landmarks'],
    ['with landmarks that are no numbers', turned(arcfaceTemplate, 0, Number.NaN, [0, 0]), 'degenerate_landmarks'],
    ['with landmarks that make no face', outOfOrder, 'degenerate_landmarks'],
    ['a few pixels wide', turned(arcfaceTemplate, 0, 0.1, [60, 60]), 'too_small'],
    ['mostly outside the picture', turned(arcfaceTemplate, 0, 1, [-70, 20]), 'off_frame'],
    ['far outside the picture and large', turned(arcfaceTemplate, 0, 4, [5000, 20]), 'off_frame'],
  ])('%s', (_, landmarks, reason) => {
    expect(alignFace(picture, landmarks)).toEqual({ kind: 'rejected', reason });
  });
});
