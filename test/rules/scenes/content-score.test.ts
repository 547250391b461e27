import { expect, test } from 'vitest';
import { contentScore, contentScorer, hsvOf, type Rgb } from '../../../rules/scenes/content-score.js';

function plain(red: number, green: number, blue: number, pixels = 4): Rgb {
  return {
    width: pixels,
    height: 1,
    data: Uint8Array.from({ length: 3 * pixels }, (_, at) => [red, green, blue][at % 3]!),
  };
}

test('the corners of the colour cube have the hues of an 8-bit wheel', () => {
  expect(hsvOf(0, 0, 0)).toEqual([0, 0, 0]);
  expect(hsvOf(255, 255, 255)).toEqual([0, 0, 255]);
  expect(hsvOf(255, 0, 0)).toEqual([0, 255, 255]);
  expect(hsvOf(255, 255, 0)).toEqual([30, 255, 255]);
  expect(hsvOf(0, 255, 0)).toEqual([60, 255, 255]);
  expect(hsvOf(0, 255, 255)).toEqual([90, 255, 255]);
  expect(hsvOf(0, 0, 255)).toEqual([120, 255, 255]);
  expect(hsvOf(255, 0, 255)).toEqual([150, 255, 255]);
});

test('every colour stays within a step of its exact hue and saturation', () => {
  for (let red = 0; red < 256; red += 5) {
    for (let green = 0; green < 256; green += 5) {
      for (let blue = 0; blue < 256; blue += 5) {
        const [hue, saturation, value] = hsvOf(red, green, blue);
        const most = Math.max(red, green, blue);
        const range = most - Math.min(red, green, blue);
        const turn = most === red ? green - blue : most === green ? blue - red + 2 * range : red - green + 4 * range;
        const exact = range === 0 ? 0 : ((turn * 30) / range + 180) % 180;
        const off = Math.min(Math.abs(hue - exact), 180 - Math.abs(hue - exact));
        if (off > 1 || hue > 180 || value !== most)
          throw new Error(`${red},${green},${blue}: hue ${hue}, not ${exact}`);
        if (Math.abs(saturation - (most === 0 ? 0 : (255 * range) / most)) > 0.6) throw new Error('saturation');
      }
    }
  }
});

test('equal pictures score 0, and the score is the mean change of the three parts', () => {
  expect(contentScore(plain(10, 20, 30), plain(10, 20, 30))).toBe(0);
  expect(contentScore(plain(0, 0, 0), plain(255, 255, 255))).toBe(85);
  expect(contentScore(plain(255, 0, 0), plain(0, 255, 0))).toBe(20);
  expect(contentScore(plain(0, 0, 0), plain(255, 255, 255), { hue: 0, saturation: 0, value: 1 })).toBe(255);
});

test('hue does not wrap around: the two sides of red are far apart', () => {
  expect(contentScore(plain(255, 0, 5), plain(255, 5, 0))).toBeGreaterThan(50);
});

test('a scorer gives 0 first, then each picture against the one before, whose bytes may be reused', () => {
  const scorer = contentScorer();
  const picture = plain(0, 0, 0);
  expect(scorer.score(picture)).toBe(0);
  picture.data.fill(255);
  expect(scorer.score(picture)).toBe(85);
  expect(scorer.score(picture)).toBe(0);
  expect(() => scorer.score(plain(0, 0, 0, 5))).toThrow('pictures of two sizes cannot be compared');
});
