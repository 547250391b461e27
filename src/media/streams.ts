// Reads ffprobe's answer: which stream is the video, and what its container says of it. Pure; the
// frames' times are timestamps.ts's.
import type { FfprobeData, FfprobeStream } from './ffmpeg.js';
import type { VideoFacts } from '../stage/stage.js';

/** What takes the frames to know. */
export type FactsOfFrames = 'pts' | 'lastDuration' | 'clockMended' | 'keyFrames' | 'unreferenced';

/** What the container alone tells. */
export interface StreamFacts extends Omit<VideoFacts, FactsOfFrames> {
  /** Frames that the container's index promises, where it has one. */
  readonly framesListed: number | undefined;
  /** Seconds that the container promises for its longest stream, where it says so. */
  readonly promisedSeconds: number | undefined;
  /** Nominal length of a frame in seconds, where the container gives a rate. */
  readonly frameSeconds: number | undefined;
  readonly progressive: boolean;
  /** Packets are H.264's units, each after its length in four bytes. */
  readonly prefixed: boolean;
  readonly streamIndex: number;
}

/** The first video stream that is no cover picture: what ffmpeg calls V:0. */
export function videoStream(data: FfprobeData): FfprobeStream | undefined {
  return data.streams.find((stream) => {
    const disposition: Readonly<Record<string, unknown>> = stream.disposition ?? {};
    const still = Number(disposition['attached_pic'] ?? 0) === 1 || Number(disposition['timed_thumbnails'] ?? 0) === 1;
    return stream.codec_type === 'video' && !still;
  });
}

/** Facts of one stream, or undefined when ffprobe knows too little of it: no size, or no time base. */
export function streamFacts(data: FfprobeData, stream: FfprobeStream): StreamFacts | undefined {
  const storedWidth = Number(stream.width);
  const storedHeight = Number(stream.height);
  const timeBase = fraction(stream.time_base, '/');
  if (!(storedWidth > 0) || !(storedHeight > 0) || !timeBase) return undefined;
  const pixelAspect = fraction(stream.sample_aspect_ratio, ':') ?? ([1, 1] as const);
  const rotation = rotationOf(stream);
  const squareWidth = Math.max(1, Math.round((storedWidth * pixelAspect[0]) / pixelAspect[1]));
  const sideways = rotation === 90 || rotation === 270;
  const rate = fraction(stream.avg_frame_rate, '/') ?? fraction(stream.r_frame_rate, '/');
  return {
    container: data.format.format_name ?? 'unknown',
    codec: stream.codec_name ?? 'unknown',
    storedWidth,
    storedHeight,
    width: sideways ? storedHeight : squareWidth,
    height: sideways ? squareWidth : storedHeight,
    rotation,
    pixelAspect,
    timeBase,
    yuv420: yuv420Of(stream),
    framesListed: positive(stream.nb_frames),
    promisedSeconds: positive(data.format.duration),
    frameSeconds: rate && rate[1] / rate[0],
    progressive: stream['field_order'] === 'progressive',
    prefixed: stream.codec_name === 'h264' && stream['is_avc'] === 'true' && String(stream['nal_length_size']) === '4',
    streamIndex: stream.index,
  };
}

/** The matrix of plain 8-bit video; undefined for every other kind of pixels, which ffmpeg converts. */
function yuv420Of(stream: FfprobeStream): 'bt601' | 'bt709' | undefined {
  if (stream.pix_fmt !== 'yuv420p' || !['tv', 'unknown'].includes(stream.color_range ?? 'unknown')) return undefined;
  switch (stream.color_space ?? 'unknown') {
    case 'bt709':
      return 'bt709';
    case 'unknown':
    case 'smpte170m':
    case 'bt470bg':
      return 'bt601';
    default:
      return undefined;
  }
}

/**
 * Clockwise degrees that make the picture upright. A display matrix says by how much it was turned
 * (counter-clockwise positive); older files have a tag that says how to turn it. Others than right
 * angles do not occur in cameras and are taken for the nearest.
 */
function rotationOf(stream: FfprobeStream): 0 | 90 | 180 | 270 {
  const tags: Readonly<Record<string, unknown>> = (stream['tags'] as Record<string, unknown> | undefined) ?? {};
  const matrix: unknown = stream.rotation;
  const degrees = matrix === undefined || matrix === '' ? Number(tags['rotate'] ?? 0) : -Number(matrix);
  if (!Number.isFinite(degrees)) return 0;
  const quarters = (((Math.round(degrees / 90) % 4) + 4) % 4) as 0 | 1 | 2 | 3;
  return ([0, 90, 180, 270] as const)[quarters];
}

function fraction(text: unknown, separator: string): readonly [number, number] | undefined {
  const [above, below] = typeof text === 'string' ? text.split(separator).map(Number) : [];
  return above! > 0 && below! > 0 ? [above!, below!] : undefined;
}

function positive(value: unknown): number | undefined {
  const number = Number(value);
  return number > 0 ? number : undefined;
}
