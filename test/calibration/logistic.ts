// The monotone map of an embedder's card, fitted: balanced logistic regression of "same person" on
// cosine, and its knots. Pure.

export interface Logistic {
  /** Cosine at which a pair is as likely one person as two, when both kinds are equally frequent. */
  readonly middle: number;
  /** Log odds a unit of cosine; positive. */
  readonly slope: number;
}

/** Ridge on the slope, so that separable pairs do not make it infinite (Platt 1999 shrinks its targets instead). */
const ridge = 1e-4;

/** Newton's method on the log loss, each kind of pair weighing one half in all. */
export function fitLogistic(same: readonly number[], different: readonly number[]): Logistic {
  const pairs = [
    ...same.map((cosine) => ({ cosine, target: 1, weight: 0.5 / same.length })),
    ...different.map((cosine) => ({ cosine, target: 0, weight: 0.5 / different.length })),
  ];
  let [slope, offset] = [0, 0];
  for (let round = 0; round < 100; round++) {
    let [gradientSlope, gradientOffset] = [-ridge * slope, 0];
    let [slopeSlope, slopeOffset, offsetOffset] = [ridge, 0, 0];
    for (const { cosine, target, weight } of pairs) {
      const chance = 1 / (1 + Math.exp(-(slope * cosine + offset)));
      const curvature = weight * chance * (1 - chance);
      gradientSlope += weight * (target - chance) * cosine;
      gradientOffset += weight * (target - chance);
      slopeSlope += curvature * cosine * cosine;
      slopeOffset += curvature * cosine;
      offsetOffset += curvature;
    }
    const determinant = slopeSlope * offsetOffset - slopeOffset * slopeOffset;
    slope += (offsetOffset * gradientSlope - slopeOffset * gradientOffset) / determinant;
    offset += (slopeSlope * gradientOffset - slopeOffset * gradientSlope) / determinant;
  }
  return { middle: -offset / slope, slope };
}

/** Calibrated values that the piecewise linear map hits exactly. */
const levels = [0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98];

/** The logistic as a card's knots: from [-1, 0] to [1, 1], three decimals. */
export function knotsOf({ middle, slope }: Logistic): [cosine: number, calibrated: number][] {
  const inner = levels
    .map((level): [number, number] => [
      Math.round((middle + Math.log(level / (1 - level)) / slope) * 1000) / 1000,
      level,
    ])
    .filter(([cosine]) => cosine > -0.98 && cosine < 0.98);
  return [[-1, 0], ...inner, [1, 1]];
}
