// The constant-velocity Kalman filter that ByteTrack follows a box with: centre x, centre y,
// aspect ratio w/h and height, each with its velocity per step. Pure arithmetic on one box.
import type { Box } from './iou.js';

// Noise in fractions of the box height (DeepSORT's weights, kept by ByteTrack); the aspect ratio's
// own are absolute. What follows is in the order of the state: x, y, aspect, height.
const positionWeight = 1 / 20;
const velocityWeight = 1 / 160;
const HEIGHT = 3;

/**
 * State of one box. The full filter has an 8x8 covariance, but every noise matrix is diagonal and
 * the motion ties each position to its own velocity alone, so it stays four 2x2 blocks for ever,
 * and the Cholesky solve of the innovation is four divisions. The numbers are the same.
 */
export interface KalmanBox {
  readonly position: Float64Array;
  readonly velocity: Float64Array;
  readonly positionVariance: Float64Array;
  readonly covariance: Float64Array;
  readonly velocityVariance: Float64Array;
}

/** Starts a filter on a measured box [x1,y1,x2,y2] in pixels, at rest. */
export function startFilter(box: Box): KalmanBox {
  const position = measure(box);
  const h = position[HEIGHT]!;
  const positionStd = scaled(2 * positionWeight * h, 1e-2);
  const velocityStd = scaled(10 * velocityWeight * h, 1e-5);
  return {
    position,
    velocity: new Float64Array(4),
    positionVariance: positionStd.map((std) => std * std),
    covariance: new Float64Array(4),
    velocityVariance: velocityStd.map((std) => std * std),
  };
}

/**
 * Moves the filter `steps` steps ahead (1 is ByteTrack's own; n equals n single steps with the
 * noise of the present height). A box that is not being seen must not go on growing:
 * `holdHeight` zeroes the height's velocity first.
 */
export function predict(filter: KalmanBox, steps: number, options: { readonly holdHeight: boolean }): void {
  const { position, velocity, positionVariance, covariance, velocityVariance } = filter;
  if (options.holdHeight) velocity[HEIGHT] = 0;
  const h = position[HEIGHT]!;
  const positionStd = scaled(positionWeight * h, 1e-2);
  const velocityStd = scaled(velocityWeight * h, 1e-5);
  // Velocity noise of each of the n steps reaches the position in the steps after it: sums of i and i^2.
  const linear = (steps * (steps - 1)) / 2;
  const square = ((steps - 1) * steps * (2 * steps - 1)) / 6;
  for (let i = 0; i < 4; i += 1) {
    const qp = positionStd[i]! * positionStd[i]!;
    const qv = velocityStd[i]! * velocityStd[i]!;
    position[i]! += steps * velocity[i]!;
    positionVariance[i]! +=
      2 * steps * covariance[i]! + steps * steps * velocityVariance[i]! + steps * qp + square * qv;
    covariance[i]! += steps * velocityVariance[i]! + linear * qv;
    velocityVariance[i]! += steps * qv;
  }
}

/** Corrects the filter by a measured box [x1,y1,x2,y2]. */
export function correct(filter: KalmanBox, box: Box): void {
  const { position, velocity, positionVariance, covariance, velocityVariance } = filter;
  const measured = measure(box);
  const noiseStd = scaled(positionWeight * position[HEIGHT]!, 1e-1);
  for (let i = 0; i < 4; i += 1) {
    const innovationVariance = positionVariance[i]! + noiseStd[i]! * noiseStd[i]!;
    const positionGain = positionVariance[i]! / innovationVariance;
    const velocityGain = covariance[i]! / innovationVariance;
    const innovation = measured[i]! - position[i]!;
    position[i]! += positionGain * innovation;
    velocity[i]! += velocityGain * innovation;
    velocityVariance[i]! -= velocityGain * velocityGain * innovationVariance;
    covariance[i]! -= positionGain * velocityGain * innovationVariance;
    positionVariance[i]! -= positionGain * positionGain * innovationVariance;
  }
}

/** The filter's present box [x1,y1,x2,y2] in pixels. */
export function filterBox(filter: KalmanBox): Box {
  const { position } = filter;
  const [x, y, aspect, h] = [position[0]!, position[1]!, position[2]!, position[HEIGHT]!];
  const w = aspect * h;
  const left = x - w / 2;
  const top = y - h / 2;
  return [left, top, left + w, top + h];
}

function measure([x1, y1, x2, y2]: Box): Float64Array {
  const w = x2 - x1;
  const h = y2 - y1;
  return Float64Array.of(x1 + w / 2, y1 + h / 2, w / h, h);
}

function scaled(std: number, aspectStd: number): Float64Array {
  return Float64Array.of(std, std, aspectStd, std);
}
