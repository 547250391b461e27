// Decides whether a device made for it may decode a video: only where it gives the pixels that the processor gives,
// which is tried on a few pictures of that video first. It decodes nothing that anybody is handed.
import { problem } from '../base/problem.js';
import type { VideoFacts } from '../stage/stage.js';
import { FfmpegError, passThrough, runFfmpeg } from './ffmpeg.js';
import type { DecoderTool } from './tools.js';

/** What the params `hwaccel` and `allow_cpu_fallback` ask for. */
export interface HwaccelWish {
  /** `auto`, or a method as ffmpeg spells it. */
  readonly method: string;
  readonly allowCpuFallback: boolean;
}

/** Says how a video is to be decoded; see `usableHwaccel`. */
export type HwaccelTrial = (
  wish: HwaccelWish,
  video: { readonly path: string; readonly facts: VideoFacts },
) => Promise<string | undefined>;

/** Codecs of which every decoder must give the same pixels; what MPEG-2 and MPEG-4 part 2 leave to it differs between devices. */
const exactCodecs: ReadonlySet<string> = new Set(['h264', 'hevc', 'vp8', 'vp9', 'av1']);

/** Pictures that are compared: a key picture and some of each kind that follow it. */
const picturesTried = 8;

/** A driver that hangs must not hang a build. */
const patienceMs = 60_000;

/** How ffmpeg is told. All devices hand 8-bit pictures down as nv12, which says that one was used: the processor makes yuv420p. */
export function hwaccelOptions(method: string): string[] {
  return ['-hwaccel', method, '-hwaccel_output_format', 'nv12'];
}

/** What makes of those pictures the ones of the processor, to the last bit. */
export const fromHwaccel = 'format=yuv420p';

const tried = new Map<string, Promise<string | undefined>>();

/**
 * The method to decode with, or undefined for the processor: that is for `auto` where no device does, and for video that is not 8-bit 4:2:0 of
 * a codec with exact pixels. Throws a ProblemError `no-hwaccel` when a method asked for by name cannot
 * be used and the processor may not stand in. Tries each video once.
 */
export async function usableHwaccel(
  { method, allowCpuFallback }: HwaccelWish,
  { tools, path, facts }: { readonly tools: DecoderTool; readonly path: string; readonly facts: VideoFacts },
): Promise<string | undefined> {
  if (facts.yuv420 === undefined || !exactCodecs.has(facts.codec)) return undefined;
  const key = JSON.stringify([tools.ffmpeg, method, path, facts.codec, facts.pts.length, facts.pts.at(-1)]);
  const fault = tried.get(key) ?? faultOf(method, { tools, path, facts });
  tried.set(key, fault);
  const why = await fault;
  if (why === undefined) return method;
  if (method === 'auto' || allowCpuFallback) return undefined;
  throw problem(
    'no-hwaccel',
    `hwaccel ${method} cannot decode ${path} (${facts.codec}) on this machine: ${why}`,
    `this ffmpeg knows: ${(await methodsOf(tools)).join(', ')}; or use auto, or null, or allow_cpu_fallback: true`,
  );
}

/** Why a method is not to be used for a video; undefined where it is as good as the processor. */
async function faultOf(
  method: string,
  { tools, path, facts }: { readonly tools: DecoderTool; readonly path: string; readonly facts: VideoFacts },
): Promise<string | undefined> {
  const [numerator, denominator] = facts.timeBase;
  const middle = facts.pts[Math.floor(facts.pts.length / 2)]! - facts.pts[0]!;
  // Not at the start, which may be black.
  const seek = ['-noaccurate_seek', '-ss', ((middle * numerator) / denominator).toFixed(6)];
  const look = (options: readonly string[]): Promise<{ readonly stdout: string; readonly stderr: string }> =>
    runFfmpeg(
      tools,
      [
        ...['-loglevel', 'level+info', '-threads', '1', '-noautorotate', '-flags', '-output_corrupt'],
        ...[...options, ...seek, '-i', `file:${path}`],
        ...['-filter_complex', `[0:V:0]showinfo,${fromHwaccel}[out]`, '-map', '[out]'],
        ...['-frames:v', String(picturesTried), ...passThrough(tools), '-f', 'framemd5', 'pipe:1'],
      ],
      patienceMs,
    );
  try {
    const [found, wanted] = await Promise.all([look(hwaccelOptions(method)), look([])]);
    if (!/ fmt:nv12 /.test(found.stderr)) return complaints(found.stderr) ?? 'ffmpeg has no decoder for it there';
    return sums(found.stdout) === sums(wanted.stdout) ? undefined : 'its pixels are not those of the processor';
  } catch (error) {
    if (!(error instanceof FfmpegError)) throw error;
    return complaints(error.stderr) ?? error.message;
  }
}

/** The lines of ffmpeg's framemd5 that tell of pictures. */
function sums(listing: string): string {
  return listing
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
}

/** The first things that went wrong; what follows them only says that nothing can be done then. */
function complaints(stderr: string): string | undefined {
  const lines = stderr.split('\n').flatMap((line) => /\[(?:error|fatal)\] (.+)/.exec(line)?.[1] ?? []);
  return lines.length === 0 ? undefined : lines.slice(0, 3).join(' / ');
}

async function methodsOf(tools: DecoderTool): Promise<readonly string[]> {
  const { stdout } = await runFfmpeg(tools, ['-hwaccels'], patienceMs);
  return stdout
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line !== '');
}
