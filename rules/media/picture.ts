// Operations on RGB pictures that need no library: choosing a square around a face, copying a part and
// shrinking it by a whole factor. Pure.
import { growingWorkspace } from '../../src/kernels/workspace.js';
import type { FramePart } from '../../src/stage/frames.js';
import type { Corners, Size } from './geometry.js';
import type { Picture } from './resample.js';

const scratch = growingWorkspace<'part' | 'sums' | 'shrunk'>();

/**
 * Means of `factor` x `factor` blocks of a part of a picture; blocks at the right and lower edge
 * may be smaller. Factor 1 copies. The result has ceil(side / factor) pixels a side. It lies in `into`
 * where that is given, which is then at least as long, and in memory of its own otherwise.
 */
export function shrinkPart(picture: Picture, part: FramePart, factor: number, into?: Uint8Array): Picture {
  const { width, height } = shrunkSize(part, factor);
  const data = into?.subarray(0, width * height * 3) ?? new Uint8Array(width * height * 3);
  if (factor === 1) {
    copyPart(picture, part, data);
    return { width, height, data };
  }
  const rowBytes = part.width * 3;
  const { run, bytes } = scratch({ part: rowBytes * part.height, sums: 4 * rowBytes, shrunk: data.length });
  copyPart(picture, part, bytes.part);
  const [from, sums, to] = [bytes.part.byteOffset, bytes.sums.byteOffset, bytes.shrunk.byteOffset];
  run.blockMeans(from, part.width, part.height, factor, sums, to);
  data.set(bytes.shrunk.subarray(0, data.length));
  return { width, height, data };
}

/** Size of what `shrinkPart` makes. */
export function shrunkSize({ width, height }: Size, factor: number): Size {
  return { width: Math.ceil(width / factor), height: Math.ceil(height / factor) };
}

/** Copies a part of a picture, row by row without gaps, into `to`. */
export function copyPart(picture: Picture, { left, top, width, height }: FramePart, to: Uint8Array): void {
  for (let row = 0; row < height; row++) {
    const from = ((top + row) * picture.width + left) * 3;
    to.set(picture.data.subarray(from, from + width * 3), row * width * 3);
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
