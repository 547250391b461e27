// Which frames ffmpeg should hand over: turns a selection of ordinals into an expression of its
// `select` filter. The expression may let more frames through than asked; the reader drops those.
import type { FrameSelection } from '../stage/frames.js';

export interface SelectPlan {
  /** The `select` expression, or undefined when every frame passes. */
  readonly expression: string | undefined;
  /** Ordinals of the frames that pass, ascending. */
  readonly passing: Iterable<number>;
  /** Ordinals that were asked for, ascending. */
  readonly wanted: readonly number[];
}

/** What one word of a command line may hold: 128 KiB on Linux, 32,767 characters in all on Windows. */
export const expressionLengthMax = process.platform === 'win32' ? 24_000 : 100_000;

/** Flags in one number of the expression, which ffmpeg computes with doubles: exact below 2^53. */
const flagsInNumber = 48;

/** Frames `from` up to, not including, `to`, by ordinal. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The stretch of a video that a selection lies in. */
export function stretchOf(select: FrameSelection, frameCount: number): Stretch {
  switch (select.kind) {
    case 'all':
      return { from: 0, to: frameCount };
    case 'every':
      return { from: select.from ?? 0, to: Math.min(select.to ?? frameCount, frameCount) };
    case 'listed':
      return { from: select.indices[0] ?? 0, to: (select.indices.at(-1) ?? -1) + 1 };
  }
}

/** The same selection where frames are counted from the first of `stretch`, in which it must lie. */
export function countedFrom(select: FrameSelection, stretch: Stretch): FrameSelection {
  const { from: origin } = stretch;
  switch (select.kind) {
    case 'all':
      return select;
    case 'every': {
      const { from, to } = stretchOf(select, stretch.to);
      return { kind: 'every', stride: select.stride, from: from - origin, to: to - origin };
    }
    case 'listed':
      return { kind: 'listed', indices: select.indices.map((index) => index - origin) };
  }
}

/**
 * Plans the selection over `frameCount` frames. Throws when a listed ordinal is out of range or
 * the list does not ascend, and when a stride is not a whole number from 1.
 */
export function planSelect(select: FrameSelection, frameCount: number): SelectPlan {
  switch (select.kind) {
    case 'all':
      return planStride(1, { from: 0, to: frameCount }, frameCount);
    case 'every':
      if (!Number.isInteger(select.stride) || select.stride < 1)
        throw new Error(`stride ${select.stride} is not 1 or more`);
      return planStride(select.stride, stretchOf(select, frameCount), frameCount);
    case 'listed':
      return planListed(select.indices, frameCount);
  }
}

function planStride(stride: number, { from, to }: Stretch, frameCount: number): SelectPlan {
  const wanted = Array.from(
    { length: Math.max(0, Math.ceil((to - from) / stride)) },
    (_, step) => from + step * stride,
  );
  const terms = [
    ...(from > 0 ? [`gte(n\\,${from})`] : []),
    ...(to < frameCount ? [`lt(n\\,${to})`] : []),
    ...(stride > 1 ? [`not(mod(n-${from}\\,${stride}))`] : []),
  ];
  return { expression: terms.length === 0 ? undefined : terms.join('*'), passing: wanted, wanted };
}

function planListed(indices: readonly number[], frameCount: number): SelectPlan {
  indices.forEach((index, at) => {
    const known = Number.isInteger(index) && index >= 0 && index < frameCount;
    if (!known) throw new Error(`frame ${index} was asked for, but the video has ${frameCount} frames`);
    if (at > 0 && index <= indices[at - 1]!) throw new Error(`listed frames do not ascend at ${index}`);
  });
  // Coarser until it fits: a flag then stands for several frames, and the reader drops the rest.
  for (let framesInFlag = 1; ; framesInFlag *= 2) {
    const flags = new Set(indices.map((index) => Math.floor(index / framesInFlag)));
    // Where most frames pass anyway, evaluating the expression costs more than it saves.
    if (flags.size * framesInFlag * 4 > frameCount * 3) return planAmongAll({ wanted: indices }, frameCount);
    const expression = expressionOf(flags, framesInFlag, frameCount);
    if (expression.length > expressionLengthMax) continue;
    return { expression, passing: ordinalsOf(flags, framesInFlag, frameCount), wanted: indices };
  }
}

/**
 * The same frames by the times at which they are shown, wherever not all of those between arrive. Undefined where that would be too long
 * an expression. `timeOf` is given in the units that the filter sees.
 */
export function planByTimes({ wanted }: SelectPlan, timeOf: (ordinal: number) => number): SelectPlan | undefined {
  if (wanted.length > amongMax) return undefined;
  return { expression: isAmong('pts', wanted.map(timeOf)), passing: wanted, wanted };
}

/** The same frames among all, of which each then arrives and is counted. */
export function planAmongAll({ wanted }: Pick<SelectPlan, 'wanted'>, frameCount: number): SelectPlan {
  return { ...planStride(1, { from: 0, to: frameCount }, frameCount), wanted };
}

/** Longest text of one value in what `isAmong` gives: its own, and its share of the tree's. It may have 12 digits. */
const amongTextMax = 27;
/** So many values can be among which one is looked for. */
export const amongMax = Math.floor(expressionLengthMax / amongTextMax);
/** Values compared one by one at the ends of the tree. */
const amongInLeaf = 8;

/** An expression that is true where the variable has one of the values, which ascend: a search tree. */
export function isAmong(variable: 'pts' | 'pos', values: readonly number[]): string {
  if (values.length <= amongInLeaf) return values.map((value) => `eq(${variable}\\,${value})`).join('+');
  const middle = values.length >> 1;
  const [before, after] = [values.slice(0, middle), values.slice(middle)];
  return `if(lt(${variable}\\,${values[middle]!})\\,${isAmong(variable, before)}\\,${isAmong(variable, after)})`;
}

/**
 * Flags packed into numbers, found by a search tree of `if`s: a frame costs the logarithm of
 * the number of numbers, and an hour of frames listed at will takes some 70 KB.
 */
function expressionOf(flags: ReadonlySet<number>, framesInFlag: number, frameCount: number): string {
  const numbers: number[] = Array.from({ length: Math.ceil(frameCount / framesInFlag / flagsInNumber) }, () => 0);
  for (const flag of flags) numbers[Math.floor(flag / flagsInNumber)]! += 2 ** (flag % flagsInNumber);
  const tree = (from: number, to: number): string => {
    if (to - from <= 1) return String(numbers[from] ?? 0);
    const middle = (from + to) >> 1;
    const [before, after] = [tree(from, middle), tree(middle, to)];
    return before === after ? before : `if(lt(n\\,${middle * flagsInNumber * framesInFlag})\\,${before}\\,${after})`;
  };
  const place = `mod(floor(n/${framesInFlag})\\,${flagsInNumber})`;
  return `mod(floor(${tree(0, numbers.length)}/pow(2\\,${place}))\\,2)`;
}

function* ordinalsOf(flags: ReadonlySet<number>, framesInFlag: number, frameCount: number): Generator<number> {
  for (const flag of flags) {
    const from = flag * framesInFlag;
    for (let index = from; index < Math.min(from + framesInFlag, frameCount); index++) yield index;
  }
}
