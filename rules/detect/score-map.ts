// Detectors spread their scores differently. A card may declare a monotone map from its raw score
// to the calibrated one, so that one det_thresh is the same operating point under each. Pure.

/** Knots [raw, calibrated], ascending in both; (0, 0) and (1, 1) are understood. */
export type ScoreKnots = readonly (readonly [raw: number, calibrated: number])[];

export interface ScoreMap {
  calibrated(raw: number): number;
  raw(calibrated: number): number;
}

/** Piecewise linear between the knots, 0..1 to 0..1; the same both ways. No knots: no change. */
export function scoreMap(knots: ScoreKnots = []): ScoreMap {
  const all: ScoreKnots = [[0, 0], ...knots, [1, 1]];
  return {
    calibrated: (raw) => interpolate(all, raw, 0, 1),
    raw: (calibrated) => interpolate(all, calibrated, 1, 0),
  };
}

function interpolate(knots: ScoreKnots, value: number, from: 0 | 1, to: 0 | 1): number {
  const clamped = Math.min(1, Math.max(0, value));
  const upper = Math.max(
    1,
    knots.findIndex((knot) => knot[from] >= clamped),
  );
  const [low, high] = [knots[upper - 1]!, knots[upper]!];
  const width = high[from] - low[from];
  const share = width === 0 ? 1 : (clamped - low[from]) / width;
  return low[to] + share * (high[to] - low[to]);
}
