// What becomes of the bytes that ffmpeg sends: where they are read to, and how they become the picture
// that a reader is handed. Plain video leaves ffmpeg as it is stored, half the bytes of RGB, and is converted
// here. Memory is made once for a decode and reused. It starts no process.
import { makeWorkspace } from '../kernels/workspace.js';
import type { Frame, PixelFormat } from '../stage/frames.js';
import type { VideoFacts } from '../stage/stage.js';
import type { Stored, Wish } from './filter-graph.js';
import type { PictureBuffers } from './picture-pipe.js';
import { twoTap, writtenBehind, type TwoTap } from './two-tap.js';
import { yuv420Bytes, yuvShares, type YuvMatrix } from './yuv.js';

type Picture = Pick<Frame, 'data' | 'show' | 'yuv'>;

export interface Finisher {
  /** Undefined: pixels leave ffmpeg in the reader's format. */
  readonly stored: Stored | undefined;
  /** Picks the pixels under two taps, where ffmpeg is to do that. */
  readonly sampler: TwoTap | undefined;
  /** Where ffmpeg's pictures are read to. */
  readonly buffers: PictureBuffers;
  /** What the reader is handed of a picture that lies in one of `buffers`; reused for the next. */
  finish(raw: Uint8Array): Picture;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const channelsOf: Readonly<Record<PixelFormat, number>> = { rgb24: 3, bgr24: 3, gray8: 1 };

/** Whether frames at full size leave ffmpeg as they are stored, and are what is shown. */
export function isPlain({ yuv420, rotation, storedWidth, storedHeight, width, height }: VideoFacts): boolean {
  const isEven = storedWidth % 2 === 0 && storedHeight % 2 === 0;
  return yuv420 !== undefined && rotation === 0 && isEven && width === storedWidth && height === storedHeight;
}

/** The finisher for a request whose frames have size `size`. */
export function finisherFor(facts: VideoFacts, request: Wish, size: Size): Finisher {
  const { width, height } = size;
  if (request.format === 'stored') {
    const bytes = yuv420Bytes(width, height);
    const buffers: PictureBuffers = [new Uint8Array(bytes), new Uint8Array(bytes)];
    return { stored: 'as-is', sampler: undefined, buffers, finish: (data) => ({ data }) };
  }
  const stored = { width: facts.storedWidth, height: facts.storedHeight };
  const upright = facts.rotation % 180 === 0 ? stored : { width: stored.height, height: stored.width };
  const channels = channelsOf[request.format];
  const sampler = (): TwoTap =>
    twoTap({ sourceWidth: upright.width, sourceHeight: upright.height, width, height, channels });
  const matrix = matrixFor(facts, request, size);
  if (request.scaler === 'two-tap') {
    // The reference takes every video for BT.601, and so does ffmpeg's graph for it.
    return matrix === undefined
      ? sampledByFfmpeg(sampler(), width * height * channels)
      : sampledHere(sampler(), stored, size);
  }
  if (matrix !== undefined) {
    const isScaled = size.width !== stored.width || size.height !== stored.height;
    return { ...converted(size, matrix, request), stored: isScaled ? 'scaled' : 'as-is' };
  }
  const bytes = width * height * channels;
  const finish = (data: Uint8Array): Picture => ({ data });
  return { stored: undefined, sampler: undefined, buffers: [new Uint8Array(bytes), new Uint8Array(bytes)], finish };
}

/**
 * How to convert here: pictures that ffmpeg only hands on, or makes smaller by a third at least, as they are stored. At
 * full size the result is ffmpeg's to the last bit; it converts odd sizes there another way. Enlarged or about the same,
 * colours would come out coarser than they need be.
 */
function matrixFor(
  { yuv420, rotation, storedWidth, storedHeight }: VideoFacts,
  { format, scaler }: Wish,
  { width, height }: Size,
): YuvMatrix | undefined {
  if (rotation !== 0 || format !== 'rgb24') return undefined;
  const handsOn = scaler === 'two-tap' || (width === storedWidth && height === storedHeight);
  const isEven = storedWidth % 2 === 0 && storedHeight % 2 === 0;
  const isMuchSmaller = 3 * width <= 2 * storedWidth && 3 * height <= 2 * storedHeight;
  return (handsOn ? isEven : isMuchSmaller) ? yuv420 : undefined;
}

function converted(
  { width, height }: Size,
  matrix: YuvMatrix,
  { parts, asYuv = false }: Pick<Wish, 'parts' | 'asYuv'>,
): Omit<Finisher, 'stored'> {
  const rawBytes = yuv420Bytes(width, height);
  const { run, bytes } = makeWorkspace({ one: rawBytes, other: rawBytes, rgb: 3 * width * height });
  const data = bytes.rgb;
  const shares = yuvShares[matrix];
  const convert = (raw: Uint8Array, left: number, top: number, across: number, down: number): void =>
    run.convertPart(raw.byteOffset, width, height, data.byteOffset, left, top, across, down, ...shares);
  const finish = (raw: Uint8Array): Picture => {
    if (parts !== undefined || asYuv) {
      const yuv = asYuv ? { data: raw, shares } : undefined;
      return { data, yuv, show: (part) => convert(raw, part.left, part.top, part.width, part.height) };
    }
    convert(raw, 0, 0, width, height);
    return { data };
  };
  return { sampler: undefined, buffers: [bytes.one, bytes.other], finish };
}

function sampledHere({ columns, rows }: TwoTap, { width, height }: Size, target: Size): Finisher {
  const rawBytes = yuv420Bytes(width, height);
  const rgbBytes = 3 * target.width * target.height;
  const { run, bytes } = makeWorkspace({
    one: rawBytes,
    other: rawBytes,
    rgb: rgbBytes + writtenBehind,
    columns: columns.length,
    rows: rows.length,
  });
  bytes.columns.set(columns);
  bytes.rows.set(rows);
  const [to, atColumns, atRows] = [bytes.rgb.byteOffset, bytes.columns.byteOffset, bytes.rows.byteOffset];
  const data = bytes.rgb.subarray(0, rgbBytes);
  const finish = ({ byteOffset: raw }: Uint8Array): Picture => {
    const { width: across, height: down } = target;
    run.sampleTwoTap(raw, width, height, to, across, down, atColumns, atRows, ...yuvShares.bt601);
    return { data };
  };
  return { stored: 'as-is', sampler: undefined, buffers: [bytes.one, bytes.other], finish };
}

function sampledByFfmpeg(sampler: TwoTap, length: number): Finisher {
  const rawBytes = 4 * length;
  const data = new Uint8Array(length);
  const finish = (raw: Uint8Array): Picture => {
    sampler.blend(raw, data);
    return { data };
  };
  return { stored: undefined, sampler, buffers: [new Uint8Array(rawBytes), new Uint8Array(rawBytes)], finish };
}
