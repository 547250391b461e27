// The filter graph by which ffmpeg makes each reader's pictures out of one decoded video: chosen, scaled,
// turned upright, in the wanted pixel format. Pure; it starts no process.
import type { FrameRequest, PixelFormat } from '../stage/frames.js';
import type { VideoFacts } from '../stage/stage.js';
import type { TwoTap } from './two-tap.js';

/** Pixels as they lie in the file, too: 8-bit YUV with half-size colour planes. Of video for which `isPlain` alone. */
export type AnyFormat = PixelFormat | 'stored';

/** What a reader asks for, apart from the video. */
export type Wish = Omit<FrameRequest, 'video' | 'format'> & { readonly format: AnyFormat };

/** ffmpeg's names of the pixel formats. */
export const ffmpegFormat: Readonly<Record<AnyFormat, string>> = {
  rgb24: 'rgb24',
  bgr24: 'bgr24',
  gray8: 'gray',
  stored: 'yuv420p',
};

/** Pixels that leave ffmpeg as yuv420p, for the reader to convert: as they are in the file, or scaled. */
export type Stored = 'as-is' | 'scaled';

/** What one reader gets. */
export interface Branch {
  /** Its result's label, without brackets. */
  readonly label: string;
  readonly request: Wish;
  /** Expression of ffmpeg's `select`; undefined when every frame passes. */
  readonly expression: string | undefined;
  /** Samples the picture from taps that ffmpeg picks by a map, which is the second input. */
  readonly sampler: TwoTap | undefined;
  readonly stored: Stored | undefined;
  readonly width: number;
  readonly height: number;
}

/** The graph for all readers; `common` filters come before all else. At most one branch may have a sampler. */
export function filterGraph(
  facts: Pick<VideoFacts, 'storedWidth' | 'storedHeight' | 'rotation'>,
  common: readonly string[],
  branches: readonly Branch[],
): string {
  const [only] = branches;
  if (branches.length === 1) return branchOf(facts, `[0:V:0]${common.map((filter) => `${filter},`).join('')}`, only!);
  const starts = branches.map(({ label }) => `[${label}_in]`);
  const source = `[0:V:0]${[...common, `split=${branches.length}`].join(',')}${starts.join('')}`;
  return [source, ...branches.map((branch, at) => branchOf(facts, starts[at]!, branch))].join(';');
}

function branchOf(
  facts: Pick<VideoFacts, 'storedWidth' | 'storedHeight' | 'rotation'>,
  from: string,
  { label, request, expression, sampler, stored, width, height }: Branch,
): string {
  const select = expression === undefined ? [] : [`select=${expression}`];
  const format = `format=${ffmpegFormat[request.format]}`;
  // Timestamps mean nothing here, so they are made plain: late, missing or doubled ones cannot
  // make a later filter wait for a frame or skip one.
  const renumber = 'setpts=N';
  if (stored === 'as-is') return `${from}${[...select, renumber, `format=${ffmpegFormat.stored}`].join(',')}[${label}]`;
  if (sampler) {
    const { storedWidth: w, storedHeight: h } = facts;
    const convert = `scale=${w}:${h}:flags=bicubic:in_color_matrix=bt601${grayRange(request.format)}`;
    const source = [...select, renumber, convert, format, ...turn(facts.rotation)].join(',');
    const crop = (at: number): string => `crop=${sampler.tapWidth}:${sampler.tapHeight}:0:${at}`;
    return [
      `${from}${source}[video]`,
      `[1:v:0]split[a][b]`,
      `[a]${crop(0)}[columns]`,
      `[b]${crop(sampler.tapHeight)}[rows]`,
      `[video][columns][rows]remap[${label}]`,
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
  return `${from}${[...select, renumber, scale, stored === 'scaled' ? `format=${ffmpegFormat.stored}` : format, ...turn(facts.rotation)].join(',')}[${label}]`;
}

/** Luma alone is stretched to 0..255 by hand: ffmpeg versions differ in what they take gray for. */
function grayRange(format: AnyFormat): string {
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
