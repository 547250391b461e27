// Kinds of video whose pictures may be left out before the decoder, or must not be, and the comparison of what is left with
// a plain decode.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeFrames, InexactSeek, type DecodeOptions } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import { stretchOf } from '../../src/media/selection.js';
import type { FrameSelection } from '../../src/stage/frames.js';
import type { VideoFacts } from '../../src/stage/stage.js';
import { describeWithShared, shared } from '../support/shared.js';
import { x264 } from './clips.js';
import { everyKey, moving } from './stretches.js';

const never = new AbortController().signal;

/** How x264 is told to use so many B-frames in a row. */
export const bframes = (count: number, more = ''): string[] => [...x264, '-bf', String(count), ...everyKey(50, more)];
const vfr = ",select='gt(mod(n\\,7)\\,2)'";
const onlyContainer = [
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
  ...everyKey(50, ':colormatrix=undef:colorprim=undef:transfer=undef'),
];

/** What a kind of video is called, a file name, how ffmpeg makes it, and whether it has unreferenced pictures. */
type Kind = readonly [kind: string, file: string, args: readonly string[], has: boolean];

export const kinds: readonly Kind[] = [
  ['a deep pyramid', 'normal.mp4', [...moving(8), ...bframes(8, ':b-pyramid=normal')], true],
  ['an open GOP', 'open.mp4', [...moving(8), ...bframes(3, ':open-gop=1')], true],
  ['a variable rate', 'vfr.mp4', [...moving(8, vfr), '-vsync', 'vfr', ...bframes(3)], true],
  ['colours that only the container names', 'colours.mp4', [...moving(8), ...x264, '-bf', '3', ...onlyContainer], true],
  [
    'interlaced pictures',
    'fields.mp4',
    [...moving(8), ...x264, '-bf', '3', '-flags', '+ildct+ilme', '-x264-params', 'tff=1:keyint=50'],
    false,
  ],
];

/** Those that take the minutes of the slow suite. */
export const moreKinds: readonly Kind[] = [
  ['B-frames without a pyramid', 'none.mp4', [...moving(8), ...bframes(3, ':b-pyramid=none')], true],
  ['a strict pyramid', 'strict.mp4', [...moving(8), ...bframes(3, ':b-pyramid=strict')], true],
  ['several slices a picture', 'slices.mp4', [...moving(8), ...bframes(3, ':slices=4')], true],
  ['a start far from zero', 'late.mp4', [...moving(8), ...bframes(3), '-output_ts_offset', '600'], true],
  ['a QuickTime file', 'quick.mov', [...moving(8), ...bframes(3)], true],
  ['a fragmented file', 'fragments.mp4', [...moving(8), ...bframes(3), '-movflags', 'frag_keyframe+empty_moov'], true],
  ['no B-frames', 'p.mp4', [...moving(8), ...bframes(0)], false],
  ['another container', 'mkv.mkv', [...moving(8), ...bframes(3)], false],
  ['another codec', 'h.mp4', [...moving(3), '-c:v', 'libx265', '-x265-params', 'log-level=none'], false],
];

/** Leaves out whatever can be, however little it saves. */
export const drop: DecodeOptions = { seek: 'key', dropPixelsMin: 0 };
export const plain: DecodeOptions = {};

/** Digest of each picture by ordinal. */
export async function pictures(
  path: string,
  facts: VideoFacts,
  select: FrameSelection,
  options: DecodeOptions,
): Promise<[number, string][]> {
  // RGB, so that what is known of colours counts.
  const wish = { select, size: { kind: 'fit', width: 80, height: 80 }, format: 'rgb24' } as const;
  const seen: [number, string][] = [];
  for await (const { index, data } of decodeFrames(path, facts, wish, never, options))
    seen.push([index, createHash('md5').update(data).digest('hex')]);
  return seen;
}

/** Stretches that begin at key pictures, before, after and far from them, and at the video's ends; strided and listed. */
function selections({ pts: { length }, keyFrames = [] }: VideoFacts): FrameSelection[] {
  const key = keyFrames.find((frame) => frame > 0 && frame + 60 < length) ?? 10;
  const strided = (from: number): FrameSelection => ({ kind: 'every', stride: 4, from, to: from + 60 });
  const listed = (from: number): FrameSelection => ({
    kind: 'listed',
    indices: [0, 1, 2, 17, 18, 33, 49].map((at) => from + at),
  });
  const all = [strided(0), listed(61), strided(key - 1), listed(key), strided(key + 1)];
  return [...all, { kind: 'listed', indices: [13, length - 1] } as const].filter(
    (select) => stretchOf(select, Infinity).to <= length,
  );
}

/** Share of the stretches that are decoded without fallback, with pictures left out; each then has the pictures of a plain decode. */
export async function compare(path: string): Promise<number> {
  const facts = await probeVideo(path, never);
  const all = new Map(await pictures(path, facts, { kind: 'all' }, plain));
  let exact = 0;
  for (const select of selections(facts)) {
    const found = await pictures(path, facts, select, drop).catch((error: unknown) => {
      if (!(error instanceof InexactSeek)) throw error;
    });
    if (found === undefined) continue;
    const indices = select.kind === 'listed' ? select.indices : found.map(([index]) => index);
    expect(found.length).toBeGreaterThan(0);
    expect(found, JSON.stringify(select)).toEqual(indices.map((index) => [index, all.get(index)]));
    exact++;
  }
  return exact / selections(facts).length;
}

/** A test for each of these shared clips: it has pictures that can be left out, and without them the same frames. */
export function testRealClips(names: readonly string[]): void {
  describeWithShared(
    'real clips',
    names.map((name) => `data/video/${name}`),
    () => {
      test.each(names)('have the same frames with pictures left out: %s', async (name) => {
        const path = shared(`data/video/${name}`);
        expect((await probeVideo(path, never)).unreferenced?.length).toBeGreaterThan(0);
        expect(await compare(path)).toBe(1);
      });
    },
  );
}
