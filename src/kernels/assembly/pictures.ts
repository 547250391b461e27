// Sums and means over an RGB picture, and a square out of one, turned and scaled.
import { blue, green, red, storeRgb } from './lanes';

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
  // Halving goes 32 pixels at a time as far as they reach.
  const halved = factor == 2 ? width & ~31 : 0;
  let to = out;
  for (let row = 0; row < height; row += factor) {
    const rows = min(factor, height - row);
    const start = rgb + row * rowBytes;
    if (rows == 2) {
      for (let column = 0; column < halved; column += 32, to += 48) halve(start + 3 * column, rowBytes, to);
    }
    const first = rows == 2 ? halved : 0;
    if (first == width) continue;
    sumColumns(start, rowBytes, rows, sums);
    let from = sums + 12 * first;
    for (let column = first; column < width; column += factor, to += 3) {
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

/** Means of 2 x 2 blocks of 32 pixels and of those one row below. */
@inline
function halve(from: usize, rowBytes: i32, to: usize): void {
  const below = from + rowBytes;
  const a = v128.load(from);
  const b = v128.load(from, 16);
  const c = v128.load(from, 32);
  const d = v128.load(from, 48);
  const e = v128.load(from, 64);
  const f = v128.load(from, 80);
  const g = v128.load(below);
  const h = v128.load(below, 16);
  const i = v128.load(below, 32);
  const j = v128.load(below, 48);
  const k = v128.load(below, 64);
  const l = v128.load(below, 80);
  storeRgb(
    to,
    i8x16.narrow_i16x8_u(meanOfFour(red(a, b, c), red(g, h, i)), meanOfFour(red(d, e, f), red(j, k, l))),
    i8x16.narrow_i16x8_u(meanOfFour(green(a, b, c), green(g, h, i)), meanOfFour(green(d, e, f), green(j, k, l))),
    i8x16.narrow_i16x8_u(meanOfFour(blue(a, b, c), blue(g, h, i)), meanOfFour(blue(d, e, f), blue(j, k, l))),
  );
}

/** Of two neighbours in one row and in the other, rounded. */
@inline
function meanOfFour(upper: v128, lower: v128): v128 {
  const sums = i16x8.add(i16x8.extadd_pairwise_i8x16_u(upper), i16x8.extadd_pairwise_i8x16_u(lower));
  return i16x8.shr_u(i16x8.add(sums, i16x8.splat(2)), 2);
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
