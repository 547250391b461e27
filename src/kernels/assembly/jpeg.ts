// The compressed part of a baseline JPEG: colours at half the size, the cosine transform in floats (Arai, Agui
// and Nakajima's), Huffman codes by the caller's tables. ITU-T T.81 says what it must be.
import { blue, green, quarter, red } from './lanes';

/** Where the parts of `tables` begin: 64 floats each, 64 numbers, and four lists of 256 codes. */
const lumaShares: usize = 0;
const chromaShares: usize = 256;
const zigzag: usize = 512;
const lumaDc: usize = 768;
const lumaAc: usize = 1792;
const chromaDc: usize = 2816;
const chromaAc: usize = 3840;
/** Where those of `scratch` begin: four blocks of luma, two of colour, whole numbers of one block, two rows of 16 pixels. */
const colours: usize = 1024;
const numbers: usize = 1536;
const edges: usize = 1792;

/** Bits that do not fill a byte yet, how many, and where the next byte goes. */
let pending: u64 = 0;
let pendingBits: i32 = 0;
let place: usize = 0;

/**
 * An rgb24 picture as the scan of a JPEG with three components, the first with two samples an axis. `tables` says
 * what each coefficient is multiplied with before it is rounded, for luma and colour, in the transform's order,
 * turned; where in that order the zigzag's coefficients lie, in bytes; and the codes, 32 x code + length, of luma's
 * and colour's DC and AC symbols. `scratch` has 1,888 bytes, `out` 2,496 for each 16 x 16 pixels. Returns the bytes written.
 */
export function encodeScan(rgb: usize, width: i32, height: i32, tables: usize, scratch: usize, out: usize): i32 {
  pending = 0;
  pendingBits = 0;
  place = out;
  let y: i32 = 0;
  let cb: i32 = 0;
  let cr: i32 = 0;
  for (let top = 0; top < height; top += 16) {
    for (let left = 0; left < width; left += 16) {
      for (let row = 0; row < 16; row += 2) loadRows(rgb, width, height, left, top + row, row, scratch);
      for (let block: usize = 0; block < 4; block++)
        y = encodeBlock(scratch + 256 * block, y, tables + lumaShares, tables + lumaDc, tables + lumaAc, tables, scratch);
      cb = encodeBlock(scratch + colours, cb, tables + chromaShares, tables + chromaDc, tables + chromaAc, tables, scratch);
      cr = encodeBlock(scratch + colours + 256, cr, tables + chromaShares, tables + chromaDc, tables + chromaAc, tables, scratch);
    }
  }
  // What is left of the last byte is ones.
  if (pendingBits > 0) put(127, 7);
  return <i32>(place - out);
}

/** Two rows of 16 pixels to their places in the blocks; beyond the picture its edge goes on. */
function loadRows(rgb: usize, width: i32, height: i32, left: i32, top: i32, row: i32, scratch: usize): void {
  const upper = rowAt(rgb, width, min(top, height - 1), left, scratch + edges);
  const lower = rowAt(rgb, width, min(top + 1, height - 1), left, scratch + edges + 48);
  const a = v128.load(upper);
  const b = v128.load(upper, 16);
  const c = v128.load(upper, 32);
  const d = v128.load(lower);
  const e = v128.load(lower, 16);
  const f = v128.load(lower, 32);
  const to = scratch + (row < 8 ? 0 : 512) + 32 * (row & 7);
  storeLuma(to, red(a, b, c), green(a, b, c), blue(a, b, c));
  storeLuma(to + 32, red(d, e, f), green(d, e, f), blue(d, e, f));
  const r = sumsOfFour(red(a, b, c), red(d, e, f));
  const g = sumsOfFour(green(a, b, c), green(d, e, f));
  const l = sumsOfFour(blue(a, b, c), blue(d, e, f));
  const colour = scratch + colours + 16 * row;
  storeMix(colour, r, g, l, -0.168735892 / 4, -0.331264108 / 4, 0.5 / 4);
  storeMix(colour + 256, r, g, l, 0.5 / 4, -0.418687589 / 4, -0.081312411 / 4);
}

/** Where 16 pixels of a row lie from `left` on: in the picture, or, where it ends before, in `edge`. */
function rowAt(rgb: usize, width: i32, row: i32, left: i32, edge: usize): usize {
  const from = rgb + 3 * (row * width + left);
  if (left + 16 <= width) return from;
  for (let column = 0; column < 16; column++) {
    const pixel = from + 3 * min(column, width - 1 - left);
    store<u8>(edge + 3 * column, load<u8>(pixel));
    store<u8>(edge + 3 * column, load<u8>(pixel, 1), 1);
    store<u8>(edge + 3 * column, load<u8>(pixel, 2), 2);
  }
  return edge;
}

/** 16 pixels' luma, less 128, to a row of two blocks. */
@inline
function storeLuma(to: usize, r: v128, g: v128, b: v128): void {
  for (let part = 0; part < 4; part++) {
    const light = mixed(quarter(r, part), quarter(g, part), quarter(b, part), 0.299, 0.587, 0.114);
    v128.store(to + 256 * (part >> 1) + 16 * (part & 1), f32x4.sub(light, f32x4.splat(128)));
  }
}

/** Eight pixels of a colour, of sums of red, green and blue. */
@inline
function storeMix(to: usize, r: v128, g: v128, b: v128, ofRed: f32, ofGreen: f32, ofBlue: f32): void {
  v128.store(to, mixed(lowHalf(r), lowHalf(g), lowHalf(b), ofRed, ofGreen, ofBlue));
  v128.store(to, mixed(highHalf(r), highHalf(g), highHalf(b), ofRed, ofGreen, ofBlue), 16);
}

@inline
function lowHalf(sums: v128): v128 {
  return i32x4.extend_low_i16x8_u(sums);
}

@inline
function highHalf(sums: v128): v128 {
  return i32x4.extend_high_i16x8_u(sums);
}

@inline
function mixed(r: v128, g: v128, b: v128, ofRed: f32, ofGreen: f32, ofBlue: f32): v128 {
  const reds = f32x4.mul(f32x4.convert_i32x4_u(r), f32x4.splat(ofRed));
  const greens = f32x4.mul(f32x4.convert_i32x4_u(g), f32x4.splat(ofGreen));
  const blues = f32x4.mul(f32x4.convert_i32x4_u(b), f32x4.splat(ofBlue));
  return f32x4.add(f32x4.add(reds, greens), blues);
}

/** Of two neighbours in one row and in the other. */
@inline
function sumsOfFour(upper: v128, lower: v128): v128 {
  return i16x8.add(i16x8.extadd_pairwise_i8x16_u(upper), i16x8.extadd_pairwise_i8x16_u(lower));
}

/** Transforms, rounds and writes a block; `before` is the DC of the one before. Returns its own. */
function encodeBlock(block: usize, before: i32, shares: usize, dc: usize, ac: usize, tables: usize, scratch: usize): i32 {
  transformColumns(block);
  transformColumns(block + 16);
  transpose(block);
  transformColumns(block);
  transformColumns(block + 16);
  const rounded = scratch + numbers;
  for (let at: usize = 0; at < 256; at += 16) {
    const scaled = f32x4.mul(v128.load(block + at), v128.load(shares + at));
    v128.store(rounded + at, i32x4.trunc_sat_f32x4_s(f32x4.nearest(scaled)));
  }
  const mean = load<i32>(rounded);
  putNumber(dc, 0, mean - before);
  let zeros = 0;
  for (let at: usize = 4; at < 256; at += 4) {
    const value = load<i32>(rounded + load<i32>(tables + zigzag + at));
    if (value == 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) putCode(ac, 0xf0);
    putNumber(ac, zeros << 4, value);
    zeros = 0;
  }
  if (zeros > 0) putCode(ac, 0);
  return mean;
}

/** The transform of eight numbers one below the other, of four columns. */
function transformColumns(at: usize): void {
  const a = v128.load(at);
  const b = v128.load(at, 32);
  const c = v128.load(at, 64);
  const d = v128.load(at, 96);
  const e = v128.load(at, 128);
  const f = v128.load(at, 160);
  const g = v128.load(at, 192);
  const h = v128.load(at, 224);
  const ah = f32x4.add(a, h);
  const bg = f32x4.add(b, g);
  const cf = f32x4.add(c, f);
  const de = f32x4.add(d, e);
  const outer = f32x4.add(ah, de);
  const inner = f32x4.add(bg, cf);
  const slope = f32x4.sub(ah, de);
  const turned = f32x4.mul(f32x4.add(f32x4.sub(bg, cf), slope), f32x4.splat(0.707106781));
  v128.store(at, f32x4.add(outer, inner));
  v128.store(at, f32x4.add(slope, turned), 64);
  v128.store(at, f32x4.sub(outer, inner), 128);
  v128.store(at, f32x4.sub(slope, turned), 192);
  const aLessH = f32x4.sub(a, h);
  const bLessG = f32x4.sub(b, g);
  const cLessF = f32x4.sub(c, f);
  const low = f32x4.add(f32x4.sub(d, e), cLessF);
  const middle = f32x4.mul(f32x4.add(cLessF, bLessG), f32x4.splat(0.707106781));
  const high = f32x4.add(bLessG, aLessH);
  const shared = f32x4.mul(f32x4.sub(low, high), f32x4.splat(0.382683433));
  const lowTurned = f32x4.add(f32x4.mul(low, f32x4.splat(0.5411961)), shared);
  const highTurned = f32x4.add(f32x4.mul(high, f32x4.splat(1.306562965)), shared);
  const sum = f32x4.add(aLessH, middle);
  const difference = f32x4.sub(aLessH, middle);
  v128.store(at, f32x4.add(sum, highTurned), 32);
  v128.store(at, f32x4.sub(difference, lowTurned), 96);
  v128.store(at, f32x4.add(difference, lowTurned), 160);
  v128.store(at, f32x4.sub(sum, highTurned), 224);
}

/** Turns a block of 8 x 8 numbers about its diagonal. */
function transpose(block: usize): void {
  transposeFour(block, block);
  transposeFour(block + 144, block + 144);
  const upper = block + 16;
  const lower = block + 128;
  const a = v128.load(lower);
  const b = v128.load(lower, 32);
  const c = v128.load(lower, 64);
  const d = v128.load(lower, 96);
  transposeFour(upper, lower);
  v128.store(upper, a);
  v128.store(upper, b, 32);
  v128.store(upper, c, 64);
  v128.store(upper, d, 96);
  transposeFour(upper, upper);
}

/** The same of 4 x 4 numbers in rows 32 bytes apart. */
function transposeFour(from: usize, to: usize): void {
  const a = v128.load(from);
  const b = v128.load(from, 32);
  const c = v128.load(from, 64);
  const d = v128.load(from, 96);
  const abLow = i32x4.shuffle(a, b, 0, 4, 1, 5);
  const abHigh = i32x4.shuffle(a, b, 2, 6, 3, 7);
  const cdLow = i32x4.shuffle(c, d, 0, 4, 1, 5);
  const cdHigh = i32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(to, i64x2.shuffle(abLow, cdLow, 0, 2));
  v128.store(to, i64x2.shuffle(abLow, cdLow, 1, 3), 32);
  v128.store(to, i64x2.shuffle(abHigh, cdHigh, 0, 2), 64);
  v128.store(to, i64x2.shuffle(abHigh, cdHigh, 1, 3), 96);
}

@inline
function putCode(codes: usize, symbol: i32): void {
  const code = load<u32>(codes + 4 * symbol);
  put(code >> 5, code & 31);
}

/** A number: the code of its length in bits, with what precedes it, and those bits; one below 0 as its complement. */
@inline
function putNumber(codes: usize, symbol: i32, value: i32): void {
  const length = 32 - clz(abs(value));
  const code = load<u32>(codes + 4 * (symbol | length));
  const bits: u32 = (value < 0 ? value - 1 : value) & ((1 << length) - 1);
  put(((code >> 5) << length) | bits, (code & 31) + length);
}

/** Writes bits; a byte of ones is followed by one of zeros. */
function put(bits: u32, length: i32): void {
  pending = (pending << length) | bits;
  pendingBits += length;
  while (pendingBits >= 8) {
    pendingBits -= 8;
    const byte = <u8>(pending >> pendingBits);
    store<u8>(place++, byte);
    if (byte == 255) store<u8>(place++, 0);
  }
}
