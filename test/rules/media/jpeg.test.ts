import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodeJpeg } from '../../../rules/media/jpeg.js';
import { readPicture } from '../../../rules/media/picture-file.js';
import { shrinkPart, squareAround } from '../../../rules/media/picture.js';

function gradient(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = (Math.floor(at / 3) % width) + (at % 3) * 40;
  return { width, height, data };
}

/** Peak signal to noise ratio in dB; over 40 nobody sees a difference. */
function likeness(one: Uint8Array, other: Uint8Array): number {
  const squares = one.reduce((sum, value, at) => sum + (value - other[at]!) ** 2, 0);
  return 10 * Math.log10((255 * 255 * one.length) / squares);
}

test('pixels encoded twice are the same bytes, whatever was encoded between', () => {
  const picture = gradient(64, 48);
  const first = encodeJpeg(picture, 90);
  encodeJpeg(gradient(100, 3), 20);
  expect(encodeJpeg(picture, 90)).toEqual(first);
});

test.each([
  [1, 1],
  [5, 3],
  [16, 16],
  [17, 31],
  [64, 48],
  [427, 11],
])('a %d x %d picture comes back as near as libjpeg keeps it, at any quality', async (width, height) => {
  const picture = gradient(width, height);
  for (const quality of [1, 50, 85, 100]) {
    const ours = await readPicture(encodeJpeg(picture, quality));
    expect([ours.width, ours.height]).toEqual([width, height]);
    const theirs = await sharp(picture.data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false })
      .toBuffer();
    const [kept, wanted] = [ours, await readPicture(theirs)].map(({ data }) => likeness(data, picture.data));
    expect(kept).toBeGreaterThan(wanted! - 1);
  }
});

test('noise, with coefficients of every length and runs of all of them, is read without an error', async () => {
  let state = 1;
  const next = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) >>> 24;
  const picture = { width: 160, height: 160, data: Uint8Array.from({ length: 160 * 160 * 3 }, next) };
  // Black and white alone reach the largest coefficients.
  picture.data.forEach((value, at) => (picture.data[at] = at < 19_200 ? (value < 128 ? 0 : 255) : value));
  for (const quality of [3, 30, 100]) {
    const jpeg = encodeJpeg(picture, quality);
    const { data } = await sharp(jpeg, { failOn: 'warning' }).raw().toBuffer({ resolveWithObject: true });
    const theirs = await sharp(picture.data, { raw: { width: 160, height: 160, channels: 3 } })
      .jpeg({ quality, chromaSubsampling: '4:2:0', optimiseCoding: false })
      .toBuffer();
    expect(likeness(data, await sharp(theirs).raw().toBuffer())).toBeGreaterThan(25);
  }
});

test('bytes that are no picture are refused', async () => {
  await expect(readPicture(Uint8Array.of(1, 2, 3))).rejects.toThrow('cannot read a picture from bytes');
  await expect(readPicture('/nowhere.jpg')).rejects.toThrow('cannot read a picture from /nowhere.jpg');
});

test('shrinking takes means of blocks, smaller ones at the edge', () => {
  const data = Uint8Array.from([0, 10, 20, 30, 40].flatMap((value) => [value, value, value]));
  const small = shrinkPart({ width: 5, height: 1, data }, { left: 0, top: 0, width: 5, height: 1 }, 2);
  expect([small.width, small.height, [...small.data]]).toEqual([3, 1, [5, 5, 5, 25, 25, 25, 40, 40, 40]]);
});

test.each([
  ['in the middle', [40, 40, 60, 60], { left: 34, top: 34, width: 32, height: 32 }],
  ['moved in from the edge', [0, 40, 20, 60], { left: 0, top: 34, width: 32, height: 32 }],
  ['no larger than the picture', [5, 5, 95, 115], { left: 0, top: 10, width: 100, height: 100 }],
] as const)('the square around a face lies %s', (_, box, expected) => {
  expect(squareAround(box, 0.3, { width: 100, height: 120 })).toEqual(expected);
});
