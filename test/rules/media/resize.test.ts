import { expect, test } from 'vitest';
import type { Picture } from '../../../rules/media/resample.js';
import { resizePicture } from '../../../rules/media/resize.js';

/** Bytes without a pattern, the same each time. */
function noise(width: number, height: number): Picture {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, next) };
}

/** The same by its definition: Catmull and Rom's cubic about each pixel's middle, edges repeated, rows before columns. */
function resizedPlainly({ width, height, data }: Picture, across: number, down: number): number[] {
  const cubic = (x: number): number =>
    x < 1 ? 1.5 * x ** 3 - 2.5 * x ** 2 + 1 : x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
  const mean = (from: number, to: number, at: number, value: (source: number) => number): number => {
    const [step, centre] = [Math.max(1, from / to), ((at + 0.5) * from) / to - 0.5];
    let [sum, total] = [0, 0];
    for (let source = Math.floor(centre - 2 * step); source <= centre + 2 * step; source++) {
      const weight = cubic(Math.abs(source - centre) / step);
      sum += weight * value(Math.min(from - 1, Math.max(0, source)));
      total += weight;
    }
    return Math.min(255, Math.max(0, Math.round(sum / total)));
  };
  return Array.from({ length: across * down * 3 }, (_, place) => {
    const [channel, x, y] = [place % 3, Math.floor(place / 3) % across, Math.floor(place / 3 / across)];
    return mean(width, across, x, (column) =>
      mean(height, down, y, (row) => data[(row * width + column) * 3 + channel]!),
    );
  });
}

test.each([
  [1, 1, 4, 3],
  [3, 7, 8, 8],
  [17, 31, 17, 31],
  [40, 40, 64, 64],
  [90, 61, 30, 60],
  [33, 50, 1, 2],
])('a %d x %d picture becomes %d x %d as the definition says, but for rounding', (width, height, across, down) => {
  const picture = noise(width, height);
  const { data, ...size } = resizePicture(picture, { width: across, height: down });
  expect(size).toEqual({ width: across, height: down });
  const expected = resizedPlainly(picture, across, down);
  expect(Math.max(...expected.map((value, at) => Math.abs(value - data[at]!)))).toBeLessThanOrEqual(1);
});

test('a picture of the same size stays as it is', () => {
  const picture = noise(61, 19);
  expect(resizePicture(picture, picture).data).toEqual(picture.data);
});
