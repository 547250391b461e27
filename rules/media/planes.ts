// Turns a detector's pictures into its input, over and over for the same geometry. Where nothing is to be scaled,
// which is so when the decoder has scaled already, a kernel does it; else rules/media/resample.ts.
import { makeWorkspace } from '../../src/kernels/workspace.js';
import type { FramePart } from '../../src/stage/frames.js';
import type { Size } from './geometry.js';
import { copyPart } from './picture.js';
import { resampleToPlanes, type Picture, type Plane, type ResamplePlan } from './resample.js';

/** A network's input that is filled anew for each picture. */
export interface InputPlanes {
  /** Planes of the canvas's size, one after another: what the network computes with, or pixels that it normalises itself. */
  readonly data: Float32Array | Uint8Array;
  /** Whether a picture's `yuv` is enough for `fill`; else, and where it has none, its `data` must be right. */
  readonly takesYuv: boolean;
  /** Scales a picture of the planned size to the top left of the canvas; the rest is what a black pixel becomes. */
  fill(picture: Picture): void;
}

/**
 * Input planes for pictures that are scaled by `plan`; see `resampleToPlanes`. Pixels where the network takes them (`asPixels`)
 * and nothing is to be scaled.
 */
export function inputPlanes(
  plan: ResamplePlan,
  planes: readonly Plane[],
  canvas: Size,
  { asPixels = false }: { readonly asPixels?: boolean } = {},
): InputPlanes {
  const { source, output, columns, rows } = plan;
  const isCopied = columns.copies && rows.copies && planes.length === 3 && planes.every(isOneColour);
  if (!isCopied) {
    const data = new Float32Array(planes.length * canvas.width * canvas.height);
    return { data, takesYuv: false, fill: (picture) => resampleToPlanes(picture, plan, planes, { data, canvas }) };
  }
  const size = canvas.width * canvas.height;
  const part = { left: columns.first[0]!, top: rows.first[0]!, ...output };
  const { run, bytes } = makeWorkspace({
    picture: 3 * output.width * output.height,
    planes: (asPixels ? 1 : 4) * 3 * size,
  });
  const data = asPixels
    ? bytes.planes
    : new Float32Array(bytes.planes.buffer, bytes.planes.byteOffset, bytes.planes.length / 4);
  const placeOf = (channel: number): number => planes.findIndex(({ channels }) => channels[0]![0] === channel);
  const addressOf = (channel: number): number =>
    bytes.planes.byteOffset + placeOf(channel) * size * data.BYTES_PER_ELEMENT;
  const colour = (channel: number): [place: number, gain: number, offset: number] => {
    const { gain, offset } = planes[placeOf(channel)]!;
    return [addressOf(channel), gain, offset];
  };
  const [reds, greens, blues] = [colour(0), colour(1), colour(2)];
  if (!asPixels) planes.forEach(({ offset }, at) => data.fill(offset, at * size, (at + 1) * size));
  // The GPU's bytes are made of RGB: nothing else was measured there.
  const takesYuv = !asPixels && part.width === source.width && part.height === source.height;
  return {
    data,
    takesYuv,
    fill(picture) {
      if (picture.width !== source.width || picture.height !== source.height)
        throw new Error(`planned for ${source.width}x${source.height}, got ${picture.width}x${picture.height}`);
      const { width, height } = output;
      const { byteOffset: from } = bytes.picture;
      if (takesYuv && picture.yuv !== undefined) {
        bytes.picture.set(picture.yuv.data);
        run.yuvToPlanes(from, width, height, canvas.width, ...reds, ...greens, ...blues, ...picture.yuv.shares);
        return;
      }
      if (picture.data.length !== 3 * picture.width * picture.height) {
        if (data instanceof Uint8Array) throw new Error('a picture of three colours was expected');
        resampleToPlanes(picture, plan, planes, { data, canvas });
        return;
      }
      takePart(picture, part, bytes.picture);
      if (asPixels) run.toBytePlanes(from, width, height, canvas.width, addressOf(0), addressOf(1), addressOf(2));
      else run.toPlanes(from, width, height, canvas.width, ...reds, ...greens, ...blues);
    },
  };
}

/** One colour as it is, and each once: three planes that are R, G and B in some order. */
function isOneColour({ channels }: Plane, at: number, planes: readonly Plane[]): boolean {
  const [only, ...others] = channels;
  const isFirst = planes.findIndex((plane) => plane.channels[0]?.[0] === only?.[0]) === at;
  return others.length === 0 && only?.[1] === 1 && isFirst;
}

function takePart(picture: Picture, part: FramePart, to: Uint8Array): void {
  if (part.width === picture.width && part.height === picture.height) to.set(picture.data);
  else copyPart(picture, part, to);
}
