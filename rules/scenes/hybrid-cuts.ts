// Decides where scenes begin from what three meters say of each frame: hard cuts that stand out and
// last, dissolves and fades as one boundary each. Pure; it sees no picture.
import type { Gradual } from './gradual.js';

export interface HybridOptions {
  /** Content score of each frame against the one before. */
  readonly scores: Float64Array;
  /** For each frame how unlike its two sides are at least (unlike.ts). */
  readonly unlike: Float64Array;
  readonly gradual: readonly Gradual[];
  /** Content score of a plain cut; scores count relative to it. */
  readonly threshold: number;
  /** Shortest scene in frames. */
  readonly minSceneFrames: number;
}

/** Evidence is score over threshold, times unlikeness: a plain cut has 1.5 to 3, fast motion at most 0.15. */
const evidenceMin = 0.1;

/** Share of the threshold below which nothing is a cut, however unlike: pictures too dark to tell. */
const scoreShareMin = 0.3;

/** A cut has this many times the evidence of every frame near it. Motion has 3, the least jump cut seen 14. */
const standsOutMin = 6;

/** And this many times their unlikeness: where a fade reaches black, hue and saturation leap but the picture does not. */
const unlikeStandsOutMin = 1.5;
const nearFrames = 4;

/** A cut inside a gradual change is the whole of it from this share of its unlikeness on, else a part of it. */
const wholeShare = 0.5;

interface Hard {
  readonly frame: number;
  readonly unlike: number;
  readonly strength: number;
}

/** First frame of each new scene, ascending, at least `minSceneFrames` apart and from frame 0. */
export function hybridCuts(options: HybridOptions): number[] {
  const least = Math.max(1, options.minSceneFrames);
  const hard = hardCuts(options);
  const gradual = options.gradual.filter(({ first, last, unlike }) =>
    hard.every((cut) => cut.frame <= first || cut.frame > last || cut.unlike < wholeShare * unlike),
  );
  const isPart = (cut: Hard): boolean => gradual.some(({ begin, end }) => cut.frame >= begin && cut.frame <= end);

  const cuts: number[] = [];
  const changes: Gradual[] = [];
  const isFree = (frame: number): boolean => frame >= least && cuts.every((cut) => Math.abs(cut - frame) >= least);
  const isOutside = (frame: number): boolean => changes.every(({ first, last }) => frame <= first || frame >= last);

  const [parts, wholes] = [hard.filter(isPart), hard.filter((cut) => !isPart(cut))];
  for (const { frame } of wholes.sort(strongestFirst)) if (isFree(frame)) cuts.push(frame);
  for (const change of gradual.sort(strongestFirst)) {
    const { frame, first, last } = change;
    const meetsNone = changes.every((other) => other.frame <= first || other.frame >= last);
    if (!isFree(frame) || !isOutside(frame) || !meetsNone) continue;
    cuts.push(frame);
    changes.push(change);
  }
  for (const { frame } of parts.sort(strongestFirst)) if (isFree(frame) && isOutside(frame)) cuts.push(frame);
  return cuts.sort((a, b) => a - b);
}

/** Frames whose two sides stay unlike and that no neighbour comes near; of a cut over two frames both may be. */
function hardCuts({ scores, unlike, threshold }: HybridOptions): Hard[] {
  const evidence = scores.map((score, frame) => (score / threshold) * (unlike[frame] ?? 0));
  const standsOut = (frame: number, near: number): boolean =>
    evidence[frame]! >= standsOutMin * evidence[near]! && unlike[frame]! >= unlikeStandsOutMin * unlike[near]!;
  const found: Hard[] = [];
  evidence.forEach((strength, frame) => {
    if (strength < evidenceMin || scores[frame]! < scoreShareMin * threshold) return;
    for (let at = Math.max(0, frame - nearFrames); at <= frame + nearFrames && at < evidence.length; at++)
      if (Math.abs(at - frame) > 1 && !standsOut(frame, at)) return;
    found.push({ frame, unlike: unlike[frame]!, strength });
  });
  return found;
}

function strongestFirst(
  one: { readonly strength: number; readonly frame: number },
  other: { readonly strength: number; readonly frame: number },
): number {
  return other.strength - one.strength || one.frame - other.frame;
}
