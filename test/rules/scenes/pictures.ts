// Small drawn videos for the hybrid detector: shots of soft random shapes, joined in the ways that editors join them.
import type { Rgb } from '../../../rules/scenes/content-score.js';
import { contentScorer } from '../../../rules/scenes/content-score.js';
import { gradualFinder } from '../../../rules/scenes/gradual.js';
import { hybridCuts } from '../../../rules/scenes/hybrid-cuts.js';
import { thumbnail } from '../../../rules/scenes/thumbnail.js';
import { unlikeMeter } from '../../../rules/scenes/unlike.js';

const width = 64;
const height = 36;

/** A picture as fractions 0..255, so that it can be blended without rounding. */
export type Drawing = Float64Array;

/** Scene number `seed`, seen `right` pixels further to the right: waves of its own lengths, angles and colours. */
export function drawing(seed: number, right = 0): Drawing {
  const part = (of: number): number => (((Math.sin(seed * 12.9898 + of * 78.233) * 43758.5453) % 1) + 1) % 1;
  return Float64Array.from({ length: width * height * 3 }, (_, at) => {
    const x = (Math.floor(at / 3) % width) + right;
    const y = Math.floor(at / 3 / width);
    let sum = 128;
    for (let wave = 0; wave < 6; wave++) {
      const [across, down] = [part(wave) * 0.4 - 0.2, part(wave + 10) * 0.4 - 0.2];
      sum += 32 * Math.sin(across * x + down * y + 6.3 * part(wave + 20 + 7 * (at % 3)));
    }
    return Math.min(255, Math.max(0, sum));
  });
}

export function still(seed: number, frames: number): Drawing[] {
  const picture = drawing(seed);
  return Array.from({ length: frames }, () => picture);
}

export function even(level: number, frames: number): Drawing[] {
  return Array.from({ length: frames }, () => new Float64Array(width * height * 3).fill(level));
}

/** `frames` pictures strictly between two. */
export function blend(from: Drawing, to: Drawing, frames: number): Drawing[] {
  return Array.from({ length: frames }, (_, at) => {
    const share = (at + 1) / (frames + 1);
    return from.map((value, place) => value * (1 - share) + to[place]! * share);
  });
}

/** What the hybrid detector makes of the pictures, at the usual threshold and shortest scene. */
export function hybridCutsOf(drawings: readonly Drawing[]): number[] {
  const [scorer, meter, finder] = [contentScorer(), unlikeMeter(), gradualFinder()];
  const scores = Float64Array.from(drawings, (values) => {
    const picture: Rgb = { width, height, data: Uint8Array.from(values, Math.round) };
    const small = thumbnail(picture);
    meter.push(small);
    finder.push(small);
    return scorer.score(picture);
  });
  return hybridCuts({ scores, unlike: meter.values(), gradual: finder.found(), threshold: 27, minSceneFrames: 12 });
}
