// Two operations on RGB pictures that need no library: choosing a square around a face and
// shrinking a part by a whole factor. Pure.
import type { Corners, Size } from './geometry.js';
import type { Picture } from './resample.js';

/** A rectangle of whole pixels inside a picture. */
export interface PixelRect extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * Means of `factor` x `factor` blocks of a part of a picture; blocks at the right and lower edge
 * may be smaller. Factor 1 copies. The result has ceil(side / factor) pixels a side.
 */
export function shrinkPart(picture: Picture, { left, top, width, height }: PixelRect, factor: number): Picture {
  const across = Math.ceil(width / factor);
  const down = Math.ceil(height / factor);
  const data = new Uint8Array(across * down * 3);
  for (let row = 0; row < down; row++) {
    const rowEnd = Math.min(height, (row + 1) * factor);
    for (let column = 0; column < across; column++) {
      const columnEnd = Math.min(width, (column + 1) * factor);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let y = row * factor; y < rowEnd; y++) {
        let at = ((top + y) * picture.width + left + column * factor) * 3;
        for (let x = column * factor; x < columnEnd; x++, at += 3) {
          red += picture.data[at]!;
          green += picture.data[at + 1]!;
          blue += picture.data[at + 2]!;
        }
      }
      const count = (rowEnd - row * factor) * (columnEnd - column * factor);
      const to = (row * across + column) * 3;
      data[to] = Math.round(red / count);
      data[to + 1] = Math.round(green / count);
      data[to + 2] = Math.round(blue / count);
    }
  }
  return { width: across, height: down, data };
}

/**
 * The square around a box with a margin, moved and, if need be, shrunk so that it lies inside the
 * picture: a thumbnail is never padded. `box` is [x1, y1, x2, y2] in pixels; `margin` is the share
 * of the box's longer side added on each side.
 */
export function squareAround(box: Corners, margin: number, { width, height }: Size): PixelRect {
  const [x1, y1, x2, y2] = box;
  const wanted = Math.round(Math.max(x2 - x1, y2 - y1) * (1 + 2 * margin));
  const side = Math.max(1, Math.min(wanted, width, height));
  const left = Math.round((x1 + x2 - side) / 2);
  const top = Math.round((y1 + y2 - side) / 2);
  return {
    left: Math.max(0, Math.min(left, width - side)),
    top: Math.max(0, Math.min(top, height - side)),
    width: side,
    height: side,
  };
}
