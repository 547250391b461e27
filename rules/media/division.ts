// How work is divided into chunks: by the input and by what the machine has, so that every build of the same video
// finds the chunks that an earlier one finished, whatever its number of jobs. Pure.
import type { FramesIndex } from '../../src/stage/artifacts.js';
import type { ChunkSize } from '../../src/stage/stage.js';

/** Items `from` up to, not including, `to`. */
export type Run = { readonly from: number; readonly to: number };

/** A chunk is this share of what there is at most: a killed build loses an eighth. */
const sharesMin = 8;
/** Longer than this, a killed build loses minutes. */
const lengthMax = 2000;

/**
 * Fewer frames than this, and starting a decoder and decoding from the key picture before cost more than is gained where all
 * processors end at once: with runs of 100 frames sixteen of them had a quarter more to do.
 */
const framesMin = 250;

/** A run is half of a processor's share of what is left at most: guided self-scheduling (Polychronopoulos and Kuck, 1987) gives it all. */
function sharesFor(processors: number): number {
  return Math.max(sharesMin, 2 * processors);
}

/** Length of a chunk of `total` items; `frames` where somebody says so. `least`: what is worth a chunk. */
export function chunkLength(total: number, { frames, processors }: ChunkSize, least = framesMin): number {
  return frames ?? Math.min(lengthMax, Math.max(least, Math.ceil(total / sharesFor(processors))));
}

/** Runs of `length` items that cover `total`; the last one may be shorter. At least one, if an empty one. */
export function runsOf(total: number, length: number): readonly Run[] {
  const count = Math.max(1, Math.ceil(total / length));
  return Array.from({ length: count }, (_, at) => ({ from: at * length, to: Math.min(total, (at + 1) * length) }));
}

/**
 * Runs of frames that cover a video: of `size.frames` each where somebody says so. Otherwise each takes a part of what is left, so
 * that they grow shorter towards the end and no processor waits long for the last one. A short video, all of whose runs would be of the
 * least length, is cut into as many alike as the processors, or twice as many, end together. Runs begin at key pictures where that
 * is less work until all have ended: others cost the frames from the key picture before.
 */
export function runsOfFrames(
  { frame_count: count, key_frames: keys = [] }: Pick<FramesIndex, 'frame_count' | 'key_frames'>,
  size: ChunkSize,
): readonly Run[] {
  if (size.frames !== undefined) return runsOf(count, size.frames);
  const isShort = count < sharesFor(size.processors) * framesMin;
  const lengths = isShort ? evenLengths(count, size.processors) : fallingLengths(count, size);
  let end = 0;
  const places = lengths.map((length) => (end += length) - length);
  const choices = places.map((place, at) => {
    const reach = keyReach * Math.min(lengths[at]!, lengths[at - 1] ?? 0);
    return at === 0 ? [0] : [place, ...keysAround(keys, place, reach)];
  });
  const toNearest = choices.map(([place, ...near]) => nearest(near, place!) ?? place!);
  if (places.length > searchedMost) return runsFrom(toNearest, count);
  const work = (starts: readonly number[]): number => workOf(runsFrom(starts, count), keys, size.processors);
  const [inPlace, atKeys] = [places, toNearest].map((starts) => improved(starts, choices, work));
  return runsFrom(work(atKeys!) <= work(inPlace!) ? atKeys! : inPlace!, count);
}

/** With less than half a run's length between a key picture and its place, no run is lost between two of them. */
const keyReach = 0.4;

/** Some of the `keys` less than `reach` from `place`, nine at most, about evenly apart: every picture may be a key picture. */
function keysAround(keys: readonly number[], place: number, reach: number): readonly number[] {
  const near = keys.slice(lastUpTo(keys, Math.ceil(place - reach) - 1) + 1, lastUpTo(keys, place + reach) + 1);
  const steps = Array.from({ length: 9 }, (_, at) => Math.round(place + (at / 4 - 1) * reach));
  const found = steps.flatMap((step) => nearest(near, step) ?? []);
  return [...new Set(found)].filter((key) => Math.abs(key - place) < reach);
}

/** Index of the last of ascending numbers that is at most `place`; -1 where there is none. */
function lastUpTo(numbers: readonly number[], place: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle]! <= place) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Of more runs one is too small a part of all to look for the best place of each. */
const searchedMost = 24;

/** As many frames for each of twice as many runs as processors, or as many, or fewer: so many that each is worth a chunk. */
function evenLengths(count: number, processors: number): readonly number[] {
  const affordable = Math.max(1, Math.floor(count / framesMin));
  const shares = [2 * processors, processors].find((wanted) => wanted <= affordable) ?? affordable;
  const end = (runs: number): number => Math.round((runs * count) / shares);
  return Array.from({ length: shares }, (_, at) => end(at + 1) - end(at));
}

/** Each run a part of what is left; what would be much less than a chunk goes with the one before. */
function fallingLengths(count: number, size: ChunkSize): readonly number[] {
  const lengths: number[] = [];
  for (let left = count; left > 0;) {
    const length = chunkLength(left, size);
    lengths.push(left - length < framesMin / 2 ? left : length);
    left -= lengths.at(-1)!;
  }
  return lengths;
}

function runsFrom(starts: readonly number[], count: number): readonly Run[] {
  return starts.map((from, at) => ({ from, to: starts[at + 1] ?? count }));
}

/** Starts of which none can be moved to another choice for less work. */
function improved(
  starts: readonly number[],
  choices: readonly (readonly number[])[],
  work: (starts: readonly number[]) => number,
): readonly number[] {
  let [best, least] = [starts, work(starts)];
  for (let before: typeof best | undefined; before !== best;) {
    before = best;
    choices.forEach((places, at) => {
      for (const place of places) {
        const other = best.with(at, place);
        const needed = work(other);
        if (needed < least) [best, least] = [other, needed];
      }
    });
  }
  return best;
}

/** What decoding is of all that is done with a frame: two thirds of `scenes`, a quarter of `detect`. */
const decodingShare = 0.4;

/**
 * Frames' worth of work until the last of `processors` ends, where each takes the next run as soon as it is free; a run that
 * begins at no key picture decodes from the one before. Of the same time, less work in all is less.
 */
function workOf(runs: readonly Run[], keys: readonly number[], processors: number): number {
  const busy = new Array<number>(processors).fill(0);
  let all = 0;
  for (const { from, to } of runs) {
    const key = keys[lastUpTo(keys, from)] ?? 0;
    const work = to - from + decodingShare * (from - key);
    busy[busy.indexOf(Math.min(...busy))]! += work;
    all += work;
  }
  return Math.max(...busy) + all / (1000 * processors);
}

/** Of numbers the one nearest to `place`, the first of two; undefined where there is none. */
function nearest(numbers: readonly number[], place: number): number | undefined {
  let best: number | undefined;
  for (const number of numbers)
    if (best === undefined || Math.abs(number - place) < Math.abs(best - place)) best = number;
  return best;
}
