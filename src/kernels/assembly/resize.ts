// An RGB picture at another size, by weights that the caller plans.
import { bytesOf } from './lanes';

/** Weights are in 16,384ths, so that each is a 16-bit number. */
const weightBits = 14;

/**
 * An rgb24 picture of `width` to one of `across` x `down`: each row of bytes as a weighted sum of rows, rounded, and then each
 * pixel of it as one of that row's. `columns` and `rows` hold for each position of the result the first one of its
 * sources, in 32 bits, and then for each the weights of as many as there are taps, in 16 bits each: an even number, which sum
 * to 16,384. Sources go past the picture's end, with weight 0, where taps do. `scratch` has room for a row of the source.
 */
export function resize(
  rgb: usize, width: i32, out: usize, across: i32, down: i32,
  columns: usize, columnTaps: i32, rows: usize, rowTaps: i32, scratch: usize,
): void {
  const rowBytes = 3 * width;
  const rounding = i32x4.splat(1 << (weightBits - 1));
  let to = out;
  for (let y = 0; y < down; y++) {
    const first = rgb + load<i32>(rows + 4 * y) * rowBytes;
    const downWeights = rows + 4 * down + 2 * y * rowTaps;
    for (let at = 0; at < rowBytes; at += 16) {
      let a = rounding;
      let b = rounding;
      let c = rounding;
      let d = rounding;
      let from = first + at;
      for (let tap = 0; tap < rowTaps; tap += 2, from += 2 * rowBytes) {
        const pair = v128.load32_splat(downWeights + 2 * tap);
        const upper = v128.load(from);
        const lower = v128.load(from + rowBytes);
        const left = i8x16.shuffle(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const right = i8x16.shuffle(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        a = i32x4.add(a, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(left), pair));
        b = i32x4.add(b, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(left), pair));
        c = i32x4.add(c, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(right), pair));
        d = i32x4.add(d, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(right), pair));
      }
      v128.store(scratch + at, bytesOf(shifted(a), shifted(b), shifted(c), shifted(d)));
    }
    let weights = columns + 4 * across;
    for (let x = 0; x < across; x++, to += 3) {
      let sum = rounding;
      let from = scratch + 3 * load<i32>(columns + 4 * x);
      for (let tap = 0; tap < columnTaps; tap += 2, from += 6, weights += 4) {
        // Two pixels, each colour beside itself.
        const pixels = v128.load64_zero(from);
        const colours = i8x16.shuffle(pixels, pixels, 0, 3, 1, 4, 2, 5, 2, 5, 0, 3, 1, 4, 2, 5, 2, 5);
        sum = i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(colours), v128.load32_splat(weights)));
      }
      // The fourth byte is the next pixel's, which comes after, or lies behind the picture.
      sum = shifted(sum);
      v128.store32_lane(to, bytesOf(sum, sum, sum, sum), 0);
    }
  }
}

@inline
function shifted(sums: v128): v128 {
  return i32x4.shr_s(sums, weightBits);
}
