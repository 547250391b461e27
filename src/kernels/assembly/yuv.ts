// yuv420p to RGB: parts of a picture, and pictures sampled by two taps an axis.
import { bytesOf, fourOf, storeRgb } from './lanes';

/**
 * The part of a yuv420p picture of `width` x `height` to the same place of an rgb24 one. A part that begins at
 * an odd column is converted from the one before.
 */
export function convertPart(
  yuv: usize, width: i32, height: i32, rgb: usize,
  left: i32, top: i32, across: i32, down: i32,
  luma: i32, vr: i32, ub: i32, ug: i32, vg: i32,
): void {
  const halfWidth = (width + 1) >> 1;
  const us = yuv + width * height;
  const vs = us + halfWidth * ((height + 1) >> 1);
  const from = left & ~1;
  const count = left + across - from;
  for (let row = top; row < top + down; row++) {
    const at = row * width + from;
    const colours = (row >> 1) * halfWidth + (from >> 1);
    convertRow(yuv + at, us + colours, vs + colours, count, rgb + 3 * at, luma, vr, ub, ug, vg);
  }
}

/**
 * A yuv420p picture of `width` x `height` to an rgb24 one of `across` x `down` by two taps an axis, as
 * src/media/two-tap.ts says; `columns` and `rows` are four lists of 32-bit numbers each: first and second
 * source, their weights. `scratch` has room for two rows of the source in RGB.
 */
export function sampleTwoTap(
  yuv: usize, width: i32, height: i32, rgb: usize, across: i32, down: i32,
  columns: usize, rows: usize, scratch: usize,
  luma: i32, vr: i32, ub: i32, ug: i32, vg: i32,
): void {
  const halfWidth = (width + 1) >> 1;
  const us = yuv + width * height;
  const vs = us + halfWidth * ((height + 1) >> 1);
  const rowBytes = 3 * width;
  const second = scratch + rowBytes;
  let to = rgb;
  for (let y = 0; y < down; y++) {
    for (let which = 0; which < 2; which++) {
      const row = tap(rows, down, y, which);
      const colours = (row >> 1) * halfWidth;
      const into = which == 0 ? scratch : second;
      convertRow(yuv + row * width, us + colours, vs + colours, width, into, luma, vr, ub, ug, vg);
    }
    const upper = i32x4.splat(tap(rows, down, y, 2));
    const lower = i32x4.splat(tap(rows, down, y, 3));
    for (let x = 0; x < across; x++, to += 3) {
      const one = 3 * tap(columns, across, x, 0);
      const other = 3 * tap(columns, across, x, 1);
      const left = i32x4.splat(tap(columns, across, x, 2));
      const right = i32x4.splat(tap(columns, across, x, 3));
      const above = i32x4.add(i32x4.mul(fourOf(scratch + one), left), i32x4.mul(fourOf(scratch + other), right));
      const below = i32x4.add(i32x4.mul(fourOf(second + one), left), i32x4.mul(fourOf(second + other), right));
      const first = i32x4.shr_s(i32x4.mul(upper, i32x4.shr_s(above, 4)), 16);
      const last = i32x4.shr_s(i32x4.mul(lower, i32x4.shr_s(below, 4)), 16);
      const mean = i32x4.shr_s(i32x4.add(i32x4.add(first, last), i32x4.splat(2)), 2);
      // The fourth byte is the next pixel's, which comes after, or lies behind the picture.
      v128.store32_lane(to, bytesOf(mean, mean, mean, mean), 0);
    }
  }
}

/** The four numbers of each position of one axis: two sources and what each counts. */
@inline
function tap(taps: usize, length: i32, at: i32, which: i32): i32 {
  return load<i32>(taps + 4 * (which * length + at));
}

/**
 * `count` pixels of a row of YUV to RGB; `y` is the first one's, which is an even one of its row, `u` and `v`
 * are its colours. The shares are those of src/media/yuv.ts, in 8,192ths.
 */
@inline
function convertRow(
  y: usize, u: usize, v: usize, count: i32, rgb: usize,
  luma: i32, vr: i32, ub: i32, ug: i32, vg: i32,
): void {
  const lumas = i16x8.splat(<i16>luma);
  const vrs = i16x8.splat(<i16>vr);
  const ubs = i16x8.splat(<i16>ub);
  const ugs = i16x8.splat(<i16>ug);
  const vgs = i16x8.splat(<i16>vg);
  const whole = count & ~15;
  let at: i32 = 0;
  for (; at < whole; at += 16) {
    const bytes = v128.load(y + at);
    const left = highProduct(centred(i16x8.extend_low_i8x16_u(bytes), 16), lumas);
    const right = highProduct(centred(i16x8.extend_high_i8x16_u(bytes), 16), lumas);
    const us = centred(v128.load8x8_u(u + (at >> 1)), 128);
    const vs = centred(v128.load8x8_u(v + (at >> 1)), 128);
    const reds = highProduct(vs, vrs);
    const greens = i16x8.add(highProduct(us, ugs), highProduct(vs, vgs));
    const blues = highProduct(us, ubs);
    storeRgb(rgb + 3 * at, lit(left, right, reds), lit(left, right, greens), lit(left, right, blues));
  }
  for (; at < count; at++) {
    const light = product(load<u8>(y + at), 16, luma);
    const cb: i32 = load<u8>(u + (at >> 1));
    const cr: i32 = load<u8>(v + (at >> 1));
    const to = rgb + 3 * at;
    store<u8>(to, byteOf(light + product(cr, 128, vr)));
    store<u8>(to, byteOf(light + product(cb, 128, ug) + product(cr, 128, vg)), 1);
    store<u8>(to, byteOf(light + product(cb, 128, ub)), 2);
  }
}

/** 16 bytes of a colour: of each pixel its luma plus what a colour adds that two pixels share. */
@inline
export function lit(left: v128, right: v128, colour: v128): v128 {
  return i8x16.narrow_i16x8_u(
    i16x8.add(left, i8x16.shuffle(colour, colour, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7)),
    i16x8.add(right, i8x16.shuffle(colour, colour, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15)),
  );
}

/** Upper half of the product of 16-bit numbers. */
@inline
export function highProduct(values: v128, factor: v128): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.extmul_low_i16x8_s(values, factor), 16),
    i32x4.shr_s(i32x4.extmul_high_i16x8_s(values, factor), 16),
  );
}

/** Eight times (value - zero). */
@inline
export function centred(values: v128, zero: i16): v128 {
  return i16x8.shl(i16x8.sub(values, i16x8.splat(zero)), 3);
}

@inline
export function product(value: i32, zero: i32, factor: i32): i32 {
  return (8 * (value - zero) * factor) >> 16;
}

@inline
export function byteOf(value: i32): u8 {
  return <u8>max(0, min(255, value));
}
