// UltraLight RFB-320, whose graph decodes its own anchors, and the 68-point net that goes with it.
// Pure. Source: Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB; iBUG's numbering of 68 points.
import type { Region, Size } from '../media/geometry.js';
import type { Candidates } from './candidates.js';

/** P anchors: boxes P x 4 as fractions of the input, scores P x 2 (background, face). */
export interface UltraLightOutputs {
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
}

/** Adds every face with a score of at least `scoreMin` to `into`, in pixels of the input; points stay 0. */
export function decodeUltraLight(outputs: UltraLightOutputs, input: Size, scoreMin: number, into: Candidates): void {
  const anchors = outputs.scores.length / 2;
  if (outputs.boxes.length !== anchors * 4)
    throw new Error(`UltraLight: ${outputs.boxes.length / 4} boxes for ${anchors} scores`);
  for (let anchor = 0; anchor < anchors; anchor += 1) {
    const score = outputs.scores[anchor * 2 + 1]!;
    if (!(score >= scoreMin)) continue;
    const at = anchor * 4;
    const index = into.add(
      score,
      outputs.boxes[at]! * input.width,
      outputs.boxes[at + 1]! * input.height,
      outputs.boxes[at + 2]! * input.width,
      outputs.boxes[at + 3]! * input.height,
    );
    into.points.fill(0, index * 10, index * 10 + 10);
  }
}

/**
 * The crop that the 68-point net was made for: a square as high as the box, centred on it
 * horizontally, its top at the box's top. `box` is x1, y1, x2, y2 in pixels.
 */
export function landmarkCrop([x1, y1, x2, y2]: readonly [number, number, number, number]): Region {
  const side = y2 - y1;
  return { x: (x1 + x2) / 2 - side / 2, y: y1, width: side, height: side };
}

/** Which of the 68 points make each of the five; the eyes leave out the lids' outer corners. */
const fiveOf68 = [[37, 38, 40, 41], [43, 44, 46, 47], [30], [48, 60], [54, 64]] as const;

/** Five points x, y (eyes, nose tip, mouth corners; image left first) out of 68, in the same unit. */
export function fivePoints(points68: ArrayLike<number>): number[] {
  return fiveOf68.flatMap((group) =>
    [0, 1].map((axis) => group.reduce((sum, point) => sum + points68[point * 2 + axis]!, 0) / group.length),
  );
}
