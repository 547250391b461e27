// Videos of the kinds in which seeking goes wrong elsewhere, and the comparison that shows it.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { decodeFrames, InexactSeek, type DecodeOptions } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import type { SeekWay } from '../../src/media/seek.js';
import type { FrameSelection } from '../../src/stage/frames.js';
import type { VideoFacts } from '../../src/stage/stage.js';
import { x264 } from './clips.js';

const never = new AbortController().signal;

/** Digest of each picture by ordinal. */
export async function pictures(
  path: string,
  facts: VideoFacts,
  select: FrameSelection,
  { seek }: Pick<DecodeOptions, 'seek'>,
): Promise<[number, string][]> {
  const request = { select, size: { kind: 'exact', width: 48, height: 32 }, format: 'rgb24' } as const;
  const seen: [number, string][] = [];
  for await (const { index, data } of decodeFrames(path, facts, request, never, { seek }))
    seen.push([index, createHash('md5').update(data).digest('hex')]);
  return seen;
}

/**
 * Compares stretches of `length` frames that begin at every `step`-th frame with a straight decode.
 * Resolves with how many of them could not be read from their key picture, and how many not from an earlier one either.
 */
export async function compareStretches(
  path: string,
  { step, length }: { readonly step: number; readonly length: number },
): Promise<{ readonly stretches: number; readonly inexactFromKey: number; readonly inexact: number }> {
  const facts = await probeVideo(path, never);
  const all = await pictures(path, facts, { kind: 'all' }, {});
  // Still pictures would hide a shifted frame.
  expect(new Set(all.map(([, digest]) => digest)).size).toBeGreaterThan(all.length / 4);
  let [stretches, inexactFromKey, inexact] = [0, 0, 0];
  for (let from = 0; from < all.length; from += step, stretches++) {
    const to = Math.min(from + length, all.length);
    const select: FrameSelection = { kind: 'every', stride: 1, from, to };
    const read = (seek?: SeekWay): ReturnType<typeof pictures> => pictures(path, facts, select, { seek });
    const found = await read('key')
      .catch(unlessInexact(() => (inexactFromKey++, read('early'))))
      .catch(unlessInexact(() => (inexact++, read())));
    expect(found, `frames ${from} to ${to}`).toEqual(all.slice(from, to));
  }
  return { stretches, inexactFromKey, inexact };
}

function unlessInexact<T>(next: () => T): (error: unknown) => T {
  return (error) => {
    if (error instanceof InexactSeek) return next();
    throw error;
  };
}

/** A moving, noisy picture at 25 a second, as ffmpeg input options. */
export function moving(seconds: number, filter = ''): string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=s=96x64:r=25:d=${seconds},noise=alls=8:allf=t${filter},format=yuv420p`];
}

/** A key picture every `length` frames and nowhere else. */
export function everyKey(length: number, more = ''): string[] {
  return ['-x264-params', `keyint=${length}:min-keyint=${length}:scenecut=0${more}`];
}

const dropped = (every: number, kept: number): string => `,select='gt(mod(n\\,${every})\\,${kept})'`;
const vpx = ['-deadline', 'realtime', '-cpu-used', '8', '-g', '40'];

/** What a kind of source is called, a file name, and how ffmpeg makes it. */
export const sources: readonly (readonly [kind: string, file: string, args: readonly string[]])[] = [
  ['an open GOP with B-frames', 'open.mp4', [...moving(8), ...x264, '-bf', '3', ...everyKey(24, ':open-gop=1')]],
  ['a pyramid of B-frames', 'b.mp4', [...moving(8), ...x264, '-bf', '8', ...everyKey(50, ':b-pyramid=normal')]],
  ['an open GOP in Matroska', 'open.mkv', [...moving(8), ...x264, '-bf', '3', ...everyKey(24, ':open-gop=1')]],
  ['a variable rate', 'vfr.mp4', [...moving(8, dropped(7, 2)), '-vsync', 'vfr', ...x264, '-bf', '2', ...everyKey(30)]],
  ['a variable rate in milliseconds', 'vfr.mkv', [...moving(8, dropped(5, 1)), '-vsync', 'vfr', ...x264]],
  ['VP9 in WebM', 'vp9.webm', [...moving(5), '-c:v', 'libvpx-vp9', ...vpx]],
  ['VP8 in WebM', 'vp8.webm', [...moving(5), '-c:v', 'libvpx', ...vpx]],
  ['MPEG-4 part 2', 'part2.mp4', [...moving(8), '-c:v', 'mpeg4', '-q:v', '2', '-bf', '2', '-g', '30']],
  ['HEVC with an open GOP', 'h.mp4', [...moving(4), '-c:v', 'libx265', '-x265-params', 'keyint=24:open-gop=1:log-level=none']],
  ['MPEG-2', 'mpeg2.mkv', [...moving(8), '-c:v', 'mpeg2video', '-q:v', '2', '-bf', '2', '-g', '15']],
  ['a refresh by stripes without key pictures', 'refresh.mkv', [...moving(8), ...x264, ...everyKey(60, ':intra-refresh=1')]],
  ['a start far from zero', 'late.mp4', [...moving(8), ...x264, '-bf', '3', ...everyKey(25), '-output_ts_offset', '600']],
]; // prettier-ignore
