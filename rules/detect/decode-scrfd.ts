// SCRFD (the detectors of the buffalo packs), from its nine output tensors to boxes in pixels of
// the network's input. Pure. Source: Guo et al., "Sample and Computation Redistribution for
// Efficient Face Detection", 2021; the head layout of InsightFace.
import type { Size } from '../media/geometry.js';
import type { Candidates } from './candidates.js';

/** Anchors share a cell's corner: the point (column, row) x stride, without a half step. */
const anchorsPerCell = 2;
const strides = [8, 16, 32] as const;

/** One stride with N anchors: scores N (sigmoid done), boxes N x 4 and points N x 10 in strides. */
export interface ScrfdLevel {
  readonly scores: ArrayLike<number>;
  readonly boxes: ArrayLike<number>;
  readonly points: ArrayLike<number>;
}

/**
 * Adds every face with a score of at least `scoreMin` to `into`, in pixels of the input, whose
 * sides are multiples of 32. `levels` are those of strides 8, 16 and 32. Throws when a level does
 * not have two anchors a cell.
 */
export function decodeScrfd(levels: readonly ScrfdLevel[], input: Size, scoreMin: number, into: Candidates): void {
  strides.forEach((stride, level) => {
    const outputs = levels[level];
    const columns = input.width / stride;
    const anchors = columns * (input.height / stride) * anchorsPerCell;
    if (outputs?.scores.length !== anchors)
      throw new Error(`SCRFD: ${outputs?.scores.length ?? 0} scores at stride ${stride}, ${anchors} expected`);
    for (let anchor = 0; anchor < anchors; anchor += 1) {
      const score = outputs.scores[anchor]!;
      if (!(score >= scoreMin)) continue;
      const cell = Math.floor(anchor / anchorsPerCell);
      const x = (cell % columns) * stride;
      const y = Math.floor(cell / columns) * stride;
      const at = anchor * 4;
      const index = into.add(
        score,
        x - outputs.boxes[at]! * stride,
        y - outputs.boxes[at + 1]! * stride,
        x + outputs.boxes[at + 2]! * stride,
        y + outputs.boxes[at + 3]! * stride,
      );
      for (let point = 0; point < 5; point += 1) {
        const from = anchor * 10 + point * 2;
        into.points[index * 10 + point * 2] = x + outputs.points[from]! * stride;
        into.points[index * 10 + point * 2 + 1] = y + outputs.points[from + 1]! * stride;
      }
    }
  });
}
