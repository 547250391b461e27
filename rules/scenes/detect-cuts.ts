// From the content score of each frame to the frames at which a new scene begins: PySceneDetect's
// ContentDetector and AdaptiveDetector with its flash filter. Pure; it sees no picture.
import { unreachable } from '../../src/base/unreachable.js';

/** Scores of consecutive frames, and what counts as a cut. */
export interface CutOptions {
  /** Score of each frame against the one before; the first is 0. */
  readonly scores: Float64Array;
  /** Mean frames a second. These detectors count frames; only the caller's minimum depends on it. */
  readonly fps: number;
  readonly detector: 'content' | 'adaptive';
  /** Content score from which a frame may start a scene: 27 for content, 15 for adaptive. */
  readonly threshold: number;
  /** Shortest scene in frames; 0 turns the filter off. */
  readonly minSceneFrames: number;
  /** Content only. What becomes of cuts that follow too soon: `merge` moves them together, `suppress` drops them. */
  readonly flash?: 'merge' | 'suppress';
  /** Adaptive only: how many times its neighbours' mean a score must be. */
  readonly adaptiveRatio?: number;
  /** Adaptive only: neighbours a side. */
  readonly windowFrames?: number;
}

/**
 * First frame of each new scene, ascending; frame 0 is never among them.
 * Source: PySceneDetect 0.7 (ContentDetector, AdaptiveDetector, FlashFilter).
 */
export function detectCuts(options: CutOptions): number[] {
  const { scores, threshold, minSceneFrames, detector } = options;
  switch (detector) {
    case 'content': {
      const above = Array.from(scores, (score) => score >= threshold);
      if (minSceneFrames <= 0) return above.flatMap((cut, frame) => (cut ? [frame] : []));
      return options.flash === 'suppress'
        ? suppressFlashes(above, minSceneFrames)
        : mergeFlashes(above, minSceneFrames);
    }
    case 'adaptive':
      return adaptiveCuts(options);
    default:
      return unreachable(detector);
  }
}

/**
 * A burst of high frames becomes one cut, at its last high frame once quiet has lasted `least`
 * frames. Until a first cut stands, high frames too near the start are dropped instead.
 */
function mergeFlashes(above: readonly boolean[], least: number): number[] {
  const cuts: number[] = [];
  let lastAbove = 0;
  let burstStart: number | undefined;
  above.forEach((high, frame) => {
    const quiet = frame - lastAbove >= least;
    if (high) lastAbove = frame;
    if (burstStart !== undefined) {
      if (!quiet || high || lastAbove - burstStart < least) return;
      burstStart = undefined;
      cuts.push(lastAbove);
    } else if (high && quiet) cuts.push(frame);
    else if (high && cuts.length > 0) burstStart = frame;
  });
  return cuts;
}

function suppressFlashes(above: readonly boolean[], least: number): number[] {
  const cuts: number[] = [];
  above.forEach((high, frame) => {
    if (high && frame - (cuts.at(-1) ?? 0) >= least) cuts.push(frame);
  });
  return cuts;
}

/** Below this the neighbours count as still, and any frame above the threshold stands out. */
const stillMean = 1e-5;
const ratioMax = 255;

/** A frame that stands out from `windowFrames` on both sides: fast motion, high all along, does not. */
function adaptiveCuts({
  scores,
  threshold,
  minSceneFrames,
  adaptiveRatio = 3,
  windowFrames = 2,
}: CutOptions): number[] {
  const cuts: number[] = [];
  for (let frame = windowFrames; frame + windowFrames < scores.length; frame++) {
    const score = scores[frame]!;
    let around = 0;
    for (let at = frame - windowFrames; at <= frame + windowFrames; at++) if (at !== frame) around += scores[at]!;
    const mean = around / (2 * windowFrames);
    const still = Math.abs(mean) < stillMean;
    const ratio = still ? (score >= threshold ? ratioMax : 0) : Math.min(score / mean, ratioMax);
    // The reference decides when the window is full, and measures the scene's length from there.
    const longEnough = frame + windowFrames - (cuts.at(-1) ?? 0) >= minSceneFrames;
    if (ratio >= adaptiveRatio && score >= threshold && longEnough) cuts.push(frame);
  }
  return cuts;
}
