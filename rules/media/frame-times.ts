// When each frame is on screen, from its PTS and never from a frame rate: variable rates are common.
import type { FramesIndex } from '../../src/stage/artifacts.js';

/**
 * Seconds of every frame from the first one, and last the end of the last frame: frame i is on
 * screen from item i to item i + 1, and the list is one longer than the frames.
 */
export function frameTimes({ pts, time_base, last_duration }: FramesIndex): Float64Array {
  const [ticks, perSecond] = time_base;
  const first = pts[0]!;
  const times = new Float64Array(pts.length + 1);
  for (const [frame, at] of pts.entries()) times[frame] = ((at - first) * ticks) / perSecond;
  times[pts.length] = ((pts.at(-1)! - first + last_duration) * ticks) / perSecond;
  return times;
}
