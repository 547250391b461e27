// How unlike the pictures before a frame are to those from it on, whichever of each side are taken.
// Streams; keeps nine thumbnails. It decides no cut.
import { unlikeness, type Thumbnail } from './thumbnail.js';

/** Pictures a side. A flash shorter than this leaves alike pictures on its two sides, so it scores 0. */
const sideFrames = 5;

export interface UnlikeMeter {
  /** Takes the next frame's thumbnail. */
  push(picture: Thumbnail): void;
  /** For each frame so far the least unlikeness of a picture before it and one from it on, within reach; frame 0 is 0. */
  values(): Float64Array;
}

export function unlikeMeter(): UnlikeMeter {
  const kept: Thumbnail[] = [];
  const values: number[] = [];
  return {
    push(picture) {
      const now = values.length;
      values.push(now === 0 ? 0 : Infinity);
      kept.forEach((earlier, place) => {
        const then = now - kept.length + place;
        const value = unlikeness(earlier, picture);
        // The pair parts every frame after `then` up to `now` that both can reach.
        const last = Math.min(now, then + sideFrames);
        for (let frame = Math.max(then + 1, now - sideFrames + 1); frame <= last; frame++)
          if (value < values[frame]!) values[frame] = value;
      });
      kept.push(picture);
      if (kept.length > 2 * sideFrames - 1) kept.shift();
    },
    values: () => Float64Array.from(values),
  };
}
