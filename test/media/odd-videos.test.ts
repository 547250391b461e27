import { expect, test } from 'vitest';
import { decodeFrames } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import type { VideoFacts } from '../../src/stage/stage.js';
import { clipFolder, grayOf, graySource, make, toolSets, turnByMatrix, x264 } from './clips.js';

const clip = clipFolder();
const signal = new AbortController().signal;
const sets = await toolSets();

interface Seen {
  readonly facts: VideoFacts;
  /** Mean level of each full-size frame. */
  readonly levels: readonly number[];
  /** Frame times in seconds from the first. */
  readonly seconds: readonly number[];
}

/**
 * Probes and decodes with every set of tools, and holds the quick probe against decoding all.
 * What the sets see must be the same, pixels apart: encoders' output is decoded alike by all.
 */
async function see(path: string, toolSets = sets): Promise<Seen> {
  const seen: Seen[] = [];
  for (const tools of toolSets) {
    const facts = await probeVideo(path, signal, { tools });
    if (seen.length === 0) {
      const decoded = await probeVideo(path, signal, { tools, decodeAll: true });
      // Which pictures are key pictures is told by packets alone.
      expect(facts).toEqual({ ...decoded, keyFrames: facts.keyFrames, unreferenced: facts.unreferenced });
      expect([decoded.keyFrames, decoded.unreferenced]).toEqual([undefined, undefined]);
    }
    const levels: number[] = [];
    const request = { select: { kind: 'all' }, size: { kind: 'full' }, format: 'rgb24' } as const;
    for await (const frame of decodeFrames(path, facts, request, signal, { tools })) {
      expect(frame).toMatchObject({ index: levels.length, width: facts.width, height: facts.height });
      expect(frame.data.length).toBe(facts.width * facts.height * 3);
      levels.push(frame.data.reduce((sum, level) => sum + level, 0) / frame.data.length);
    }
    expect(levels).toHaveLength(facts.pts.length);
    const [numerator, denominator] = facts.timeBase;
    seen.push({
      facts,
      levels,
      seconds: facts.pts.map((pts) => ((pts - facts.pts[0]!) * numerator) / denominator),
    });
  }
  for (const other of seen) expect(other.facts).toEqual(seen[0]!.facts);
  return seen[0]!;
}

/** The gray frames that were seen, by number: full-range level (16 + gray * 219 / 255 back to gray). */
function frameNumbers(levels: readonly number[]): number[] {
  const expand = (luma: number): number => ((luma - 16) * 255) / 219;
  return levels.map((level) => {
    const number = (level - expand(grayOf(0))) / (expand(grayOf(1)) - expand(grayOf(0)));
    expect(Math.abs(number - Math.round(number))).toBeLessThan(0.3);
    return Math.abs(Math.round(number));
  });
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

test('B-frames come out in the order in which they are shown', async () => {
  const path = await make(clip('b.mp4'), [...graySource(), ...x264, '-bf', '3', '-x264-params', 'open-gop=1:keyint=8']);
  const { levels, seconds } = await see(path);
  expect(frameNumbers(levels)).toEqual(upTo(20));
  expect(seconds).toEqual(upTo(20).map((n) => n / 10));
});

test('a piece cut out of a video without encoding has the frames that its edit list shows', async () => {
  const whole = await make(clip('whole.mp4'), [...graySource(), ...x264, '-bf', '3', '-g', '8']);
  const path = await make(clip('piece.mp4'), ['-ss', '1.05', '-i', whole, '-c', 'copy']);
  const { levels } = await see(path);
  const numbers = frameNumbers(levels);
  expect(numbers.at(-1)).toBe(19);
  expect(numbers).toEqual(numbers.map((_, at) => numbers[0]! + at));
});

test('open-GOP pictures whose reference was cut away do not shift the frames', async () => {
  const flags = ['-bf', '3', '-x264-params', 'open-gop=1:keyint=8:min-keyint=8:scenecut=0'];
  const whole = await make(clip('open.mkv'), [...graySource(), ...x264, ...flags]);
  const path = await make(clip('open-piece.mkv'), ['-ss', '0.8', '-i', whole, '-c', 'copy']);
  const { levels } = await see(path);
  const numbers = frameNumbers(levels);
  expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

test('a variable frame rate keeps every frame once, at its own time', async () => {
  const keep = 'select=lt(n\\,6)+not(mod(n\\,3))';
  const path = await make(clip('vfr.mp4'), [...graySource(), '-vf', keep, '-vsync', 'vfr', ...x264]);
  const { levels, seconds } = await see(path);
  const kept = upTo(20).filter((n) => n < 6 || n % 3 === 0);
  expect(frameNumbers(levels)).toEqual(kept);
  expect(seconds).toEqual(kept.map((n) => n / 10));
});

test('a video stream that starts after the sound counts from its own first frame', async () => {
  const sound = ['-f', 'lavfi', '-i', 'sine=d=2'];
  const path = await make(clip('late.mkv'), [...sound, '-itsoffset', '0.7', ...graySource({ frames: 12 }), ...x264]);
  const { facts, levels, seconds } = await see(path);
  expect(facts.pts[0]).toBeGreaterThan(600);
  expect(frameNumbers(levels)).toEqual(upTo(12));
  expect(seconds.at(-1)).toBeCloseTo(1.1);
});

test('a turned video comes out upright, its sizes swapped', async () => {
  // Black on the left, white on the right: upright, black is at the top.
  const halves = ['-f', 'lavfi', '-i', `nullsrc=s=64x48:r=10:d=0.5,geq=lum='if(lt(X,32),16,235)':cb=128:cr=128`];
  const path = await turnByMatrix(await make(clip('flat.mp4'), [...halves, ...x264]), clip('turned.mp4'), 48);
  const { facts } = await see(path);
  expect(facts).toMatchObject({ rotation: 90, storedWidth: 64, storedHeight: 48, width: 48, height: 64 });
  for (const tools of sets) {
    for (const size of [{ kind: 'full' }, { kind: 'exact', width: 24, height: 32 }] as const) {
      for (const scaler of ['bilinear', 'two-tap'] as const) {
        const request = { select: { kind: 'all' }, size, format: 'gray8', scaler } as const;
        for await (const { data, width, height } of decodeFrames(path, facts, request, signal, { tools })) {
          const middle = width >> 1;
          expect([data[2 * width + middle]! < 8, data[(height - 3) * width + middle]! > 247]).toEqual([true, true]);
        }
      }
    }
  }
});

test('pixels that are not square are made so', async () => {
  const path = await make(clip('sar.mp4'), [...graySource(), '-vf', 'setsar=4/3', ...x264]);
  const { facts } = await see(path);
  expect(facts).toMatchObject({ pixelAspect: [4, 3], storedWidth: 64, width: 85, height: 48 });
});

test('odd sizes and ten bits decode', async () => {
  const odd = await make(clip('odd.mp4'), [...graySource({ size: '63x47' }), ...x264, '-pix_fmt', 'yuv444p']);
  expect((await see(odd)).facts).toMatchObject({ width: 63, height: 47 });
  const deep = await make(clip('deep.mp4'), [...graySource(), ...x264, '-pix_fmt', 'yuv420p10le']);
  expect(frameNumbers((await see(deep)).levels)).toEqual(upTo(20));
});

test('hidden reference frames of VP9 are not counted', async () => {
  const vp9 = ['-c:v', 'libvpx-vp9', '-b:v', '200k', '-auto-alt-ref', '1', '-lag-in-frames', '16', '-cpu-used', '8'];
  const { levels } = await see(await make(clip('alt.webm'), [...graySource(), ...vp9]));
  expect(levels).toHaveLength(20);
});

test('interlaced video, transport streams, AVI and bare H.264 keep count', async () => {
  const fields = ['-flags', '+ildct+ilme', '-x264-params', 'tff=1'];
  expect((await see(await make(clip('fields.mp4'), [...graySource(), ...x264, ...fields]))).levels).toHaveLength(20);
  // The ffprobe that npm brings crashes on every transport stream.
  const notNpm = sets.filter(({ origin }) => origin.ffprobe !== 'npm');
  const stream = await make(clip('s.ts'), [...graySource(), ...x264]);
  if (notNpm.length > 0) expect(frameNumbers((await see(stream, notNpm)).levels)).toEqual(upTo(20));
  const avi = await make(clip('s.avi'), [...graySource(), '-c:v', 'mpeg4', '-bf', '2', '-q:v', '2']);
  expect((await see(avi)).facts.pts.length).toBeGreaterThanOrEqual(19);
  const bare = await see(await make(clip('s.h264'), [...graySource(), ...x264]));
  expect(frameNumbers(bare.levels)).toEqual(upTo(20));
});

test('a cover picture is not the video', async () => {
  const cover = await make(clip('cover.png'), ['-f', 'lavfi', '-i', 'color=red:s=32x32', '-frames:v', '1']);
  const video = await make(clip('plain.mp4'), [...graySource(), ...x264]);
  const streams = ['-map', '1:v', '-map', '0:v', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
  const { facts } = await see(await make(clip('covered.mp4'), ['-i', video, '-i', cover, ...streams]));
  expect(facts).toMatchObject({ codec: 'h264', width: 64 });
});

test('a video of a single frame has a length', async () => {
  const { facts, levels } = await see(await make(clip('one.mp4'), [...graySource({ frames: 1 }), ...x264]));
  expect(frameNumbers(levels)).toEqual([0]);
  expect((facts.lastDuration * facts.timeBase[0]) / facts.timeBase[1]).toBeCloseTo(0.1);
});
