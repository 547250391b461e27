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
 * that they grow shorter towards the end and no processor waits long for the last one, and begins at a key picture if one is near: others
 * cost the frames from the key picture before. A short video, all of whose runs would be of the least length, is cut into as many
 * alike as the processors, or twice as many, end together.
 */
export function runsOfFrames(
  { frame_count: count, key_frames: keys = [] }: Pick<FramesIndex, 'frame_count' | 'key_frames'>,
  size: ChunkSize,
): readonly Run[] {
  if (size.frames !== undefined) return runsOf(count, size.frames);
  if (count < sharesFor(size.processors) * framesMin) return evenRuns(count, keys, size.processors);
  const runs: Run[] = [];
  for (let from = 0; from < count;) {
    const length = chunkLength(count - from, size);
    const near = nearest(keys, from + length, length / 2);
    // What would be much less than a chunk goes with this one.
    const to = count - near < framesMin / 2 ? count : near;
    runs.push({ from, to });
    from = to;
  }
  return runs;
}

/** Runs about alike, twice as many as processors, or as many, or fewer: so many that each is worth a chunk. */
function evenRuns(count: number, keys: readonly number[], processors: number): readonly Run[] {
  const affordable = Math.max(1, Math.floor(count / framesMin));
  const shares = [2 * processors, processors].find((wanted) => wanted <= affordable) ?? affordable;
  const length = count / shares;
  // With less than half a run's length between a key picture and its place, no run is lost between two of them.
  const starts = Array.from({ length: shares }, (_, at) =>
    at === 0 ? 0 : nearest(keys, Math.round(at * length), 0.4 * length),
  );
  return starts.map((from, at) => ({ from, to: starts[at + 1] ?? count }));
}

/** Of ascending numbers the one nearest to `place`, if it is less than `reach` away; else `place` itself. */
function nearest(numbers: readonly number[], place: number, reach: number): number {
  const after = numbers.find((number) => number >= place) ?? Infinity;
  const before = numbers.findLast((number) => number < place) ?? -Infinity;
  const closest = after - place < place - before ? after : before;
  return Math.abs(closest - place) < reach ? closest : place;
}
