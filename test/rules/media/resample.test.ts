import { expect, test } from 'vitest';
import type { Region, Size } from '../../../rules/media/geometry.js';
import { planesOf } from '../../../rules/media/pixels.js';
import { planResample, resampleToPlanes, type Picture } from '../../../rules/media/resample.js';

const asIs = { colour: 'rgb', mean: [0], std: [1] } as const;

function ramp(width: number, height: number): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [(pixel % width) * 10, Math.floor(pixel / width) * 10, 200][i % 3]!;
  });
  return { width, height, data };
}

function scaled(
  picture: Picture,
  region: Region,
  output: Size,
  canvas: Size = output,
  pixels: Parameters<typeof planesOf>[0] = asIs,
) {
  const planes = planesOf(pixels);
  const data = new Float32Array(planes.length * canvas.width * canvas.height).fill(-7);
  resampleToPlanes(picture, planResample(picture, region, output), planes, { data, canvas });
  return Array.from(data, (value) => value + 0); // -0 is 0
}

test('a window of the same scale is copied pixel for pixel into planes', () => {
  const window = scaled(ramp(6, 5), { x: 2, y: 1, width: 3, height: 2 }, { width: 3, height: 2 });
  expect(window).toEqual([20, 30, 40, 20, 30, 40, 10, 10, 10, 20, 20, 20, 200, 200, 200, 200, 200, 200]);
});

test('a ramp stays a ramp when it is halved or doubled', () => {
  const whole = { x: 0, y: 0, width: 8, height: 8 };
  const half = scaled(ramp(8, 8), whole, { width: 4, height: 4 });
  expect(half.slice(4, 8).slice(1, 3)).toEqual([expect.closeTo(25, 4), expect.closeTo(45, 4)]);
  const double = scaled(ramp(8, 8), whole, { width: 16, height: 16 });
  expect(double.slice(2, 6)).toEqual([7.5, 12.5, 17.5, 22.5]);
});

test('shrinking averages: one white column in four is a quarter of white', () => {
  const data = Uint8Array.from({ length: 64 * 4 * 3 }, (_, i) => (Math.floor(i / 3) % 4 === 0 ? 255 : 0));
  const row = scaled({ width: 64, height: 4, data }, { x: 0, y: 0, width: 64, height: 4 }, { width: 16, height: 1 });
  for (const value of row.slice(2, 14)) expect(value).toBeCloseTo(255 / 4, 3);
});

test('outside the picture its edge is repeated', () => {
  const beyond = scaled(ramp(4, 4), { x: -2, y: 0, width: 4, height: 4 }, { width: 4, height: 4 });
  expect(beyond.slice(0, 4)).toEqual([0, 0, 0, 10]);
});

test('the rest of a canvas is black after normalisation, whatever was there before', () => {
  const bgr = { colour: 'bgr', mean: [100, 0, 50], std: [2, 1, 1] } as const;
  const planes = scaled(
    ramp(2, 1),
    { x: 0, y: 0, width: 2, height: 1 },
    { width: 2, height: 1 },
    { width: 3, height: 2 },
    bgr,
  );
  expect(planes).toEqual([50, 50, -50, -50, -50, -50, 0, 0, 0, 0, 0, 0, -50, -40, -50, -50, -50, -50]);
});

test('grey is the luma of the colours', () => {
  const grey = scaled(ramp(2, 1), { x: 0, y: 0, width: 2, height: 1 }, { width: 2, height: 1 }, undefined, {
    colour: 'gray',
    mean: [0],
    std: [256],
  });
  expect(grey[1]).toBeCloseTo((0.299 * 10 + 0.114 * 200) / 256, 6);
});

test('a picture of another size than planned is refused', () => {
  const plan = planResample({ width: 4, height: 4 }, { x: 0, y: 0, width: 4, height: 4 }, { width: 2, height: 2 });
  const target = { data: new Float32Array(12), canvas: { width: 2, height: 2 } };
  expect(() => resampleToPlanes(ramp(5, 4), plan, planesOf(asIs), target)).toThrow('planned for 4x4, got 5x4');
});
