// Which pictures of a sought stretch need not be decoded: nobody wants them, and no other picture refers to
// them. Pure: names packets by where they lie in the file, which every ffmpeg takes for the same.
import type { VideoFacts } from '../stage/stage.js';
import { amongMax, isAmong, type Stretch } from './selection.js';

/**
 * So many pixels must be saved. The other ffmpeg that leaves the packets out costs 0.13 s of processor time; a picture of
 * 1920x1080 that is not decoded saves 4.6 ms, so this is twice the cost.
 */
export const dropPixelsMin = 64 * 1920 * 1080;

/**
 * What to leave out of a stretch of which decoding begins at the key picture `key`, as an expression of ffmpeg's packet filter `noise`, true
 * for those packets; undefined where it would not pay. `wanted` are the ordinals that anybody wants.
 */
export function planDrop(
  { unreferenced = [], storedWidth, storedHeight, yuv420 }: VideoFacts,
  { key, to }: { readonly key: number; readonly to: Stretch['to'] },
  wanted: ReadonlySet<number>,
  pixelsMin: number,
): string | undefined {
  // On its way the stream loses what only its container says of colours; of plain pixels that is known, of others it is not.
  if (yuv420 === undefined) return undefined;
  const positions = unreferenced
    .filter(([frame]) => frame >= key && frame < to && !wanted.has(frame))
    .map(([, position]) => position)
    .slice(0, amongMax);
  if (positions.length === 0 || positions.length * storedWidth * storedHeight < pixelsMin) return undefined;
  return isAmong(
    'pos',
    positions.sort((a, b) => a - b),
  );
}
