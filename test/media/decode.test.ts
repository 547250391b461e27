import { expect, test } from 'vitest';
import { decodeFrames, frameSize } from '../../src/media/decode.js';
import { startFfmpeg } from '../../src/media/ffmpeg.js';
import { probeVideo } from '../../src/media/probe.js';
import { planSelect } from '../../src/media/selection.js';
import type { FrameRequest, FrameSelection } from '../../src/stage/frames.js';
import type { VideoFacts } from '../../src/stage/stage.js';
import { clipFolder, grayOf, graySource, make, ownProcesses, toolSets, x264 } from './clips.js';

const clip = clipFolder();
const sets = await toolSets();
const [tools] = sets;
const never = new AbortController().signal;

const path = await make(clip('gray.mp4'), [...graySource({ frames: 24 }), ...x264, '-bf', '2', '-g', '6']);
const facts = await probeVideo(path, never, { tools: tools! });

const small = { size: { kind: 'exact', width: 8, height: 6 }, format: 'gray8' } as const;

/** Frames' indices with the number that their gray shows. */
async function numbers(select: FrameSelection, known: VideoFacts = facts): Promise<[number, number][]> {
  const seen: [number, number][] = [];
  for await (const { index, data } of decodeFrames(path, known, { ...small, select }, never, { tools: tools! })) {
    seen.push([index, Math.round((16 + (data[20]! * 219) / 255 - grayOf(0)) / 8)]);
  }
  return seen;
}

test('every n-th frame and listed frames carry their ordinal in the whole video', async () => {
  const same = (indices: readonly number[]): [number, number][] => indices.map((index) => [index, index]);
  expect(await numbers({ kind: 'every', stride: 5 })).toEqual(same([0, 5, 10, 15, 20]));
  expect(await numbers({ kind: 'listed', indices: [3, 4, 11, 23] })).toEqual(same([3, 4, 11, 23]));
  expect(await numbers({ kind: 'listed', indices: [0] })).toEqual(same([0]));
  expect(await numbers({ kind: 'listed', indices: [] })).toEqual([]);
});

test('a long list fits a command line, and lets through what was asked for and little else', () => {
  const indices = Array.from({ length: 12_000 }, (_, at) => at * 9 + (at % 4));
  const passing = (frameCount: number): number[] => {
    const plan = planSelect({ kind: 'listed', indices }, frameCount);
    expect(plan.expression!.length).toBeLessThan(120_000);
    return [...plan.passing];
  };
  if (process.platform !== 'win32') expect(passing(110_000)).toEqual(indices);
  const wide = indices.map((index) => index * 10);
  const plan = planSelect({ kind: 'listed', indices: wide }, 1_100_000);
  expect(plan.expression!.length).toBeLessThan(120_000);
  const through = new Set(plan.passing);
  expect(wide.filter((index) => !through.has(index))).toEqual([]);
});

test('a list that is spread at will is met exactly by every ffmpeg build', async () => {
  const long = await make(clip('long.mp4'), ['-f', 'lavfi', '-i', 'testsrc=s=32x24:r=50:d=10', ...x264]);
  const known = await probeVideo(long, never, { tools: tools! });
  const indices = known.pts.map((_, at) => at).filter((at) => (at * 7919) % 13 < 3);
  for (const build of sets) {
    const pictures = async (select: FrameSelection): Promise<Map<number, string>> => {
      const seen = new Map<number, string>();
      for await (const { index, data } of decodeFrames(long, known, { ...small, select }, never, { tools: build })) {
        seen.set(index, data.join());
      }
      return seen;
    };
    const all = await pictures({ kind: 'all' });
    const listed = await pictures({ kind: 'listed', indices });
    expect([...listed]).toEqual(indices.map((index) => [index, all.get(index)]));
  }
});

test('selections that cannot be met are refused', () => {
  const plan = (select: FrameSelection): unknown => planSelect(select, 10);
  expect(() => plan({ kind: 'listed', indices: [10] })).toThrow('frame 10 was asked for, but the video has 10 frames');
  expect(() => plan({ kind: 'listed', indices: [4, 4] })).toThrow('listed frames do not ascend at 4');
  expect(() => plan({ kind: 'every', stride: 0 })).toThrow('stride 0 is not 1 or more');
});

test('a video that decodes to another number of frames than its index says is refused', async () => {
  const longer = { ...facts, pts: [...facts.pts, facts.pts.at(-1)! + 512] };
  await expect(numbers({ kind: 'all' }, longer)).rejects.toThrow('24 of 25 frames decode (the video lists 25)');
  await expect(numbers({ kind: 'listed', indices: [24] }, longer)).rejects.toThrow('0 of 1 frames decode');
  const shorter = { ...facts, pts: facts.pts.slice(0, 20) };
  await expect(numbers({ kind: 'all' }, shorter)).rejects.toThrow('24 of 20 frames decode (the video lists 20)');
});

test('a picture fitted into a box keeps its shape, truncated, and one pixel at least', () => {
  const fit = (width: number, height: number, box: number): unknown =>
    frameSize({ width, height }, { kind: 'fit', width: box, height: box });
  expect(fit(1920, 1080, 640)).toEqual({ width: 640, height: 360 });
  expect(fit(854, 480, 640)).toEqual({ width: 640, height: 359 });
  expect(fit(1080, 1920, 640)).toEqual({ width: 360, height: 640 });
  expect(fit(4000, 2, 640)).toEqual({ width: 640, height: 1 });
});

test('colours and channel order are right in every format, scaler and ffmpeg build', async () => {
  const red = await make(clip('red.mp4'), ['-f', 'lavfi', '-i', 'color=0xC83214:s=32x24:r=5:d=0.4', ...x264]);
  const full = { kind: 'full' } as const;
  const fit = { kind: 'fit', width: 16, height: 16 } as const;
  for (const build of sets) {
    const found = await probeVideo(red, never, { tools: build });
    const first = async (wish: Pick<FrameRequest, 'size' | 'format' | 'scaler'>): Promise<number[]> => {
      const request = { select: { kind: 'listed', indices: [1] }, ...wish } as const;
      for await (const { data } of decodeFrames(red, found, request, never, { tools: build }))
        return [...data.subarray(0, 3)];
      return [];
    };
    const near = (seen: readonly number[], wanted: readonly number[]): boolean =>
      wanted.every((level, at) => Math.abs(seen[at]! - level) < 5);
    expect(near(await first({ size: full, format: 'rgb24' }), [200, 50, 20])).toBe(true);
    expect(near(await first({ size: full, format: 'bgr24' }), [20, 50, 200])).toBe(true);
    expect(near(await first({ size: fit, format: 'bgr24', scaler: 'two-tap' }), [20, 50, 200])).toBe(true);
    expect(near(await first({ size: fit, format: 'gray8' }), [0.299 * 200 + 0.587 * 50 + 0.114 * 20])).toBe(true);
    for (const scaler of ['bilinear', 'area', 'bicubic', 'neighbor', 'two-tap'] as const) {
      expect(near(await first({ size: fit, format: 'rgb24', scaler }), [200, 50, 20])).toBe(true);
    }
  }
});

/** Far more frames than fit between ffmpeg and its reader: ffmpeg is certainly at work when it is stopped. */
const endless = {
  select: { kind: 'all' },
  size: { kind: 'exact', width: 1280, height: 960 },
  format: 'rgb24',
} as const;

test('ffmpeg is gone when the reader stops early', async () => {
  for await (const frame of decodeFrames(path, facts, endless, never, { tools: tools! })) {
    expect(frame.index).toBe(0);
    break;
  }
  expect(await ownProcesses()).toBe(0);
});

test('ffmpeg is gone when an abort comes, whether it has started or not, and the reason is thrown', async () => {
  const reason = new Error('enough');
  for (const framesBefore of [0, 2]) {
    const stop = new AbortController();
    let seen = 0;
    const reading = (async () => {
      if (framesBefore === 0) setImmediate(() => stop.abort(reason));
      for await (const frame of decodeFrames(path, facts, endless, stop.signal, { tools: tools! })) {
        seen = frame.index + 1;
        if (seen === framesBefore) stop.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(seen).toBe(framesBefore);
    expect(await ownProcesses()).toBe(0);
  }
});

test('ffmpeg stands still while nobody reads, and nothing is lost', async () => {
  const pictureBytes = 1280 * 960 * 3;
  const picture = (): Uint8Array => new Uint8Array(pictureBytes);
  const ffmpeg = await startFfmpeg({
    tools: tools!,
    path,
    inputOptions: [],
    filters: '[0:V:0]scale=1280:960,format=rgb24[out]',
    outputs: [{ label: 'out', options: ['-f', 'rawvideo'], buffers: [picture(), picture()] }],
    signal: never,
  });
  let hasFinished = false;
  void ffmpeg.finished.then(() => (hasFinished = true));
  try {
    // All 24 frames are 88 MB, of which a picture and what a socket holds have been read.
    await new Promise((done) => setTimeout(done, 1000));
    expect(hasFinished).toBe(false);
    const pictures: number[] = [];
    for await (const { length } of ffmpeg.outputs[0]!.pictures()) pictures.push(length);
    expect(pictures).toEqual(Array.from({ length: 24 }, () => pictureBytes));
    await ffmpeg.finished;
  } finally {
    await ffmpeg.stop();
  }
});
