// Optimal one-to-one assignment with the limit inside the problem, as `lap.lapjv` with a cost limit
// solves it: not "solve, then drop the dear pairs", which gives other answers. Pure.

/**
 * Chooses pairs so that the sum of (cost - limit) over them is least; a pair that costs `limit` or
 * more is never used. O(rows^2 x columns), plenty for the faces of one picture.
 *
 * @param costs one array a row, all of the same length
 * @returns for each row its column, or -1
 */
export function assignBelow(costs: readonly ArrayLike<number>[], limit: number): number[] {
  const rows = costs.length;
  const columns = costs[0]?.length ?? 0;
  if (rows === 0 || columns === 0) return new Array<number>(rows).fill(-1);
  // One further column a row stands for "unmatched" at cost 0; what is too dear is worth no more.
  const gain = costs.map((row) => Float64Array.from(row, (cost) => (cost < limit ? cost - limit : 0)));
  const rowOfColumn = hungarian(gain, rows, columns + rows);
  const columnOfRow = new Array<number>(rows).fill(-1);
  for (let column = 0; column < columns; column += 1) {
    const row = rowOfColumn[column + 1]! - 1;
    if (row >= 0 && gain[row]![column]! < 0) columnOfRow[row] = column;
  }
  return columnOfRow;
}

/**
 * The Hungarian method by shortest augmenting paths with potentials (Kuhn, Munkres; Jonker and
 * Volgenant's formulation). Columns past the given costs cost 0. Rows and columns count from 1.
 *
 * @returns for each column its row, or 0
 */
function hungarian(costs: readonly Float64Array[], rows: number, columns: number): Int32Array {
  const rowPotential = new Float64Array(rows + 1);
  const columnPotential = new Float64Array(columns + 1);
  const rowOfColumn = new Int32Array(columns + 1);
  const previous = new Int32Array(columns + 1);
  for (let start = 1; start <= rows; start += 1) {
    const slack = new Float64Array(columns + 1).fill(Infinity);
    const done = new Uint8Array(columns + 1);
    rowOfColumn[0] = start;
    let column = 0;
    while (rowOfColumn[column] !== 0) {
      done[column] = 1;
      const row = rowOfColumn[column]!;
      const rowCosts = costs[row - 1]!;
      let least = Infinity;
      let next = 0;
      for (let j = 1; j <= columns; j += 1) {
        if (done[j] === 1) continue;
        const reduced = (rowCosts[j - 1] ?? 0) - rowPotential[row]! - columnPotential[j]!;
        if (reduced < slack[j]!) {
          slack[j] = reduced;
          previous[j] = column;
        }
        if (slack[j]! < least) {
          least = slack[j]!;
          next = j;
        }
      }
      for (let j = 0; j <= columns; j += 1) {
        if (done[j] === 1) {
          rowPotential[rowOfColumn[j]!]! += least;
          columnPotential[j]! -= least;
        } else slack[j]! -= least;
      }
      column = next;
    }
    while (column !== 0) {
      rowOfColumn[column] = rowOfColumn[previous[column]!]!;
      column = previous[column]!;
    }
  }
  return rowOfColumn;
}
