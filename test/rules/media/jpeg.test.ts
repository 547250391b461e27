import { expect, test } from 'vitest';
import { encodeJpeg, readPicture } from '../../../rules/media/jpeg.js';
import { shrinkPart, squareAround } from '../../../rules/media/picture.js';

function gradient(width: number, height: number) {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at++) data[at] = (Math.floor(at / 3) % width) + (at % 3) * 40;
  return { width, height, data };
}

test('pixels encoded twice are the same bytes, and come back nearly as they were', async () => {
  const picture = gradient(64, 48);
  const first = await encodeJpeg(picture, { quality: 90 });
  expect(await encodeJpeg(picture, { quality: 90 })).toEqual(first);
  const back = await readPicture(first);
  expect([back.width, back.height]).toEqual([64, 48]);
  expect(Math.max(...back.data.map((value, at) => Math.abs(value - picture.data[at]!)))).toBeLessThan(30);
});

test('a side scales the picture to a square, and quality changes the size', async () => {
  const picture = gradient(90, 90);
  const back = await readPicture(await encodeJpeg(picture, { quality: 85, side: 30 }));
  expect([back.width, back.height]).toEqual([30, 30]);
  const [low, high] = [await encodeJpeg(picture, { quality: 20 }), await encodeJpeg(picture, { quality: 95 })];
  expect(low.length).toBeLessThan(high.length);
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
