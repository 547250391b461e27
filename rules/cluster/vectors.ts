// Small sums over vectors of length 1, in double precision and a fixed order. Pure.

/** Sum of products of two vectors of one length. */
export function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at++) sum += left[at]! * right[at]!;
  return sum;
}

/** The weighted mean direction, of length 1; undefined when the vectors cancel out or there are none. */
export function meanDirection(vectors: readonly Float32Array[], weights?: readonly number[]): Float32Array | undefined {
  const [first] = vectors;
  if (first === undefined) return undefined;
  const sum = new Float64Array(first.length);
  for (const [index, vector] of vectors.entries()) {
    const weight = weights?.[index] ?? 1;
    for (let at = 0; at < sum.length; at++) sum[at]! += weight * vector[at]!;
  }
  return unitOf(sum);
}

/** The same direction with length 1; undefined when there is none. */
export function unitOf(vector: Float64Array): Float32Array | undefined {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const norm = Math.sqrt(squares);
  if (norm < 1e-9) return undefined;
  // A loop: Float32Array.from with a function takes forty times as long.
  const unit = new Float32Array(vector.length);
  for (let at = 0; at < unit.length; at++) unit[at] = vector[at]! / norm;
  return unit;
}
