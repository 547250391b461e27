// Cosine distances of all pairs of rows, in the upper triangle: the distance of rows i < j stands
// where triangleStarts says. It computes no clusters.
import { makeWorkspace } from '../../src/kernels/workspace.js';

/** The pair i < j of `count` rows stands at place starts[i] + j of its triangle. */
export function triangleStarts(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i * count - (i * (i + 1)) / 2 - i - 1);
}

/**
 * Rows divided by their length, in double precision. A row of zeros (a failed embedding) stays
 * zero, which gives it distance 1 to every row.
 * @throws when a number is not finite
 */
export function unitRows(vectors: Float32Array, count: number, dim: number): Float64Array {
  const rows = new Float64Array(count * dim);
  for (let i = 0; i < count; i++) {
    let square = 0;
    for (let k = i * dim; k < (i + 1) * dim; k++) square += vectors[k]! * vectors[k]!;
    if (!Number.isFinite(square)) throw new Error(`vector ${i} has a component that is not a finite number`);
    if (square === 0) continue;
    const scale = Math.sqrt(square);
    for (let k = i * dim; k < (i + 1) * dim; k++) rows[k] = vectors[k]! / scale;
  }
  return rows;
}

/** Rows of the left and right side that one call of the kernel takes: their 8 sums stay in registers. */
const tileRows = 4;
const tileColumns = 2;

/** Right-hand rows gone over for one pass of the left side: 64 x 4 kB fit the second-level cache. */
const blockRows = 64;

/** Distances of unit rows, each within some 1e-15 of the true one. */
export function doubleDistances(rows: Float64Array, count: number, dim: number): Float64Array {
  const distances = new Float64Array((count * (count - 1)) / 2);
  const width = Math.ceil(dim / 2) * 2;
  // The last tile reaches over rows that are not there, which are zero.
  const { run, bytes } = makeWorkspace({ rows: 8 * (count + tileRows) * width, sums: 8 * tileRows * tileColumns });
  const padded = new Float64Array(bytes.rows.buffer, bytes.rows.byteOffset, count * width);
  const sums = new Float64Array(bytes.sums.buffer, bytes.sums.byteOffset, tileRows * tileColumns);
  for (let i = 0; i < count; i++) padded.set(rows.subarray(i * dim, (i + 1) * dim), i * width);
  const starts = triangleStarts(count);
  for (let block = 0; block < count; block += blockRows) {
    const blockEnd = Math.min(count, block + blockRows);
    for (let left = 0; left < blockEnd; left += tileRows) {
      // Below the diagonal there is nothing to do: start at the first tile that reaches above it.
      const first = Math.max(block, left);
      for (let right = first; right < blockEnd; right += tileColumns) {
        run.dotTile(bytes.rows.byteOffset, 8 * width, left, right, bytes.sums.byteOffset);
        keepTile(sums, left, right, starts, blockEnd, distances);
      }
    }
  }
  return distances;
}

function keepTile(
  sums: Float64Array,
  left: number,
  right: number,
  starts: Int32Array,
  blockEnd: number,
  distances: Float64Array,
): void {
  for (let row = 0; row < tileRows; row++) {
    const i = left + row;
    if (i >= starts.length) return;
    for (let column = 0; column < tileColumns; column++) {
      const j = right + column;
      if (j <= i || j >= blockEnd) continue;
      distances[starts[i]! + j] = Math.min(2, Math.max(0, 1 - sums[row * tileColumns + column]!));
    }
  }
}
