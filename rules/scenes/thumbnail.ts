// A picture boiled down to 16 x 9 cells: what the hybrid detector compares. So coarse that noise,
// grain and small movement vanish, and so small that a second of them can be kept. Pure.
import { growingWorkspace } from '../../src/kernels/workspace.js';
import type { Size } from '../media/geometry.js';
import type { Rgb } from './content-score.js';

const columns = 16;
const rows = 9;

export interface Thumbnail {
  /** Mean red, green and blue of the whole picture. */
  readonly mean: readonly number[];
  /** Cell by cell, three channels each, with `mean` taken away: shape and colour without brightness. */
  readonly cells: Float32Array;
  /** Mean square of `cells`: 0 for an even picture, a few thousand for a lively one. */
  readonly power: number;
}

/** Below this `power` a picture shows nothing: black, white, or black with a line of small print. */
export const blankPower = 25;

/** Added to powers before they divide, so that the noise of a dull picture counts as no difference. */
export const dullPower = 100;

/** What a difference of mean brightness counts beside one of shape: lamps go on inside a scene. */
const meanWeight = 0.25;

/** Numbers in the sums of a picture of this size. */
export function sumsLength({ width, height }: Size): number {
  return Math.min(columns, width) * Math.min(rows, height) * 3;
}

const scratch = growingWorkspace<'rgb' | 'columns'>();

/** Sums of red, green and blue over each cell, which tell the thumbnail and are whole numbers; written into `sums`. */
export function sumCells({ width, height, data }: Rgb, sums: Uint32Array): void {
  const across = Math.min(columns, width);
  const down = Math.min(rows, height);
  const { run, bytes } = scratch({ rgb: data.length, columns: 4 * 3 * width });
  bytes.rgb.set(data);
  const ofColumns = new Uint32Array(bytes.columns.buffer, bytes.columns.byteOffset, 3 * width);
  sums.fill(0);
  for (let row = 0, top = 0; row < down; row++) {
    // The first line of the next row of cells.
    const end = Math.ceil(((row + 1) * height) / down);
    run.sumColumns(bytes.rgb.byteOffset + 3 * width * top, 3 * width, end - top, bytes.columns.byteOffset);
    for (let x = 0; x < width; x++) {
      const cell = (row * across + Math.floor((x * across) / width)) * 3;
      for (let channel = 0; channel < 3; channel++) sums[cell + channel]! += ofColumns[3 * x + channel]!;
    }
    top = end;
  }
}

/** The thumbnail of a picture of size `size` with these sums; one with fewer pixels than cells has a cell a pixel. */
export function thumbnailOf(sums: Uint32Array, size: Size): Thumbnail {
  const cells = new Float32Array(sums.length);
  const pixels = pixelsOf(size);
  const mean = [0, 0, 0];
  for (let at = 0; at < cells.length; at++) {
    cells[at] = sums[at]! / pixels[(at - (at % 3)) / 3]!;
    mean[at % 3]! += (cells[at]! * 3) / cells.length;
  }
  for (let at = 0; at < cells.length; at++) cells[at]! -= mean[at % 3]!;
  return { mean, cells, power: product(cells, cells) };
}

/** The thumbnail of a picture. */
export function thumbnail(picture: Rgb): Thumbnail {
  const sums = new Uint32Array(sumsLength(picture));
  sumCells(picture, sums);
  return thumbnailOf(sums, picture);
}

/** How many pixels each cell has, row by row. */
function pixelsOf({ width, height }: Size): Float64Array {
  const across = Math.min(columns, width);
  const down = Math.min(rows, height);
  const share = (cells: number, pixels: number): number[] => {
    const counts = Array.from({ length: cells }, () => 0);
    for (let at = 0; at < pixels; at++) counts[Math.floor((at * cells) / pixels)]! += 1;
    return counts;
  };
  const [widths, heights] = [share(across, width), share(down, height)];
  return Float64Array.from(
    { length: across * down },
    (_, at) => widths[at % across]! * heights[Math.floor(at / across)]!,
  );
}

/** Mean product of two thumbnails' cells: the power of one with itself, near 0 for unrelated ones. */
export function product(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!;
  return sum / one.length;
}

/**
 * How unlike two pictures are in shape and colour: 0 the same, about 1 unrelated, above 1 opposed.
 * Twice as bright a picture is 0.2 away; between even pictures their brightness alone decides.
 */
export function unlikeness(one: Thumbnail, other: Thumbnail): number {
  const shape = one.power + other.power - 2 * product(one.cells, other.cells);
  const brightness = one.mean.reduce((sum, mean, channel) => sum + (mean - other.mean[channel]!) ** 2 / 3, 0);
  return (Math.max(0, shape) + meanWeight * brightness) / (one.power + other.power + 2 * dullPower);
}
