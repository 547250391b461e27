// How tracks are divided into chunks. Pure.
import type { Run } from '../media/division.js';

/** What looking at a track takes. */
export interface TrackSpan {
  /** How many faces are looked at. */
  readonly looks: number;
  /** The frame from which must be decoded, and the last one that is looked at. */
  readonly from: number;
  readonly last: number;
}

/** What a chunk costs besides: starting ffmpeg and reading what is known of its tracks takes as long as decoding so many frames. */
const chunkFrames = 50;

/**
 * Runs of tracks with at most `length` looks each, or of one track, so that the fewest frames are decoded in all: a chunk decodes
 * from the first frame of any of its tracks to the last one, and so cuts lie where a scene ends or nobody is on screen. `spans`
 * ascend by their last frame. No tracks, no runs.
 */
export function divideTracks(spans: readonly TrackSpan[], length: number): readonly Run[] {
  // For the first n tracks: the fewest frames, and where the last of their runs begins.
  const best = [{ frames: 0, from: 0 }];
  for (let to = 1; to <= spans.length; to++) {
    let [looks, first] = [0, Infinity];
    let found = { frames: Infinity, from: to - 1 };
    for (let from = to - 1; from >= 0; from--) {
      looks += spans[from]!.looks;
      if (looks > length && from < to - 1) break;
      first = Math.min(first, spans[from]!.from);
      const frames = best[from]!.frames + spans[to - 1]!.last + 1 - first + chunkFrames;
      if (frames < found.frames) found = { frames, from };
    }
    best.push(found);
  }
  const runs: Run[] = [];
  for (let to = spans.length; to > 0; to = runs.at(-1)!.from) runs.push({ from: best[to]!.from, to });
  return runs.reverse();
}
