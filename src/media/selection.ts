// Which frames ffmpeg should hand over: turns a selection of ordinals into an expression of its
// `select` filter. The expression may let more frames through than asked; the reader drops those.
import type { FrameSelection } from '../stage/frames.js';

/** Half-open runs of frame ordinals, ascending and apart. */
type Run = readonly [from: number, to: number];

export interface SelectPlan {
  /** The `select` expression, or undefined when every frame passes. */
  readonly expression: string | undefined;
  /** Ordinals of the frames that pass, ascending. */
  readonly passing: Iterable<number>;
  /** Ordinals that were asked for, ascending. */
  readonly wanted: readonly number[];
}

/** A command line can hold 128 KiB; a run takes about 40 characters of it. */
const runsMax = 1500;

/**
 * Plans the selection over `frameCount` frames. Throws when a listed ordinal is out of range or
 * the list does not ascend, and when a stride is not a whole number from 1.
 */
export function planSelect(select: FrameSelection, frameCount: number): SelectPlan {
  switch (select.kind) {
    case 'all':
      return planStride(1, frameCount);
    case 'every':
      if (!Number.isInteger(select.stride) || select.stride < 1)
        throw new Error(`stride ${select.stride} is not 1 or more`);
      return planStride(select.stride, frameCount);
    case 'listed':
      return planListed(select.indices, frameCount);
  }
}

function planStride(stride: number, frameCount: number): SelectPlan {
  const wanted = Array.from({ length: Math.ceil(frameCount / stride) }, (_, step) => step * stride);
  return { expression: stride === 1 ? undefined : `not(mod(n\\,${stride}))`, passing: wanted, wanted };
}

function planListed(indices: readonly number[], frameCount: number): SelectPlan {
  indices.forEach((index, at) => {
    const known = Number.isInteger(index) && index >= 0 && index < frameCount;
    if (!known) throw new Error(`frame ${index} was asked for, but the video has ${frameCount} frames`);
    if (at > 0 && index <= indices[at - 1]!) throw new Error(`listed frames do not ascend at ${index}`);
  });
  const runs = mergeRuns(indices, runsMax);
  const passingCount = runs.reduce((sum, [from, to]) => sum + to - from, 0);
  // Where most frames pass anyway, evaluating the expression costs more than it saves.
  if (passingCount * 4 > frameCount * 3) return { ...planStride(1, frameCount), wanted: indices };
  return { expression: runs.length === 0 ? '0' : expressionOf(runs), passing: ordinalsOf(runs), wanted: indices };
}

/** Runs that cover all indices: neighbours joined, then the narrowest gaps, until few enough are left. */
function mergeRuns(indices: readonly number[], most: number): Run[] {
  const gaps = indices.slice(1).map((index, at) => index - indices[at]!);
  const widest = gaps.sort((a, b) => b - a).slice(0, most - 1);
  const gapKept = Math.max(2, widest.length === most - 1 ? (widest.at(-1) ?? 0) + 1 : 0);
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last && index - (last[1] - 1) < gapKept) last[1] = index + 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}

/** A search tree of `if`s: a frame costs the logarithm of the number of runs, not the number. */
function expressionOf(runs: readonly Run[]): string {
  if (runs.length === 1) {
    const [from, to] = runs[0]!;
    return to === from + 1 ? `eq(n\\,${from})` : `between(n\\,${from}\\,${to - 1})`;
  }
  const middle = runs.length >> 1;
  return `if(lt(n\\,${runs[middle]![0]})\\,${expressionOf(runs.slice(0, middle))}\\,${expressionOf(runs.slice(middle))})`;
}

function* ordinalsOf(runs: readonly Run[]): Generator<number> {
  for (const [from, to] of runs) for (let index = from; index < to; index++) yield index;
}
