// A picture, RGB or YUV, as a plane for each colour, the input of a network.
import { blue, green, red } from './lanes';
import { byteOf, centred, highProduct, lit, product } from './yuv';

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

/**
 * A yuv420p picture to the planes that `toPlanes` makes of its RGB: the shares are those of src/media/yuv.ts, in 8,192ths.
 */
export function yuvToPlanes(
  yuv: usize, width: i32, height: i32, rowLength: i32,
  reds: usize, redGain: f64, redOffset: f64,
  greens: usize, greenGain: f64, greenOffset: f64,
  blues: usize, blueGain: f64, blueOffset: f64,
  luma: i32, vr: i32, ub: i32, ug: i32, vg: i32,
): void {
  const lumas = i16x8.splat(<i16>luma);
  const vrs = i16x8.splat(<i16>vr);
  const ubs = i16x8.splat(<i16>ub);
  const ugs = i16x8.splat(<i16>ug);
  const vgs = i16x8.splat(<i16>vg);
  const rg = f64x2.splat(redGain);
  const ro = f64x2.splat(redOffset);
  const gg = f64x2.splat(greenGain);
  const go = f64x2.splat(greenOffset);
  const bg = f64x2.splat(blueGain);
  const bo = f64x2.splat(blueOffset);
  const areBytes =
    redGain == 1 && greenGain == 1 && blueGain == 1 && redOffset == 0 && greenOffset == 0 && blueOffset == 0;
  const halfWidth = (width + 1) >> 1;
  const us = yuv + width * height;
  const vs = us + halfWidth * ((height + 1) >> 1);
  const whole = width & ~15;
  for (let row = 0; row < height; row++) {
    const y = yuv + row * width;
    const u = us + (row >> 1) * halfWidth;
    const v = vs + (row >> 1) * halfWidth;
    let to: usize = 4 * row * rowLength;
    let at = 0;
    for (; at < whole; at += 16, to += 64) {
      const bytes = v128.load(y + at);
      const left = highProduct(centred(i16x8.extend_low_i8x16_u(bytes), 16), lumas);
      const right = highProduct(centred(i16x8.extend_high_i8x16_u(bytes), 16), lumas);
      const cb = centred(v128.load8x8_u(u + (at >> 1)), 128);
      const cr = centred(v128.load8x8_u(v + (at >> 1)), 128);
      const r = lit(left, right, highProduct(cr, vrs));
      const g = lit(left, right, i16x8.add(highProduct(cb, ugs), highProduct(cr, vgs)));
      const b = lit(left, right, highProduct(cb, ubs));
      if (areBytes) {
        storeBytes(reds + to, r);
        storeBytes(greens + to, g);
        storeBytes(blues + to, b);
      } else {
        storeFloats(reds + to, r, rg, ro);
        storeFloats(greens + to, g, gg, go);
        storeFloats(blues + to, b, bg, bo);
      }
    }
    for (; at < width; at++, to += 4) {
      const light = product(load<u8>(y + at), 16, luma);
      const cb: i32 = load<u8>(u + (at >> 1));
      const cr: i32 = load<u8>(v + (at >> 1));
      store<f32>(reds + to, floatOf(byteOf(light + product(cr, 128, vr)), redGain, redOffset));
      const green = byteOf(light + product(cb, 128, ug) + product(cr, 128, vg));
      store<f32>(greens + to, floatOf(green, greenGain, greenOffset));
      store<f32>(blues + to, floatOf(byteOf(light + product(cb, 128, ub)), blueGain, blueOffset));
    }
  }
}

/** An rgb24 picture to a plane of bytes for each colour; each plane's rows are `rowLength` bytes apart. */
export function toBytePlanes(
  rgb: usize, width: i32, height: i32, rowLength: i32, reds: usize, greens: usize, blues: usize,
): void {
  const whole = width & ~15;
  for (let row = 0; row < height; row++) {
    let from = rgb + row * width * 3;
    let to: usize = row * rowLength;
    let at = 0;
    for (; at < whole; at += 16, from += 48, to += 16) {
      const a = v128.load(from);
      const b = v128.load(from, 16);
      const c = v128.load(from, 32);
      v128.store(reds + to, red(a, b, c));
      v128.store(greens + to, green(a, b, c));
      v128.store(blues + to, blue(a, b, c));
    }
    for (; at < width; at++, from += 3, to += 1) {
      store<u8>(reds + to, load<u8>(from));
      store<u8>(greens + to, load<u8>(from, 1));
      store<u8>(blues + to, load<u8>(from, 2));
    }
  }
}

/** 16 bytes to floats as they are. */
@inline
function storeBytes(to: usize, bytes: v128): void {
  const low = i16x8.extend_low_i8x16_u(bytes);
  const high = i16x8.extend_high_i8x16_u(bytes);
  v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)));
  v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), 16);
  v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), 32);
  v128.store(to, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), 48);
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
