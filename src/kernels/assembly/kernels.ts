// The innermost loops over pixels, in AssemblyScript, which becomes WebAssembly with vectors of 16 bytes: a
// third to a tenth of the time of the same loops in JavaScript. Whole numbers, or floats whose every
// step is rounded as IEEE 754 says, so that every processor gives the same bytes. All memory is the
// caller's, from the 1,025th byte on, as the compiler takes for granted: a function is told where things lie and how long
// they are, and keeps nothing. Pictures are tight rows from top to bottom. Whoever changes this file runs `npm run kernels`.

/** Upper half of the product of 16-bit numbers. */
@inline
function highProduct(values: v128, factor: v128): v128 {
  return i16x8.narrow_i32x4_s(
    i32x4.shr_s(i32x4.extmul_low_i16x8_s(values, factor), 16),
    i32x4.shr_s(i32x4.extmul_high_i16x8_s(values, factor), 16),
  );
}

/** Eight times (value - zero). */
@inline
function centred(values: v128, zero: i16): v128 {
  return i16x8.shl(i16x8.sub(values, i16x8.splat(zero)), 3);
}

@inline
function product(value: i32, zero: i32, factor: i32): i32 {
  return (8 * (value - zero) * factor) >> 16;
}

@inline
function byteOf(value: i32): u8 {
  return <u8>max(0, min(255, value));
}

/** Writes 16 pixels, given as 16 bytes of each colour, one after another. */
@inline
function storeRgb(to: usize, r: v128, g: v128, b: v128): void {
  const first = i8x16.shuffle(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const second = i8x16.shuffle(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const third = i8x16.shuffle(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(to, i8x16.shuffle(first, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  v128.store(to, i8x16.shuffle(second, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15), 16);
  v128.store(to, i8x16.shuffle(third, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31), 32);
}

/** One colour of 16 pixels that lie as `a`, `b` and `c`, 16 bytes each. */
@inline
function red(a: v128, b: v128, c: v128): v128 {
  const ab = i8x16.shuffle(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
  return i8x16.shuffle(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
}

@inline
function green(a: v128, b: v128, c: v128): v128 {
  const ab = i8x16.shuffle(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
  return i8x16.shuffle(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
}

@inline
function blue(a: v128, b: v128, c: v128): v128 {
  const ab = i8x16.shuffle(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
  return i8x16.shuffle(ab, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
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
    storeRgb(
      rgb + 3 * at,
      i8x16.narrow_i16x8_u(
        i16x8.add(left, i8x16.shuffle(reds, reds, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7)),
        i16x8.add(right, i8x16.shuffle(reds, reds, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15)),
      ),
      i8x16.narrow_i16x8_u(
        i16x8.add(left, i8x16.shuffle(greens, greens, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7)),
        i16x8.add(right, i8x16.shuffle(greens, greens, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15)),
      ),
      i8x16.narrow_i16x8_u(
        i16x8.add(left, i8x16.shuffle(blues, blues, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7)),
        i16x8.add(right, i8x16.shuffle(blues, blues, 8, 9, 8, 9, 10, 11, 10, 11, 12, 13, 12, 13, 14, 15, 14, 15)),
      ),
    );
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

/** The four numbers of each position of one axis: two sources and what each counts. */
@inline
function tap(taps: usize, length: i32, at: i32, which: i32): i32 {
  return load<i32>(taps + 4 * (which * length + at));
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

/** Four bytes as 32-bit numbers. */
@inline
function fourOf(at: usize): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(at)));
}

/**
 * Sums each column of bytes over `rows` rows of `rowBytes` into 32-bit numbers; what lies behind the last
 * byte of a row is read and summed, too, up to a multiple of 16.
 */
export function sumColumns(data: usize, rowBytes: i32, rows: i32, sums: usize): void {
  for (let at = 0; at < rowBytes; at += 16) {
    let a = i32x4.splat(0);
    let b = a;
    let c = a;
    let d = a;
    let from = data + at;
    for (let row = 0; row < rows; row++, from += rowBytes) {
      const bytes = v128.load(from);
      const low = i16x8.extend_low_i8x16_u(bytes);
      const high = i16x8.extend_high_i8x16_u(bytes);
      a = i32x4.add(a, i32x4.extend_low_i16x8_u(low));
      b = i32x4.add(b, i32x4.extend_high_i16x8_u(low));
      c = i32x4.add(c, i32x4.extend_low_i16x8_u(high));
      d = i32x4.add(d, i32x4.extend_high_i16x8_u(high));
    }
    const to = sums + 4 * at;
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
  }
}

/**
 * Means of `factor` x `factor` blocks of an rgb24 picture, rounded; blocks at the right and lower edge may be smaller.
 * `sums` has room for a row of 32-bit numbers and 16 more.
 */
export function blockMeans(rgb: usize, width: i32, height: i32, factor: i32, sums: usize, out: usize): void {
  const rowBytes = 3 * width;
  let to = out;
  for (let row = 0; row < height; row += factor) {
    const rows = min(factor, height - row);
    sumColumns(rgb + row * rowBytes, rowBytes, rows, sums);
    let from = sums;
    for (let column = 0; column < width; column += factor, to += 3) {
      const columns = min(factor, width - column);
      let r: u32 = 0;
      let g: u32 = 0;
      let b: u32 = 0;
      for (let at = 0; at < columns; at++, from += 12) {
        r += load<u32>(from);
        g += load<u32>(from, 4);
        b += load<u32>(from, 8);
      }
      const count = <f64>(rows * columns);
      store<u8>(to, <u8>(<f64>r / count + 0.5));
      store<u8>(to, <u8>(<f64>g / count + 0.5), 1);
      store<u8>(to, <u8>(<f64>b / count + 0.5), 2);
    }
  }
}

/**
 * Fills a square of `side` pixels from a picture of `width` x `height`: pixel (column, row) is the bilinear mean at
 * x = a column - b row + tx, y = b column + a row + ty; outside the picture is black. Only a part of the picture
 * is there, from `left` and `top` on and `across` wide, and reaches one pixel further than is asked for.
 * Returns how many pixels lie inside.
 */
export function warp(
  part: usize, left: i32, top: i32, across: i32, width: i32, height: i32,
  a: f64, b: f64, tx: f64, ty: f64, side: i32, out: usize,
): i32 {
  const rowBytes = 3 * across;
  let inside = 0;
  let to = out;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++, to += 3) {
      const x = a * <f64>column - b * <f64>row + tx;
      const y = b * <f64>column + a * <f64>row + ty;
      if (x <= -1 || y <= -1 || x >= <f64>width || y >= <f64>height) {
        store<u8>(to, 0);
        store<u8>(to, 0, 1);
        store<u8>(to, 0, 2);
        continue;
      }
      if (x >= -0.5 && y >= -0.5 && x <= <f64>width - 0.5 && y <= <f64>height - 0.5) inside++;
      const x0 = <i32>floor(x);
      const y0 = <i32>floor(y);
      const right = x - <f64>x0;
      const below = y - <f64>y0;
      const from = part + ((y0 - top) * across + x0 - left) * 3;
      const hasLeft = x0 >= 0;
      const hasTop = y0 >= 0;
      const hasRight = x0 + 1 < width;
      const hasBottom = y0 + 1 < height;
      const topLeft = (1 - right) * (1 - below);
      const topRight = right * (1 - below);
      const bottomLeft = (1 - right) * below;
      const bottomRight = right * below;
      if (hasLeft && hasTop && hasRight && hasBottom) {
        for (let channel = 0; channel < 3; channel++) {
          const upper = from + channel;
          const lower = upper + rowBytes;
          const value = 0.5 + topLeft * <f64>load<u8>(upper) + topRight * <f64>load<u8>(upper, 3);
          store<u8>(to + channel, <u8>(value + bottomLeft * <f64>load<u8>(lower) + bottomRight * <f64>load<u8>(lower, 3)));
        }
        continue;
      }
      for (let channel = 0; channel < 3; channel++) {
        const upper = from + channel;
        const lower = upper + rowBytes;
        let value = 0.5;
        if (hasLeft && hasTop) value += topLeft * <f64>load<u8>(upper);
        if (hasRight && hasTop) value += topRight * <f64>load<u8>(upper, 3);
        if (hasLeft && hasBottom) value += bottomLeft * <f64>load<u8>(lower);
        if (hasRight && hasBottom) value += bottomRight * <f64>load<u8>(lower, 3);
        store<u8>(to + channel, <u8>value);
      }
    }
  }
  return inside;
}

/** 16 bytes to floats: each times `gain`, plus `offset`, in double precision, then rounded. */
@inline
function storeFloats(to: usize, bytes: v128, gain: v128, offset: v128): void {
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  storeFour(to, i32x4.extend_low_i16x8_u(low), gain, offset);
  storeFour(to + 16, i32x4.extend_high_i16x8_u(low), gain, offset);
  storeFour(to + 32, i32x4.extend_low_i16x8_u(high), gain, offset);
  storeFour(to + 48, i32x4.extend_high_i16x8_u(high), gain, offset);
}

@inline
function storeFour(to: usize, values: v128, gain: v128, offset: v128): void {
  const low = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(values), gain), offset);
  const upper = i8x16.shuffle(values, values, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
  const high = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(upper), gain), offset);
  v128.store(to, i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2));
}

@inline
function floatOf(byte: u8, gain: f64, offset: f64): f32 {
  return <f32>(<f64>byte * gain + offset);
}

/**
 * An rgb24 picture to a plane of floats for each colour, byte times gain plus offset; each plane's rows are `rowLength` floats apart.
 */
export function toPlanes(
  rgb: usize, width: i32, height: i32, rowLength: i32,
  reds: usize, redGain: f64, redOffset: f64,
  greens: usize, greenGain: f64, greenOffset: f64,
  blues: usize, blueGain: f64, blueOffset: f64,
): void {
  const rg = f64x2.splat(redGain);
  const ro = f64x2.splat(redOffset);
  const gg = f64x2.splat(greenGain);
  const go = f64x2.splat(greenOffset);
  const bg = f64x2.splat(blueGain);
  const bo = f64x2.splat(blueOffset);
  const whole = width & ~15;
  for (let row = 0; row < height; row++) {
    let from = rgb + row * width * 3;
    let to: usize = 4 * row * rowLength;
    let at = 0;
    for (; at < whole; at += 16, from += 48, to += 64) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      storeFloats(reds + to, red(a, b, c), rg, ro);
      storeFloats(greens + to, green(a, b, c), gg, go);
      storeFloats(blues + to, blue(a, b, c), bg, bo);
    }
    for (; at < width; at++, from += 3, to += 4) {
      store<f32>(reds + to, floatOf(load<u8>(from), redGain, redOffset));
      store<f32>(greens + to, floatOf(load<u8>(from, 1), greenGain, greenOffset));
      store<f32>(blues + to, floatOf(load<u8>(from, 2), blueGain, blueOffset));
    }
  }
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

/** Of 16 bytes, four as 32-bit numbers. */
@inline
function quarter(bytes: v128, which: i32): v128 {
  const half = which < 2 ? i16x8.extend_low_i8x16_u(bytes) : i16x8.extend_high_i8x16_u(bytes);
  return (which & 1) == 0 ? i32x4.extend_low_i16x8_u(half) : i32x4.extend_high_i16x8_u(half);
}

@inline
function bytesOf(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
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

/**
 * An rgb24 picture to OpenCV's 8-bit HSV, a plane each in `kept`, `pixels` bytes long, and the sums of how far each part was
 * from what lay there, as three 32-bit numbers in `sums`. `pixels` is a multiple of 16; pad with black.
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
