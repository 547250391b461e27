// Hands out a video's frames as pixels: one ffmpeg process, one reused buffer, as fast as the
// reader takes them and no faster. A frame is known by its ordinal; it decides nothing about which.
import { problem } from '../base/problem.js';
import type { Frame, FrameRequest, PixelFormat } from '../stage/frames.js';
import type { VideoFacts } from '../stage/stage.js';
import { FfmpegError, startFfmpeg, type RunningFfmpeg } from './ffmpeg.js';
import { seekTo, type Seek } from './seek.js';
import { countedFrom, planSelect, stretchOf, type SelectPlan } from './selection.js';
import { usualMediaTools, type MediaTools } from './tools.js';
import { twoTap, type TwoTap } from './two-tap.js';

const channelsOf: Readonly<Record<PixelFormat, number>> = { rgb24: 3, bgr24: 3, gray8: 1 };
const ffmpegFormat: Readonly<Record<PixelFormat, string>> = { rgb24: 'rgb24', bgr24: 'bgr24', gray8: 'gray' };

/** Waiting bytes between ffmpeg and the reader: one to two frames, within reason. */
const bufferBytesMin = 1 << 20;
const bufferBytesMax = 32 << 20;

/** Size in pixels of the frames that a request gets. */
export function frameSize(
  facts: Pick<VideoFacts, 'width' | 'height'>,
  size: FrameRequest['size'],
): { readonly width: number; readonly height: number } {
  switch (size.kind) {
    case 'full':
      return { width: facts.width, height: facts.height };
    case 'exact':
      return { width: size.width, height: size.height };
    case 'fit': {
      const scale = Math.min(size.width / facts.width, size.height / facts.height);
      // The side that defines the scale fits exactly; a product just below it must not lose a pixel.
      const side = (pixels: number): number => Math.max(1, Math.trunc(pixels * scale + 1e-9));
      return { width: side(facts.width), height: side(facts.height) };
    }
  }
}

/**
 * The requested frames in presentation order: upright, square pixels, tightly packed. `data` is
 * reused for the next frame. Memory stays at about three frames. Ends ffmpeg when the reader stops or `signal` aborts.
 *
 * Throws a ProblemError `bad-video` when ffmpeg fails or when the video decodes to another number
 * of frames than `facts.pts` has, because every later time would then be wrong. With `seek`, what lies
 * before the first wanted frame is not decoded; throws an InexactSeek when the frames that arrived
 * turn out not to be exactly the wanted ones, and then the caller must decode again without it.
 */
export async function* decodeFrames(
  path: string,
  facts: VideoFacts,
  request: Omit<FrameRequest, 'video'>,
  signal: AbortSignal,
  options: DecodeOptions = {},
): AsyncGenerator<Frame, void, undefined> {
  const { width, height } = frameSize(facts, request.size);
  const channels = channelsOf[request.format];
  const frameCount = facts.pts.length;
  const stretch = stretchOf(request.select, frameCount);
  const sought = options.seek === true ? seekTo(stretch, facts) : undefined;
  const origin = sought === undefined ? 0 : stretch.from;
  const plan =
    sought === undefined
      ? planSelect(request.select, frameCount)
      : planSelect(countedFrom(request.select, stretch), stretch.to - stretch.from);
  if (plan.wanted.length === 0) return;
  // What follows the last wanted frame is of no interest; a sought stretch ends there by itself.
  const endsEarly = sought === undefined && (request.select.kind === 'listed' || stretch.to < frameCount);
  const upright = uprightStoredSize(facts);
  const sampler =
    request.scaler === 'two-tap'
      ? twoTap({ sourceWidth: upright.width, sourceHeight: upright.height, width, height, channels })
      : undefined;
  const rawBytes = (sampler ? sampler.tapWidth * sampler.tapHeight : width * height) * channels;
  const ffmpeg = startFfmpeg({
    tools: options.tools ?? (await usualMediaTools()),
    path,
    // The graph below turns and scales by itself, for every frame: ffmpeg must not turn first, nor
    // rebuild the graph (and count frames from 0 again) when the stream changes size half-way.
    inputOptions: ['-noautorotate', '-reinit_filter', '0', ...(sought?.inputOptions ?? [])],
    ...(sampler && { sideInput: mapInput(sampler) }),
    filters: filterGraph({ facts, request, plan, sought, sampler, width, height }),
    outputOptions: ['-f', 'rawvideo', '-pix_fmt', ffmpegFormat[request.format]],
    bufferBytes: Math.min(bufferBytesMax, Math.max(bufferBytesMin, 2 * rawBytes)),
    signal,
  });
  const reused = sampler ? new Uint8Array(width * height * channels) : undefined;
  try {
    const wanted = plan.wanted[Symbol.iterator]();
    let next = wanted.next();
    const ordinals = [...plan.passing];
    const passing = ordinals[Symbol.iterator]();
    let received = 0;
    for await (const raw of rawPictures(ffmpeg, rawBytes)) {
      signal.throwIfAborted();
      received++;
      const ordinal = passing.next();
      // More pictures than the plan foresees: counted to the end for the message below.
      if (ordinal.done === true || next.done === true || ordinal.value !== next.value) continue;
      if (reused) sampler?.blend(raw, reused);
      yield { index: origin + ordinal.value, width, height, data: reused ?? raw };
      next = wanted.next();
      if (next.done === true && endsEarly) return;
    }
    await ffmpeg.finished;
    const expected = endsEarly ? plan.wanted.length : ordinals.length;
    if (received === expected && next.done === true) return;
    if (sought !== undefined) throw new InexactSeek(`${path}: ${received} frames, not ${expected}, were found there`);
    throw differs(path, frameCount, received, expected);
  } catch (error) {
    if (error instanceof FfmpegError && sought !== undefined) throw new InexactSeek(error.message, { cause: error });
    if (error instanceof FfmpegError) throw decodeFailed(path, error);
    throw error;
  } finally {
    await ffmpeg.stop();
  }
}

export interface DecodeOptions {
  readonly tools?: MediaTools;
  /** Begin near the first wanted frame where the file's own times tell where that is. */
  readonly seek?: boolean;
}

/** Seeking did not lead to exactly the wanted frames: the file is not what its index says. */
export class InexactSeek extends Error {
  override readonly name = 'InexactSeek';
}

interface GraphParts {
  readonly facts: VideoFacts;
  readonly request: Omit<FrameRequest, 'video'>;
  readonly plan: SelectPlan;
  readonly sought: Seek | undefined;
  readonly sampler: TwoTap | undefined;
  readonly width: number;
  readonly height: number;
}

function filterGraph({ facts, request, plan, sought, sampler, width, height }: GraphParts): string {
  // Frames are counted from the first one that seeking leaves.
  const select = [...(sought?.filters ?? []), ...(plan.expression === undefined ? [] : [`select=${plan.expression}`])];
  const format = `format=${ffmpegFormat[request.format]}`;
  // Timestamps mean nothing here, so they are made plain: late, missing or doubled ones cannot
  // make a later filter wait for a frame or skip one.
  const renumber = 'setpts=N';
  if (sampler) {
    const { storedWidth: w, storedHeight: h } = facts;
    const convert = `scale=${w}:${h}:flags=bicubic:in_color_matrix=bt601${grayRange(request.format)}`;
    const source = [...select, renumber, convert, format, ...turn(facts.rotation)].join(',');
    const crop = (at: number): string => `crop=${sampler.tapWidth}:${sampler.tapHeight}:0:${at}`;
    return [
      `[0:V:0]${source}[video]`,
      `[1:v:0]split[a][b]`,
      `[a]${crop(0)}[columns]`,
      `[b]${crop(sampler.tapHeight)}[rows]`,
      `[video][columns][rows]remap[out]`,
    ].join(';');
  }
  // The picture is scaled before it is turned: the turn then moves fewer pixels.
  const sideways = facts.rotation === 90 || facts.rotation === 270;
  const [w, h] = sideways ? [height, width] : [width, height];
  const same = w === facts.storedWidth && h === facts.storedHeight;
  // Exact rounding costs 15 ms a 1080p frame at full size, where nothing is sampled anyway, and
  // 1.4 ms where the picture is scaled; there it makes every processor give the same bytes.
  const flags = same ? 'bicubic' : `${request.scaler ?? 'bilinear'}+accurate_rnd+bitexact`;
  const scale = `scale=${w}:${h}:flags=${flags}${grayRange(request.format)}`;
  return `[0:V:0]${[...select, renumber, scale, format, ...turn(facts.rotation)].join(',')}[out]`;
}

/** Luma alone is stretched to 0..255 by hand: ffmpeg versions differ in what they take gray for. */
function grayRange(format: PixelFormat): string {
  return format === 'gray8' ? ':out_range=full' : '';
}

function turn(rotation: number): string[] {
  const filters: Readonly<Record<number, string[]>> = {
    0: [],
    90: ['transpose=clock'],
    180: ['hflip', 'vflip'],
    270: ['transpose=cclock'],
  };
  const filter = filters[rotation];
  if (!filter) throw new Error(`a video cannot be turned by ${rotation} degrees`);
  return filter;
}

function uprightStoredSize(facts: VideoFacts): { readonly width: number; readonly height: number } {
  const { storedWidth, storedHeight } = facts;
  const sideways = facts.rotation === 90 || facts.rotation === 270;
  return sideways ? { width: storedHeight, height: storedWidth } : { width: storedWidth, height: storedHeight };
}

function mapInput(sampler: TwoTap): { readonly options: readonly string[]; readonly bytes: Uint8Array } {
  const size = `${sampler.tapWidth}x${2 * sampler.tapHeight}`;
  const options = ['-f', 'rawvideo', '-pix_fmt', 'gray16le', '-video_size', size, '-framerate', '1'];
  return { options, bytes: sampler.maps };
}

/** Cuts ffmpeg's bytes into pictures; the one buffer is filled anew for each. A cut-off last one is dropped. */
async function* rawPictures(ffmpeg: RunningFfmpeg, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  const picture = new Uint8Array(bytes);
  let filled = 0;
  // Left standing when the reader stops: destroyed, it would report an error before ffmpeg is gone.
  const chunks = ffmpeg.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  for await (const chunk of chunks) {
    for (let used = 0; used < chunk.length;) {
      const part = chunk.subarray(used, used + bytes - filled);
      picture.set(part, filled);
      used += part.length;
      filled += part.length;
      if (filled < bytes) continue;
      yield picture;
      filled = 0;
    }
  }
}

function differs(path: string, frameCount: number, received: number, expected: number): Error {
  return problem(
    'bad-video',
    `${path}: ${received} of ${expected} frames decode (the video lists ${frameCount}): its picture data is damaged`,
    `write it anew with: ffmpeg -i ${JSON.stringify(path)} -c:v libx264 -crf 16 -c:a copy repaired.mkv`,
  );
}

function decodeFailed(path: string, error: FfmpegError): Error {
  const said = error.stderr.trim().split('\n').slice(-3).join(' / ') || error.message;
  return problem('bad-video', `${path}: ffmpeg cannot decode it: ${said}`, undefined, error);
}
