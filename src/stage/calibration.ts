// The monotone map between an embedder's cosine and calibrated similarity, given by its card's
// knots: 0.5 calibrated means as likely one person as two, whatever the embedder. Pure.
import type { EmbedderCard } from './model.js';

type Knots = EmbedderCard['calibration'];

/** Calibrated similarity of a cosine: linear between knots, constant beyond the outer ones. */
export function calibratedOf(knots: Knots, cosine: number): number {
  return interpolated(
    knots.map(([x, y]) => [x, y]),
    cosine,
  );
}

/** The cosine that a calibrated similarity stands for; the inverse of `calibratedOf` between the outer knots. */
export function cosineOf(knots: Knots, calibrated: number): number {
  return interpolated(
    knots.map(([x, y]) => [y, x]),
    calibrated,
  );
}

function interpolated(knots: readonly (readonly [number, number])[], at: number): number {
  const above = knots.findIndex(([x]) => x >= at);
  const [right, left] = [knots[above], knots[above - 1]];
  if (right === undefined) return knots.at(-1)![1];
  if (left === undefined) return right[1];
  return left[1] + ((at - left[0]) / (right[0] - left[0])) * (right[1] - left[1]);
}
