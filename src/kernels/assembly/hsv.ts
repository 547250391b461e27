// How far an RGB picture is from the one before in OpenCV's 8-bit HSV.
import { blue, bytesOf, green, quarter, red } from './lanes';

/**
 * An rgb24 picture to OpenCV's 8-bit HSV, a plane each in `kept`, `pixels` bytes long, and the sums of how far each part was
 * from what lay there, as three 32-bit numbers in `sums`. `pixels` is a multiple of 16, below 16 million; pad with black.
 */
export function exchangeHsv(rgb: usize, pixels: i32, kept: usize, sums: usize): void {
  let hueSum = i32x4.splat(0);
  let saturationSum = hueSum;
  let valueSum = hueSum;
  for (let at = 0; at < pixels; at += 16) {
    const from = rgb + 3 * at;
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const r = red(a, b, c);
    const g = green(a, b, c);
    const u = blue(a, b, c);
    const value = i8x16.max_u(r, i8x16.max_u(g, u));
    const range = i8x16.sub(value, i8x16.min_u(r, i8x16.min_u(g, u)));
    const saturation = bytesOf(
      saturationOf(quarter(value, 0), quarter(range, 0)),
      saturationOf(quarter(value, 1), quarter(range, 1)),
      saturationOf(quarter(value, 2), quarter(range, 2)),
      saturationOf(quarter(value, 3), quarter(range, 3)),
    );
    const hue = bytesOf(
      hueOf(quarter(value, 0), quarter(range, 0), quarter(r, 0), quarter(g, 0), quarter(u, 0)),
      hueOf(quarter(value, 1), quarter(range, 1), quarter(r, 1), quarter(g, 1), quarter(u, 1)),
      hueOf(quarter(value, 2), quarter(range, 2), quarter(r, 2), quarter(g, 2), quarter(u, 2)),
      hueOf(quarter(value, 3), quarter(range, 3), quarter(r, 3), quarter(g, 3), quarter(u, 3)),
    );
    hueSum = exchangeBytes(kept + at, hue, hueSum);
    saturationSum = exchangeBytes(kept + pixels + at, saturation, saturationSum);
    valueSum = exchangeBytes(kept + 2 * pixels + at, value, valueSum);
  }
  store<u32>(sums, total(hueSum));
  store<u32>(sums, total(saturationSum), 4);
  store<u32>(sums, total(valueSum), 8);
}

/** Four pixels' hue and saturation; see rules/scenes/content-score.ts. */
@inline
function saturationOf(value: v128, range: v128): v128 {
  const over = f32x4.nearest(f32x4.div(f32x4.splat(1_044_480), f32x4.convert_i32x4_u(value)));
  const scaled = i32x4.mul(range, i32x4.trunc_sat_f32x4_s(over));
  return i32x4.shr_s(i32x4.add(scaled, i32x4.splat(2048)), 12);
}

@inline
function hueOf(value: v128, range: v128, r: v128, g: v128, b: v128): v128 {
  const over = f32x4.nearest(f32x4.div(f32x4.splat(122_880), f32x4.convert_i32x4_u(range)));
  const twice = i32x4.shl(range, 1);
  const fromGreen = i32x4.add(i32x4.sub(b, r), twice);
  const fromBlue = i32x4.add(i32x4.sub(r, g), i32x4.shl(twice, 1));
  const other = v128.bitselect(fromGreen, fromBlue, i32x4.eq(value, g));
  const turn = v128.bitselect(i32x4.sub(g, b), other, i32x4.eq(value, r));
  const scaled = i32x4.mul(turn, i32x4.trunc_sat_f32x4_s(over));
  const hue = i32x4.shr_s(i32x4.add(scaled, i32x4.splat(2048)), 12);
  return i32x4.add(hue, v128.and(i32x4.shr_s(hue, 31), i32x4.splat(180)));
}

/** Puts `bytes` where 16 others lie, and adds how far each is from the other to four sums. */
@inline
function exchangeBytes(at: usize, bytes: v128, sums: v128): v128 {
  const before = v128.load(at);
  v128.store(at, bytes);
  const steps = i8x16.sub(i8x16.max_u(bytes, before), i8x16.min_u(bytes, before));
  return i32x4.add(sums, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(steps)));
}

@inline
function total(sums: v128): u32 {
  return (
    i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
  );
}
