// Scales a part of an interleaved 8-bit picture straight into planar floats, the layout of a
// network's input. A plan (which source pixels, with which weights) is made once for a geometry
// and used for every frame. The filter is a triangle, widened when shrinking by more than two so
// that nothing aliases. It knows no model and no file.
import type { Frame } from '../../src/stage/frames.js';
import type { Region, Size } from './geometry.js';

/** Interleaved 8-bit pixels, rows top to bottom; the number of channels is data length / pixels. */
export interface Picture extends Size, Pick<Frame, 'yuv'> {
  readonly data: Uint8Array;
  /** Where it stands, `data` is right only in parts that were shown by it. */
  readonly show?: Frame['show'];
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
    scalePlane(picture, channels, plan, plane, out, target);
    fillRest(out, target.canvas, plan.output, plane.offset);
  });
}

function planAxis(sourceLength: number, start: number, length: number, outputLength: number): Filter {
  const step = length / outputLength;
  // Down to a half two pixels still cover every source pixel, as in the resize that the networks were trained with.
  const support = step <= 2 ? 1 : step;
  const taps = Math.min(
    sourceLength,
    step === 1 && Number.isInteger(start) ? 1 : Math.ceil(2 * support) + (step <= 2 ? 0 : 1),
  );
  const first = new Int32Array(outputLength);
  const weights = new Float32Array(outputLength * taps);
  let copies = taps === 1;
  for (let out = 0; out < outputLength; out += 1) {
    const centre = start + (out + 0.5) * step - 0.5;
    // Outside the picture its edge is repeated: the window is moved in and the weights follow.
    const wanted = taps === 1 ? Math.round(centre) : Math.floor(centre - support) + 1;
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

/** Rows of the source, already scaled across; grown to the largest plan and then reused. */
let scratch = new Float32Array(0);

function scalePlane(
  picture: Picture,
  channels: number,
  { columns, rows, output }: ResamplePlan,
  plane: Plane,
  out: Float32Array,
  { canvas }: PlaneTarget,
): void {
  const top = rows.first[0]!;
  const height = rows.first[rows.length - 1]! + rows.taps - top;
  if (scratch.length < height * output.width) scratch = new Float32Array(height * output.width);
  plane.channels.forEach(([channel, share], index) => {
    const from = { start: top * picture.width * channels + channel, height, step: channels, share, adds: index > 0 };
    scaleAcross(picture, from, columns, scratch);
  });
  scaleDown(scratch, rows, top, plane, out, output, canvas.width);
}

interface ChannelWindow {
  /** Index of the channel's first byte. */
  readonly start: number;
  readonly height: number;
  /** Bytes from one pixel to the next. */
  readonly step: number;
  readonly share: number;
  /** Added to what is there rather than written over it. */
  readonly adds: boolean;
}

function scaleAcross(
  { width, data }: Picture,
  { start, height, step, share, adds }: ChannelWindow,
  { length, taps, first, weights }: Filter,
  into: Float32Array,
): void {
  for (let y = 0; y < height; y += 1) {
    const row = start + y * width * step;
    const base = y * length;
    // Two taps is every enlargement and every shrinking down to a half: worth a loop of its own.
    for (let x = 0; x < length; x += 1) {
      let from = row + first[x]! * step;
      let sum = 0;
      if (taps === 2) {
        sum = data[from]! * weights[2 * x]! + data[from + step]! * weights[2 * x + 1]!;
      } else {
        for (let tap = x * taps; tap < (x + 1) * taps; tap += 1, from += step) sum += data[from]! * weights[tap]!;
      }
      into[base + x] = adds ? into[base + x]! + sum * share : sum * share;
    }
  }
}

function scaleDown(
  from: Float32Array,
  { taps, first, weights }: Filter,
  top: number,
  { gain, offset }: Plane,
  out: Float32Array,
  { width, height }: Size,
  rowLength: number,
): void {
  for (let y = 0; y < height; y += 1) {
    const to = y * rowLength;
    const base = (first[y]! - top) * width;
    for (let x = 0; x < width; x += 1) {
      let sum = 0;
      if (taps === 2) {
        sum = from[base + x]! * weights[2 * y]! + from[base + width + x]! * weights[2 * y + 1]!;
      } else {
        for (let tap = 0; tap < taps; tap += 1) sum += from[base + tap * width + x]! * weights[y * taps + tap]!;
      }
      out[to + x] = sum * gain + offset;
    }
  }
}

function fillRest(out: Float32Array, canvas: Size, used: Size, value: number): void {
  if (used.width < canvas.width)
    for (let y = 0; y < used.height; y += 1) out.fill(value, y * canvas.width + used.width, (y + 1) * canvas.width);
  out.fill(value, used.height * canvas.width);
}
