// Turns a card's pixel normalisation into planes: which channel, which gain, which offset. Frames
// come as rgb24; a card may ask for RGB, BGR or grey.
import type { PixelNormalisation } from '../../src/stage/model.js';
import type { Plane } from './resample.js';

/** Luma of RGB after BT.601, the grey of OpenCV and of the graphs trained with it. */
const luma = [
  [0, 0.299],
  [1, 0.587],
  [2, 0.114],
] as const;

/** The planes (p - mean) / std that `pixels` asks for, out of an RGB picture. */
export function planesOf(pixels: PixelNormalisation): readonly Plane[] {
  const channels = {
    rgb: [[[0, 1]], [[1, 1]], [[2, 1]]],
    bgr: [[[2, 1]], [[1, 1]], [[0, 1]]],
    gray: [luma],
  } as const satisfies Record<PixelNormalisation['colour'], readonly Plane['channels'][]>;
  return channels[pixels.colour].map((mix, index) => {
    const mean = pixels.mean[index] ?? pixels.mean[0] ?? 0;
    const std = pixels.std[index] ?? pixels.std[0] ?? 1;
    return { channels: mix, gain: 1 / std, offset: -mean / std };
  });
}
