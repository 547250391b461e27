// How work is divided into chunks: by the input alone, so that every build of the
// same video finds the chunks that an earlier one finished, whatever its number of jobs. Pure.
import type { FramesIndex } from '../../src/stage/artifacts.js';

/** Items `from` up to, not including, `to`. */
export type Run = { readonly from: number; readonly to: number };

/** A chunk is this share of what there is: eight cores are busy, and a killed build loses an eighth at most. */
const chunksWanted = 8;
/** Fewer frames than this, and starting ffmpeg costs more than is gained where all cores end at once. */
const framesMin = 250;
/** Longer than this, a killed build loses minutes. */
const lengthMax = 2000;

/** Length of a chunk of `total` items; `wanted` where somebody says so. `least`: what is worth a chunk. */
export function chunkLength(total: number, wanted: number | undefined, least = framesMin): number {
  return wanted ?? Math.min(lengthMax, Math.max(least, Math.ceil(total / chunksWanted)));
}

/** Runs of `length` items that cover `total`; the last one may be shorter. At least one, if an empty one. */
export function runsOf(total: number, length: number): readonly Run[] {
  const count = Math.max(1, Math.ceil(total / length));
  return Array.from({ length: count }, (_, at) => ({ from: at * length, to: Math.min(total, (at + 1) * length) }));
}

/**
 * Runs of frames that cover a video: of `wanted` frames each where somebody says so. Otherwise each takes its share of what is left, so
 * that they grow shorter towards the end and no core waits long for the last one (guided self-scheduling: Polychronopoulos and
 * Kuck, 1987), and begins at a key picture if one is near: others cost the frames from the key picture before. A short video,
 * all of whose runs would be of the least length, is cut into two or four alike, which two or four cores end together.
 */
export function runsOfFrames(
  { frame_count: count, key_frames: keys = [] }: Pick<FramesIndex, 'frame_count' | 'key_frames'>,
  wanted: number | undefined,
): readonly Run[] {
  if (wanted !== undefined) return runsOf(count, wanted);
  if (count < chunksWanted * framesMin) return evenRuns(count, keys);
  const runs: Run[] = [];
  for (let from = 0; from < count;) {
    const length = chunkLength(count - from, undefined);
    const near = nearest(keys, from + length, length / 2);
    // What would be much less than a chunk goes with this one.
    const to = count - near < framesMin / 2 ? count : near;
    runs.push({ from, to });
    from = to;
  }
  return runs;
}

/** Four runs about alike, or two, or one: so many that each is worth a chunk. */
function evenRuns(count: number, keys: readonly number[]): readonly Run[] {
  const shares = [4, 2].find((number) => count >= number * framesMin) ?? 1;
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
