// RetinaFace with prior boxes (the biubug6 lineage: MobileNet0.25 and ResNet50), from its three
// output tensors to boxes in pixels of the network's input. Pure.
// Source: Deng et al., "RetinaFace", 2019; constants of biubug6/Pytorch_Retinaface.
import type { Size } from '../media/geometry.js';
import type { Candidates } from './candidates.js';

const steps = [8, 16, 32] as const;
const sidesOfStep: Readonly<Record<(typeof steps)[number], readonly number[]>> = {
  8: [16, 32],
  16: [64, 128],
  32: [256, 512],
};
const centreVariance = 0.1;
const sizeVariance = 0.2;

/**
 * Prior boxes of an input: centre x, centre y, width, height of each, as fractions of the input,
 * flat, not clipped; by step 8, 16, 32, then rows, columns, and the two sides. 640x640 has 16,800.
 */
export function retinaFacePriors({ width, height }: Size): Float64Array {
  const values: number[] = [];
  for (const step of steps)
    for (let row = 0; row < Math.ceil(height / step); row += 1)
      for (let column = 0; column < Math.ceil(width / step); column += 1)
        for (const side of sidesOfStep[step])
          values.push(((column + 0.5) * step) / width, ((row + 0.5) * step) / height, side / width, side / height);
  return Float64Array.from(values);
}

/** P priors: boxes P x 4 (offsets), scores P x 2 (background, face; softmax done), points P x 10. */
export interface RetinaFaceOutputs {
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  readonly points: ArrayLike<number>;
}

/**
 * Adds every face with a score of at least `scoreMin` to `into`, in pixels of the input.
 * `priors` are those of `input`. Throws when the tensors hold another number of priors.
 */
export function decodeRetinaFace(
  outputs: RetinaFaceOutputs,
  priors: Float64Array,
  input: Size,
  scoreMin: number,
  into: Candidates,
): void {
  const count = priors.length / 4;
  if (outputs.scores.length !== count * 2)
    throw new Error(`RetinaFace: ${outputs.scores.length / 2} scores for ${count} priors`);
  for (let prior = 0; prior < count; prior += 1) {
    const score = outputs.scores[prior * 2 + 1]!;
    if (!(score >= scoreMin)) continue;
    const at = prior * 4;
    const priorX = priors[at]! * input.width;
    const priorY = priors[at + 1]! * input.height;
    const priorWidth = priors[at + 2]! * input.width;
    const priorHeight = priors[at + 3]! * input.height;
    const x = priorX + outputs.boxes[at]! * centreVariance * priorWidth;
    const y = priorY + outputs.boxes[at + 1]! * centreVariance * priorHeight;
    const halfWidth = (priorWidth * Math.exp(outputs.boxes[at + 2]! * sizeVariance)) / 2;
    const halfHeight = (priorHeight * Math.exp(outputs.boxes[at + 3]! * sizeVariance)) / 2;
    const index = into.add(score, x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
    for (let point = 0; point < 5; point += 1) {
      const from = prior * 10 + point * 2;
      into.points[index * 10 + point * 2] = priorX + outputs.points[from]! * centreVariance * priorWidth;
      into.points[index * 10 + point * 2 + 1] = priorY + outputs.points[from + 1]! * centreVariance * priorHeight;
    }
  }
}
