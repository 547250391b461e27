// yuv420p to RGB: parts of a picture, and pictures sampled by two taps an axis.
import { storeEight, storeRgb } from './lanes';

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

/** So many positions of a row are sampled at once. */
const sampledAtOnce = 8;

/**
 * A yuv420p picture of `width` x `height` to an rgb24 one of `across` x `down` by two taps an axis, as
 * src/media/two-tap.ts says. Only pixels under taps are converted. `rows` are four lists of 32-bit numbers: first and second
 * source, their weights. `columns`, made up to a multiple of eight with positions that count nothing, are the first sources as
 * 32-bit numbers, both weights as 16-bit ones, and two bytes that are 255 where a tap has the colours of the first: the second source
 * is the next pixel, or counts nothing. Up to 24 bytes behind the picture are written to, and one behind the source is read.
 */
export function sampleTwoTap(
  yuv: usize, width: i32, height: i32, rgb: usize, across: i32, down: i32,
  columns: usize, rows: usize,
  luma: i32, vr: i32, ub: i32, ug: i32, vg: i32,
): void {
  const halfWidth = (width + 1) >> 1;
  const us = yuv + width * height;
  const vs = us + halfWidth * ((height + 1) >> 1);
  const padded = (across + sampledAtOnce - 1) & -sampledAtOnce;
  const weights = columns + 4 * padded;
  const ofFirst = weights + 4 * padded;
  const lumas = i16x8.splat(<i16>luma);
  const vrs = i16x8.splat(<i16>vr);
  const ubs = i16x8.splat(<i16>ub);
  const ugs = i16x8.splat(<i16>ug);
  const vgs = i16x8.splat(<i16>vg);
  for (let y = 0; y < down; y++) {
    let to = rgb + 3 * y * across;
    for (let x = 0; x < padded; x += sampledAtOnce, to += 24) {
      const sources = columns + 4 * x;
      const firstWeights = v128.load(weights + 4 * x);
      const lastWeights = v128.load(weights + 4 * x, 16);
      const same = v128.load(ofFirst + 2 * x);
      let reds = i16x8.splat(0);
      let greens = reds;
      let blues = reds;
      let redLeft = reds;
      let redRight = reds;
      let greenLeft = reds;
      let greenRight = reds;
      let blueLeft = reds;
      let blueRight = reds;
      let coloursBefore: i32 = -1;
      for (let which = 0; which < 2; which++) {
        const row = tap(rows, down, y, which);
        const share = i32x4.splat(tap(rows, down, y, 2 + which));
        const colours = (row >> 1) * halfWidth;
        if (colours != coloursBefore) {
          const u = coloursUnder(us + colours, sources, same);
          const v = coloursUnder(vs + colours, sources, same);
          const uLeft = centred(i16x8.extend_low_i8x16_u(u), 128);
          const uRight = centred(i16x8.extend_high_i8x16_u(u), 128);
          const vLeft = centred(i16x8.extend_low_i8x16_u(v), 128);
          const vRight = centred(i16x8.extend_high_i8x16_u(v), 128);
          redLeft = highProduct(vLeft, vrs);
          redRight = highProduct(vRight, vrs);
          greenLeft = i16x8.add(highProduct(uLeft, ugs), highProduct(vLeft, vgs));
          greenRight = i16x8.add(highProduct(uRight, ugs), highProduct(vRight, vgs));
          blueLeft = highProduct(uLeft, ubs);
          blueRight = highProduct(uRight, ubs);
          coloursBefore = colours;
        }
        const light = pairsUnder(yuv + row * width, sources);
        const left = highProduct(centred(i16x8.extend_low_i8x16_u(light), 16), lumas);
        const right = highProduct(centred(i16x8.extend_high_i8x16_u(light), 16), lumas);
        const red = pairsOf(i16x8.add(left, redLeft), i16x8.add(right, redRight), firstWeights, lastWeights, share);
        const green = pairsOf(i16x8.add(left, greenLeft), i16x8.add(right, greenRight), firstWeights, lastWeights, share);
        const blue = pairsOf(i16x8.add(left, blueLeft), i16x8.add(right, blueRight), firstWeights, lastWeights, share);
        reds = i16x8.add(reds, red);
        greens = i16x8.add(greens, green);
        blues = i16x8.add(blues, blue);
      }
      // What lies behind the row's end is the next row's, which comes after.
      storeEight(to, quarterOf(reds), quarterOf(greens), quarterOf(blues));
    }
  }
}

/** The four numbers of each position of one axis: two sources and what each counts. */
@inline
function tap(taps: usize, length: i32, at: i32, which: i32): i32 {
  return load<i32>(taps + 4 * (which * length + at));
}

/** Of a row of luma, the pixels under both taps of eight positions, one after another. */
@inline
function pairsUnder(row: usize, sources: usize): v128 {
  let pairs = v128.load16_lane(row + load<i32>(sources), i8x16.splat(0), 0);
  pairs = v128.load16_lane(row + load<i32>(sources, 4), pairs, 1);
  pairs = v128.load16_lane(row + load<i32>(sources, 8), pairs, 2);
  pairs = v128.load16_lane(row + load<i32>(sources, 12), pairs, 3);
  pairs = v128.load16_lane(row + load<i32>(sources, 16), pairs, 4);
  pairs = v128.load16_lane(row + load<i32>(sources, 20), pairs, 5);
  pairs = v128.load16_lane(row + load<i32>(sources, 24), pairs, 6);
  return v128.load16_lane(row + load<i32>(sources, 28), pairs, 7);
}

/** The same of a row of a colour, which has one value for two pixels; `same` is 255 where the value is that of the first tap. */
@inline
function coloursUnder(row: usize, sources: usize, same: v128): v128 {
  let pairs = v128.load16_lane(row + (load<i32>(sources) >> 1), i8x16.splat(0), 0);
  pairs = v128.load16_lane(row + (load<i32>(sources, 4) >> 1), pairs, 1);
  pairs = v128.load16_lane(row + (load<i32>(sources, 8) >> 1), pairs, 2);
  pairs = v128.load16_lane(row + (load<i32>(sources, 12) >> 1), pairs, 3);
  pairs = v128.load16_lane(row + (load<i32>(sources, 16) >> 1), pairs, 4);
  pairs = v128.load16_lane(row + (load<i32>(sources, 20) >> 1), pairs, 5);
  pairs = v128.load16_lane(row + (load<i32>(sources, 24) >> 1), pairs, 6);
  pairs = v128.load16_lane(row + (load<i32>(sources, 28) >> 1), pairs, 7);
  const firsts = i8x16.shuffle(pairs, pairs, 0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14);
  return v128.bitselect(firsts, pairs, same);
}

/** What a row adds to a colour of eight positions: both taps of the first and last four, their weights, and what the row counts. */
@inline
function pairsOf(first: v128, last: v128, firstWeights: v128, lastWeights: v128, row: v128): v128 {
  const bytes = i8x16.narrow_i16x8_u(first, last);
  const some = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(bytes), firstWeights);
  const others = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(bytes), lastWeights);
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.mul(row, i32x4.shr_s(some, 4)), 16),
    i32x4.shr_s(i32x4.mul(row, i32x4.shr_s(others, 4)), 16),
  );
}

@inline
function quarterOf(sums: v128): v128 {
  return i16x8.shr_s(i16x8.add(sums, i16x8.splat(2)), 2);
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
