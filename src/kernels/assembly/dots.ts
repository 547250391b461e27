// Rows of numbers and their dot products: unit rows, sums of them, which rows are near which.

/**
 * Divides a row of floats by its length: `row` as doubles at `unit`, and rounded again in its own place. A row of zeros is left
 * as it is. `width` numbers, a multiple of 4. Returns the square of the length.
 */
export function unitRow(row: usize, unit: usize, width: i32): f64 {
  let square: f64 = 0;
  const end = row + 4 * width;
  for (let at = row; at < end; at += 4) square += f64(load<f32>(at)) * f64(load<f32>(at));
  if (square == 0) return 0;
  const length = f64x2.splat(Math.sqrt(square));
  for (let at = row; at < end; at += 8, unit += 16) {
    const values = f64x2.div(f64x2.promote_low_f32x4(v128.load64_zero(at)), length);
    v128.store(unit, values);
    v128.store64_lane(at, f32x4.demote_f64x2_zero(values), 0);
  }
  return square;
}

/** Adds the doubles at `part` to those at `sum`, and writes the new sum over `size` as floats at `mean`. */
export function addRow(sum: usize, part: usize, mean: usize, size: f64, width: i32): void {
  const sizes = f64x2.splat(size);
  for (const end = sum + 8 * width; sum < end; sum += 16, part += 16, mean += 8) {
    const values = f64x2.add(v128.load(sum), v128.load(part));
    v128.store(sum, values);
    v128.store64_lane(mean, f32x4.demote_f64x2_zero(f64x2.div(values, sizes)), 0);
  }
}

/**
 * How far a sum of unit rows is from others: 1 less the dot product of the two, over both sizes (doubles); what is below `least`
 * becomes 0, what is above 2 becomes 2. Sums are rows of `width` doubles (a multiple of 4) at `sums`; `others` are `count` row numbers of
 * 4 bytes, and each one's distance, a double, is written at `distances`.
 */
export function distancesTo(
  row: i32,
  others: usize,
  count: i32,
  sums: usize,
  width: i32,
  sizes: usize,
  least: f64,
  distances: usize,
): void {
  const size = load<f64>(sizes + 8 * row);
  const sum = sums + 8 * row * width;
  for (const end = others + 4 * count; others < end; others += 4, distances += 8) {
    const other = load<i32>(others);
    const distance = 1 - dotDouble(sum, sums + 8 * other * width, width) / (size * load<f64>(sizes + 8 * other));
    store<f64>(distances, distance < least ? 0 : distance > 2 ? 2 : distance);
  }
}

/** Four sums side by side, in a fixed order: the same bits whichever row comes first. */
@inline
function dotDouble(a: usize, b: usize, width: i32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  for (const end = a + 8 * width; a < end; a += 32, b += 32) {
    low = f64x2.add(low, f64x2.mul(v128.load(a), v128.load(b)));
    high = f64x2.add(high, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
  }
  return (
    f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1) + (f64x2.extract_lane(high, 0) + f64x2.extract_lane(high, 1))
  );
}

/**
 * Dot products of four rows of doubles, from number `left` on, with the two from `right` on: eight doubles at `out`, row by row.
 * Rows lie at `rows`, `rowBytes` (a multiple of 16) apart.
 */
export function dotTile(rows: usize, rowBytes: i32, left: i32, right: i32, out: usize): void {
  let a0 = f64x2.splat(0);
  let a1 = a0;
  let a2 = a0;
  let a3 = a0;
  let b0 = a0;
  let b1 = a0;
  let b2 = a0;
  let b3 = a0;
  let r = rows + right * rowBytes;
  for (let l = rows + left * rowBytes, end = l + rowBytes; l < end; l += 16, r += 16) {
    const ra = v128.load(r);
    const rb = v128.load(r + rowBytes);
    let at = l;
    let value = v128.load(at);
    a0 = f64x2.add(a0, f64x2.mul(value, ra));
    b0 = f64x2.add(b0, f64x2.mul(value, rb));
    at += rowBytes;
    value = v128.load(at);
    a1 = f64x2.add(a1, f64x2.mul(value, ra));
    b1 = f64x2.add(b1, f64x2.mul(value, rb));
    at += rowBytes;
    value = v128.load(at);
    a2 = f64x2.add(a2, f64x2.mul(value, ra));
    b2 = f64x2.add(b2, f64x2.mul(value, rb));
    at += rowBytes;
    value = v128.load(at);
    a3 = f64x2.add(a3, f64x2.mul(value, ra));
    b3 = f64x2.add(b3, f64x2.mul(value, rb));
  }
  v128.store(out, twoSums(a0, b0));
  v128.store(out, twoSums(a1, b1), 16);
  v128.store(out, twoSums(a2, b2), 32);
  v128.store(out, twoSums(a3, b3), 48);
}

/** The two numbers of each of two vectors added up. */
@inline
function twoSums(a: v128, b: v128): v128 {
  return f64x2.add(i64x2.shuffle(a, b, 0, 2), i64x2.shuffle(a, b, 1, 3));
}

/**
 * Multiplies four rows of floats, from number `left` on, with the rows from `right` to `end`, and keeps for each row the largest
 * dot products with later rows and with earlier ones. Rows lie at `rows`, `rowBytes` (a multiple of 16) apart; two more than
 * there are can be read. A row's list is `capacity` pairs of a number (4 bytes) and a dot product (a float), falling, at
 * `lists`; its smallest is the row's float at `floors`, which is infinite for a row without a list.
 */
export function keepNearest(
  rows: usize,
  rowBytes: i32,
  left: i32,
  right: i32,
  end: i32,
  lists: usize,
  capacity: i32,
  floors: usize,
): void {
  const start = rows + left * rowBytes;
  const stop = start + rowBytes;
  for (let column = right; column < end; column += 2) {
    let a0 = f32x4.splat(0);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b0 = a0;
    let b1 = a0;
    let b2 = a0;
    let b3 = a0;
    let l0 = start;
    let r = rows + column * rowBytes;
    do {
      const ra = v128.load(r);
      const rb = v128.load(r + rowBytes);
      let l = l0;
      let value = v128.load(l);
      a0 = f32x4.add(a0, f32x4.mul(value, ra));
      b0 = f32x4.add(b0, f32x4.mul(value, rb));
      l += rowBytes;
      value = v128.load(l);
      a1 = f32x4.add(a1, f32x4.mul(value, ra));
      b1 = f32x4.add(b1, f32x4.mul(value, rb));
      l += rowBytes;
      value = v128.load(l);
      a2 = f32x4.add(a2, f32x4.mul(value, ra));
      b2 = f32x4.add(b2, f32x4.mul(value, rb));
      l += rowBytes;
      value = v128.load(l);
      a3 = f32x4.add(a3, f32x4.mul(value, ra));
      b3 = f32x4.add(b3, f32x4.mul(value, rb));
      l0 += 16;
      r += 16;
    } while (l0 < stop);
    keepColumn(fourSums(a0, a1, a2, a3), left, column, lists, capacity, floors);
    if (column + 1 < end) keepColumn(fourSums(b0, b1, b2, b3), left, column + 1, lists, capacity, floors);
  }
}

/** The four numbers of each of four vectors added up. */
@inline
function fourSums(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 1, 4, 5), i32x4.shuffle(a, b, 2, 3, 6, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 1, 4, 5), i32x4.shuffle(c, d, 2, 3, 6, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 2, 4, 6), i32x4.shuffle(ab, cd, 1, 3, 5, 7));
}

@inline
function keepColumn(dots: v128, left: i32, column: i32, lists: usize, capacity: i32, floors: usize): void {
  const floor = v128.load32_splat(floors + 4 * column);
  const large = i32x4.bitmask(v128.or(f32x4.gt(dots, v128.load(floors + 4 * left)), f32x4.gt(dots, floor)));
  if (large == 0) return;
  if (large & 1) keepPair(f32x4.extract_lane(dots, 0), left, column, lists, capacity, floors);
  if (large & 2) keepPair(f32x4.extract_lane(dots, 1), left + 1, column, lists, capacity, floors);
  if (large & 4) keepPair(f32x4.extract_lane(dots, 2), left + 2, column, lists, capacity, floors);
  if (large & 8) keepPair(f32x4.extract_lane(dots, 3), left + 3, column, lists, capacity, floors);
}

function keepPair(dot: f32, row: i32, column: i32, lists: usize, capacity: i32, floors: usize): void {
  if (column <= row) return;
  if (dot > load<f32>(floors + 4 * row)) keepOne(dot, row, column, lists, capacity, floors);
  if (dot > load<f32>(floors + 4 * column)) keepOne(dot, column, row, lists, capacity, floors);
}

/** Puts a number into a row's list in its place; the last one falls out. */
function keepOne(dot: f32, row: i32, other: i32, lists: usize, capacity: i32, floors: usize): void {
  const first = lists + 8 * row * capacity;
  const last = first + 8 * (capacity - 1);
  let at = last;
  for (; at > first && load<f32>(at - 8, 4) < dot; at -= 8) store<u64>(at, load<u64>(at - 8));
  store<i32>(at, other);
  store<f32>(at, dot, 4);
  store<f32>(floors + 4 * row, load<f32>(last, 4));
}
