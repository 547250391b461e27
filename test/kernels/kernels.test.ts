// The kernels do what the plain loops do that they stand for, to the last bit, whatever the size of a picture.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { planesOf } from '../../rules/media/pixels.js';
import { inputPlanes } from '../../rules/media/planes.js';
import { copyPart, shrinkPart } from '../../rules/media/picture.js';
import { planResample, resampleToPlanes, type Picture } from '../../rules/media/resample.js';
import { alignFace, type FivePoints } from '../../rules/faces/align.js';
import { contentScorer, hsvOf } from '../../rules/scenes/content-score.js';
import { sumCells, sumsLength } from '../../rules/scenes/thumbnail.js';
import { rgbOf, yuvOf } from '../support/yuv.js';

/** Bytes without a pattern, the same each time. */
function noise(width: number, height: number, seed = 1): Picture {
  let state = seed;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, next) };
}

const sizes = [
  [1, 1],
  [5, 3],
  [16, 9],
  [17, 31],
  [64, 48],
  [427, 11],
] as const;

test('the committed code is what the source compiles to', () => {
  execFileSync(process.execPath, ['src/kernels/assembly/compile.mjs', '--check'], { stdio: 'pipe' });
});

test.each(sizes)('blocks of a %d x %d picture are shrunk to their rounded means', (width, height) => {
  const picture = noise(width, height);
  for (const factor of [2, 3, 7, 300]) {
    const part = { left: Math.floor(width / 3), top: 0, width: width - Math.floor(width / 3), height };
    const small = shrinkPart(picture, part, factor);
    for (let at = 0; at < small.data.length; at++) {
      const [channel, column, row] = [at % 3, Math.floor(at / 3) % small.width, Math.floor(at / 3 / small.width)];
      let [sum, count] = [0, 0];
      for (let y = row * factor; y < Math.min(height, (row + 1) * factor); y++)
        for (let x = column * factor; x < Math.min(part.width, (column + 1) * factor); x++, count++)
          sum += picture.data[(y * width + part.left + x) * 3 + channel]!;
      expect(small.data[at]).toBe(Math.floor(sum / count + 0.5));
    }
  }
});

test.each(sizes)('a %d x %d picture becomes the planes that scaling by one gives', (width, height) => {
  const picture = noise(width, height);
  const canvas = { width: width + 3, height: height + 2 };
  const plan = planResample(picture, { x: 0, y: 0, width, height }, picture);
  for (const colour of ['rgb', 'bgr', 'gray'] as const) {
    const planes = planesOf({ colour, mean: [104, 117.3, 123], std: [57.1, 128, 1] });
    const data = new Float32Array(planes.length * canvas.width * canvas.height);
    resampleToPlanes(picture, plan, planes, { data, canvas });
    const input = inputPlanes(plan, planes, canvas);
    // The second picture leaves nothing of the first.
    input.fill(noise(width, height, 7));
    input.fill(picture);
    expect(input.data).toEqual(data);
  }
});

test.each(sizes)('a %d x %d picture in YUV becomes the planes of its RGB', (width, height) => {
  const yuv = yuvOf(noise(width, height));
  const picture = { width, height, data: rgbOf(yuv, width, height) };
  const canvas = { width: width + 3, height: height + 2 };
  const plan = planResample(picture, { x: 0, y: 0, width, height }, picture);
  for (const [mean, std] of [[[104, 117.3, 123], [57.1, 128, 1]], [[0], [1]]] as const)
    for (const colour of ['rgb', 'bgr'] as const) {
      const [fromRgb, fromYuv] = [0, 1].map(() => inputPlanes(plan, planesOf({ colour, mean, std }), canvas));
      fromRgb!.fill(picture);
      expect(fromYuv!.takesYuv).toBe(true);
      fromYuv!.fill({ ...picture, data: new Uint8Array(picture.data.length), yuv });
      expect(fromYuv!.data).toEqual(fromRgb!.data);
    }
}); // prettier-ignore

test('planes of another size than planned are refused', () => {
  const plan = planResample({ width: 4, height: 4 }, { x: 0, y: 0, width: 4, height: 4 }, { width: 4, height: 4 });
  const input = inputPlanes(plan, planesOf({ colour: 'rgb', mean: [0], std: [1] }), { width: 4, height: 4 });
  expect(() => input.fill(noise(5, 4))).toThrow('planned for 4x4, got 5x4');
});

test.each(sizes)('cells of a %d x %d picture hold the sums of their pixels', (width, height) => {
  const picture = noise(width, height);
  const sums = new Uint32Array(sumsLength(picture));
  sumCells(picture, sums);
  const [across, down] = [Math.min(16, width), Math.min(9, height)];
  const expected = new Uint32Array(sums.length);
  picture.data.forEach((byte, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    const cell = Math.floor((y * down) / height) * across + Math.floor((x * across) / width);
    expected[cell * 3 + (at % 3)]! += byte;
  });
  expect(sums).toEqual(expected);
});

test('hue and saturation of every value and range are those of a table with 12 bits behind the point', () => {
  const halfEven = (value: number): number => {
    const rounded = Math.round(value);
    return value % 1 === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
  };
  const over = (numerator: number, by: number): number => (by === 0 ? 0 : halfEven((numerator * 4096) / by));
  for (let value = 0; value < 256; value++) {
    for (let range = 0; range <= value; range++) {
      const [least, between] = [value - range, value - Math.floor(range / 3)];
      const saturation = (range * over(255, value) + 2048) >> 12;
      const hueOf = (turn: number): number => (turn * over(30, range) + 2048) >> 12;
      const hue = hueOf(least - between);
      const found = [hsvOf(value, least, between), hsvOf(least, value, between), hsvOf(least, between, value)];
      expect(found).toEqual([
        [hue < 0 ? hue + 180 : hue, saturation, value],
        [hueOf(between - least + 2 * range), saturation, value],
        // Equal greatest colours count as the first of them: range 0, or a third of it nothing.
        [between === value ? hueOf(value - least + 2 * range) : hueOf(least - between + 4 * range), saturation, value],
      ]);
    }
  }
});

test.each(sizes)('%d x %d pictures are scored by the differences of every pixel', (width, height) => {
  const [one, other] = [noise(width, height), noise(width, height, 5)];
  const scorer = contentScorer();
  expect(scorer.score(one)).toBe(0);
  const hsv = ({ data }: Picture, at: number) => hsvOf(data[at]!, data[at + 1]!, data[at + 2]!);
  const sums = [0, 0, 0];
  for (let at = 0; at < one.data.length; at += 3)
    hsv(one, at).forEach((value, part) => (sums[part]! += Math.abs(value - hsv(other, at)[part]!)));
  const pixels = width * height;
  expect(scorer.score(other)).toBe((sums[0]! / pixels + sums[1]! / pixels + sums[2]! / pixels) / 3);
});

test('faces at every edge of a picture are warped as if it went on in black', () => {
  const picture = noise(200, 160);
  const border = 200;
  const framed = { width: 600, height: 560, data: new Uint8Array(600 * 560 * 3) };
  for (let row = 0; row < 160; row++)
    framed.data.set(picture.data.subarray(row * 600, (row + 1) * 600), ((row + border) * framed.width + border) * 3);
  for (const [x, y] of [[20, 30], [150, 25], [10, 60], [150, 110], [90, 70]] as const) {
    const points = [[x, y], [x + 35, y], [x + 17, y + 20], [x + 3, y + 40], [x + 32, y + 40]] as const;
    const moved = points.map(([px, py]) => [px + border, py + border] as const);
    const [near, far] = [alignFace(picture, points), alignFace(framed, moved as unknown as FivePoints)];
    if (near.kind === 'rejected' || far.kind === 'rejected') throw new Error('rejected');
    // Coordinates differ in their last bits, so a mean may round the other way.
    const worst = near.crop.reduce((most, byte, at) => Math.max(most, Math.abs(byte - far.crop[at]!)), 0);
    expect(worst).toBeLessThanOrEqual(1);
  }
}); // prettier-ignore

test('a part is copied without its surroundings', () => {
  const to = new Uint8Array(2 * 1 * 3);
  const picture = { width: 3, height: 2, data: Uint8Array.from({ length: 18 }, (_, at) => at) };
  copyPart(picture, { left: 1, top: 1, width: 2, height: 1 }, to);
  expect([...to]).toEqual([12, 13, 14, 15, 16, 17]);
});
