// YuNet (2023 export), from its twelve output tensors to boxes in pixels of the network's input.
// Pure. Source: Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023.
import type { Size } from '../media/geometry.js';
import type { Candidates } from './candidates.js';

const strides = [8, 16, 32] as const;

/** One stride with N cells: class and object scores N each, boxes N x 4, points N x 10. */
export interface YuNetLevel {
  readonly classScores: ArrayLike<number>;
  readonly objectScores: ArrayLike<number>;
  readonly boxes: ArrayLike<number>;
  readonly points: ArrayLike<number>;
}

/**
 * Adds every face with a score of at least `scoreMin` to `into`, in pixels of the input, whose
 * sides are multiples of 32. The score is sqrt(class x object), both clipped to 0..1; one prior a
 * cell. `levels` are those of strides 8, 16 and 32. Throws when a level has another number of cells.
 */
export function decodeYuNet(levels: readonly YuNetLevel[], input: Size, scoreMin: number, into: Candidates): void {
  // Compared before the root is drawn: most of the 8,400 cells of 640x640 end here.
  const productMin = scoreMin * scoreMin;
  strides.forEach((stride, level) => {
    const outputs = levels[level];
    const columns = input.width / stride;
    const cells = columns * (input.height / stride);
    if (outputs?.classScores.length !== cells)
      throw new Error(`YuNet: ${outputs?.classScores.length ?? 0} cells at stride ${stride}, ${cells} expected`);
    for (let cell = 0; cell < cells; cell += 1) {
      const product = clamp01(outputs.classScores[cell]!) * clamp01(outputs.objectScores[cell]!);
      if (!(product >= productMin)) continue;
      const column = cell % columns;
      const row = Math.floor(cell / columns);
      const at = cell * 4;
      const x = (column + outputs.boxes[at]!) * stride;
      const y = (row + outputs.boxes[at + 1]!) * stride;
      const halfWidth = (Math.exp(outputs.boxes[at + 2]!) * stride) / 2;
      const halfHeight = (Math.exp(outputs.boxes[at + 3]!) * stride) / 2;
      const index = into.add(Math.sqrt(product), x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
      for (let point = 0; point < 5; point += 1) {
        const from = cell * 10 + point * 2;
        into.points[index * 10 + point * 2] = (outputs.points[from]! + column) * stride;
        into.points[index * 10 + point * 2 + 1] = (outputs.points[from + 1]! + row) * stride;
      }
    }
  });
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
