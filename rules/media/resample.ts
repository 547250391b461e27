// Scales a part of an interleaved 8-bit picture straight into planar floats, the layout of a
// network's input. A plan (which source pixels, with which weights) is made once for a geometry
// and used for every frame. The filter is a triangle, widened when shrinking so that nothing
// aliases: the same as ffmpeg's bilinear scaler. It knows no model and no file.
import type { Region, Size } from './geometry.js';

/** Interleaved 8-bit pixels, rows top to bottom; the number of channels is data length / pixels. */
export interface Picture extends Size {
  readonly data: Uint8Array;
}

/** For each position of the output: `taps` source positions from `first` on, with their weights. */
interface Filter {
  readonly length: number;
  readonly taps: number;
  readonly first: Int32Array;
  readonly weights: Float32Array;
  /** Every weight is 1: the output is a window of the source. */
  readonly copies: boolean;
}

export interface ResamplePlan {
  readonly source: Size;
  readonly output: Size;
  readonly columns: Filter;
  readonly rows: Filter;
}

/** Plans how `region` of a picture of size `source` becomes a picture of size `output`. */
export function planResample(source: Size, region: Region, output: Size): ResamplePlan {
  return {
    source,
    output,
    columns: planAxis(source.width, region.x, region.width, output.width),
    rows: planAxis(source.height, region.y, region.height, output.height),
  };
}

/**
 * One output plane: a weighted sum of the source's channels, times `gain`, plus `offset`.
 * A plane of a colour picture is one channel with weight 1; luma mixes three.
 */
export interface Plane {
  readonly channels: readonly (readonly [channel: number, weight: number])[];
  readonly gain: number;
  readonly offset: number;
}

/** Where planes are written: plane p starts at p * canvas.width * canvas.height, at its top left. */
export interface PlaneTarget {
  readonly data: Float32Array;
  readonly canvas: Size;
}

/**
 * Scales by `plan` and writes `planes` to the top left of the target's canvas; the rest of the
 * canvas is filled with what a black pixel becomes. Throws when the picture is not of the planned size.
 */
export function resampleToPlanes(
  picture: Picture,
  plan: ResamplePlan,
  planes: readonly Plane[],
  target: PlaneTarget,
): void {
  const { width, height, data } = picture;
  if (width !== plan.source.width || height !== plan.source.height)
    throw new Error(`planned for ${plan.source.width}x${plan.source.height}, got ${width}x${height}`);
  const channels = data.length / (width * height);
  const size = target.canvas.width * target.canvas.height;
  planes.forEach((plane, index) => {
    const out = target.data.subarray(index * size, (index + 1) * size);
    const [only] = plane.channels;
    if (plane.channels.length === 1 && only?.[1] === 1 && plan.columns.copies && plan.rows.copies) {
      copyPlane(picture, channels, plan, { channel: only[0], gain: plane.gain, offset: plane.offset }, out, target);
    } else {
      scalePlane(picture, channels, plan, plane, out, target);
    }
    fillRest(out, target.canvas, plan.output, plane.offset);
  });
}

function planAxis(sourceLength: number, start: number, length: number, outputLength: number): Filter {
  const step = length / outputLength;
  const support = Math.max(1, step);
  const taps = step === 1 && Number.isInteger(start) ? 1 : Math.min(sourceLength, Math.ceil(2 * support) + 1);
  const first = new Int32Array(outputLength);
  const weights = new Float32Array(outputLength * taps);
  let copies = taps === 1;
  for (let out = 0; out < outputLength; out += 1) {
    const centre = start + (out + 0.5) * step - 0.5;
    // Outside the picture its edge is repeated: the window is moved in and the weights follow.
    const wanted = taps === 1 ? Math.round(centre) : Math.ceil(centre - support);
    const from = Math.min(Math.max(wanted, 0), sourceLength - taps);
    first[out] = from;
    if (from !== wanted) copies = false;
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const weight = Math.max(0, 1 - Math.abs(from + tap - centre) / support);
      weights[out * taps + tap] = weight;
      sum += weight;
    }
    if (sum > 0) for (let tap = 0; tap < taps; tap += 1) weights[out * taps + tap]! /= sum;
    else weights[out * taps + (centre < 0 ? 0 : taps - 1)] = 1;
  }
  return { length: outputLength, taps, first, weights, copies };
}

interface OneChannel {
  readonly channel: number;
  readonly gain: number;
  readonly offset: number;
}

function copyPlane(
  { width, data }: Picture,
  channels: number,
  { columns, rows, output }: ResamplePlan,
  { channel, gain, offset }: OneChannel,
  out: Float32Array,
  { canvas }: PlaneTarget,
): void {
  for (let y = 0; y < output.height; y += 1) {
    let from = (rows.first[y]! * width + columns.first[0]!) * channels + channel;
    const end = y * canvas.width + output.width;
    for (let to = y * canvas.width; to < end; to += 1, from += channels) out[to] = data[from]! * gain + offset;
  }
}

/** Rows of the source, already scaled across; grown to the largest plan and then reused. */
let scratch = new Float32Array(0);

function scalePlane(
  { width, data }: Picture,
  channels: number,
  { columns, rows, output }: ResamplePlan,
  plane: Plane,
  out: Float32Array,
  { canvas }: PlaneTarget,
): void {
  const top = rows.first[0]!;
  const bottom = rows.first[rows.length - 1]! + rows.taps;
  const across = output.width;
  if (scratch.length < (bottom - top) * across) scratch = new Float32Array((bottom - top) * across);
  const middle = scratch;
  middle.fill(0, 0, (bottom - top) * across);
  for (const [channel, share] of plane.channels) {
    for (let y = top; y < bottom; y += 1) {
      const row = y * width * channels + channel;
      const base = (y - top) * across;
      for (let x = 0; x < across; x += 1) {
        let from = row + columns.first[x]! * channels;
        let sum = 0;
        const end = (x + 1) * columns.taps;
        for (let tap = x * columns.taps; tap < end; tap += 1, from += channels)
          sum += data[from]! * columns.weights[tap]!;
        middle[base + x]! += sum * share;
      }
    }
  }
  for (let y = 0; y < output.height; y += 1) {
    const to = y * canvas.width;
    out.fill(plane.offset, to, to + across);
    for (let tap = 0; tap < rows.taps; tap += 1) {
      const weight = rows.weights[y * rows.taps + tap]! * plane.gain;
      if (weight === 0) continue;
      const from = (rows.first[y]! + tap - top) * across;
      for (let x = 0; x < across; x += 1) out[to + x]! += middle[from + x]! * weight;
    }
  }
}

function fillRest(out: Float32Array, canvas: Size, used: Size, value: number): void {
  if (used.width < canvas.width)
    for (let y = 0; y < used.height; y += 1) out.fill(value, y * canvas.width + used.width, (y + 1) * canvas.width);
  out.fill(value, used.height * canvas.width);
}
