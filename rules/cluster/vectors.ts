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
  const norm = Math.sqrt(sum.reduce((total, value) => total + value * value, 0));
  return norm < 1e-9 ? undefined : Float32Array.from(sum, (value) => value / norm);
}
