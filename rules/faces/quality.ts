// How good a face is to look at and to embed: five parts and one score. Pure.
import type { AlignedFace, FivePoints } from './align.js';
import { alignedSide } from './align.js';

/** Each 0..1, better when larger. */
export interface QualityParts {
  readonly det: number;
  readonly size: number;
  readonly sharpness: number;
  readonly frontality: number;
  readonly exposure: number;
}

export interface Quality {
  readonly parts: QualityParts;
  /** 0..1. */
  readonly score: number;
}

const weights: QualityParts = { det: 0.28, size: 0.22, sharpness: 0.22, frontality: 0.18, exposure: 0.1 };
/** Laplacian variance of a face that is sharp beyond doubt; one at a 112 crop (InsightFace Studio's value). */
const sharpVariance = 250;
/** A box this near to the picture's edge, as a share of the picture, is taken as cut by it. */
const edgeShare = 0.004;
/** A cut box must lose to any whole face of the track that is not bad in every other way. */
const cutFactor = 0.6;
/** Where the nose stands between the eye line (0) and the mouth line (1) in the template. */
const noseHeight = 0.495;
/** The middle of the crop, where a face always is; its rim is hair, background or black border. */
const middle = { from: 20, to: 100 };

/**
 * Measures one aligned face.
 *
 *     det         detection score
 *     size        1 / scale, at most 1: the share of the crop's resolution that the picture had
 *     sharpness   variance of the 4-neighbour Laplacian of luma in the crop's middle / 250, at most 1
 *     frontality  0.75 (1 - min(h, 0.7) / 0.7) + 0.25 (1 - min(|v - 0.495| / 0.35, 1)): h is the nose's
 *                 distance from the middle of the eyes along the eye line over the eye distance, v its
 *                 height between eye line and mouth line
 *     exposure    1 - |mean luma - 128| / 128
 *     score       (0.28 det + 0.22 size + 0.22 sharpness + 0.18 frontality + 0.10 exposure)
 *                 x coverage x (0.6 if the box touches the picture's edge)
 *
 * `bbox` is normalised to the picture. The weights are InsightFace Studio's.
 */
export function measureQuality(
  face: Pick<AlignedFace, 'crop' | 'scale' | 'coverage' | 'landmarks'>,
  { conf, bbox }: { readonly conf: number; readonly bbox: readonly [number, number, number, number] },
): Quality {
  const { mean, laplacianVariance } = lumaFacts(face.crop);
  const parts: QualityParts = {
    det: unit(conf),
    size: unit(1 / face.scale),
    sharpness: unit(laplacianVariance / sharpVariance),
    frontality: frontality(face.landmarks),
    exposure: unit(1 - Math.abs(mean - 128) / 128),
  };
  const names = Object.keys(weights) as (keyof QualityParts)[];
  const sum = names.reduce((total, name) => total + weights[name] * parts[name], 0);
  return { parts, score: unit(sum * face.coverage * (touchesEdge(bbox) ? cutFactor : 1)) };
}

/** Whether a normalised box ends at the picture's edge, so that part of the face may be missing. */
export function touchesEdge([x1, y1, x2, y2]: readonly [number, number, number, number]): boolean {
  return x1 <= edgeShare || y1 <= edgeShare || x2 >= 1 - edgeShare || y2 >= 1 - edgeShare;
}

/** See `measureQuality`; 1 for a face seen straight on, near 0 for a profile. */
export function frontality([left, right, nose, mouthLeft, mouthRight]: FivePoints): number {
  const eyes: [number, number] = [(left[0] + right[0]) / 2, (left[1] + right[1]) / 2];
  const mouth: [number, number] = [(mouthLeft[0] + mouthRight[0]) / 2, (mouthLeft[1] + mouthRight[1]) / 2];
  const eyeDistance = Math.hypot(right[0] - left[0], right[1] - left[1]);
  const down: [number, number] = [mouth[0] - eyes[0], mouth[1] - eyes[1]];
  const height = down[0] ** 2 + down[1] ** 2;
  if (eyeDistance < 1e-6 || height < 1e-6) return 0;
  const along = [(right[0] - left[0]) / eyeDistance, (right[1] - left[1]) / eyeDistance] as const;
  const offset = [nose[0] - eyes[0], nose[1] - eyes[1]] as const;
  const sideways = Math.abs(offset[0] * along[0] + offset[1] * along[1]) / eyeDistance;
  const downwards = (offset[0] * down[0] + offset[1] * down[1]) / height;
  const turned = Math.min(sideways, 0.7) / 0.7;
  const nodded = Math.min(Math.abs(downwards - noseHeight) / 0.35, 1);
  return 0.75 * (1 - turned) + 0.25 * (1 - nodded);
}

/** Luma of the crop that is measured. */
const luma = new Float64Array(alignedSide * alignedSide);

/** Mean and Laplacian variance of BT.601 luma in the middle of a crop. */
function lumaFacts(crop: Uint8Array): { mean: number; laplacianVariance: number } {
  for (let index = 0, at = 0; index < luma.length; index++, at += 3) {
    luma[index] = 0.299 * crop[at]! + 0.587 * crop[at + 1]! + 0.114 * crop[at + 2]!;
  }
  let sum = 0;
  let edges = 0;
  let squares = 0;
  for (let row = middle.from; row < middle.to; row++) {
    for (let index = row * alignedSide + middle.from; index < row * alignedSide + middle.to; index++) {
      const value = luma[index]!;
      const edge =
        luma[index - 1]! + luma[index + 1]! + luma[index - alignedSide]! + luma[index + alignedSide]! - 4 * value;
      sum += value;
      edges += edge;
      squares += edge * edge;
    }
  }
  const count = (middle.to - middle.from) ** 2;
  return { mean: sum / count, laplacianVariance: squares / count - (edges / count) ** 2 };
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
