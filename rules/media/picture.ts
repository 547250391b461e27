// Two operations on RGB pictures that need no library: choosing a square around a face and
// shrinking a part by a whole factor. Pure.
import type { FramePart } from '../../src/stage/frames.js';
import type { Corners, Size } from './geometry.js';
import type { Picture } from './resample.js';

/**
 * Means of `factor` x `factor` blocks of a part of a picture; blocks at the right and lower edge
 * may be smaller. Factor 1 copies. The result has ceil(side / factor) pixels a side. It lies in `into`
 * where that is given, which is then at least as long, and in memory of its own otherwise.
 */
export function shrinkPart(picture: Picture, part: FramePart, factor: number, into?: Uint8Array): Picture {
  const { width, height } = shrunkSize(part, factor);
  const data = into?.subarray(0, width * height * 3) ?? new Uint8Array(width * height * 3);
  if (factor === 1) copyPart(picture, part, data);
  else blockMeans(picture, part, factor, data);
  return { width, height, data };
}

/** Size of what `shrinkPart` makes. */
export function shrunkSize({ width, height }: Size, factor: number): Size {
  return { width: Math.ceil(width / factor), height: Math.ceil(height / factor) };
}

function copyPart(picture: Picture, { left, top, width, height }: FramePart, to: Uint8Array): void {
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * picture.width + left) * 3;
    to.set(picture.data.subarray(from, from + width * 3), row * width * 3);
  }
}

function blockMeans(picture: Picture, { left, top, width, height }: FramePart, factor: number, to: Uint8Array): void {
  // Read through names of their own: a property of an object would be looked up for every byte.
  const { data, width: rowLength } = picture;
  let at = 0;
  for (let row = 0; row < height; row += factor) {
    const rows = Math.min(factor, height - row);
    for (let column = 0; column < width; column += factor, at += 3) {
      const columns = Math.min(factor, width - column);
      let red = 0;
      let green = 0;
      let blue = 0;
      let start = ((top + row) * rowLength + left + column) * 3;
      for (let y = 0; y < rows; y++, start += rowLength * 3) {
        for (let from = start; from < start + columns * 3; from += 3) {
          red += data[from]!;
          green += data[from + 1]!;
          blue += data[from + 2]!;
        }
      }
      // Rounded: what a byte takes is cut off after the point.
      const count = rows * columns;
      to[at] = red / count + 0.5;
      to[at + 1] = green / count + 0.5;
      to[at + 2] = blue / count + 0.5;
    }
  }
}

/**
 * The square around a box with a margin, moved and, if need be, shrunk so that it lies inside the
 * picture: a thumbnail is never padded. `box` is [x1, y1, x2, y2] in pixels; `margin` is the share
 * of the box's longer side added on each side.
 */
export function squareAround(box: Corners, margin: number, { width, height }: Size): FramePart {
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
