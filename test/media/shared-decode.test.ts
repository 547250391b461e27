// Several readers of one video: one ffmpeg process, and each is handed what it would be handed alone.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { decodeFrames, SharedDecode, type Wish } from '../../src/media/decode.js';
import { framesFor } from '../../src/runner/frames.js';
import { probeVideo } from '../../src/media/probe.js';
import type { Frame } from '../../src/stage/frames.js';
import { clipFolder, make, ownProcesses, x264 } from './clips.js';

const clip = clipFolder();
const never = new AbortController().signal;
const source = ['-f', 'lavfi', '-i', 'testsrc2=s=192x144:r=25:d=6,noise=alls=8:allf=t'];
const path = await make(clip('moving.mp4'), [...source, ...x264, '-bf', '2', '-g', '25']);
const facts = await probeVideo(path, never);

const small: Omit<Wish, 'select'> = {
  size: { kind: 'exact', width: 64, height: 36 },
  format: 'rgb24',
  scaler: 'two-tap',
};
const fitted: Omit<Wish, 'select'> = { size: { kind: 'fit', width: 160, height: 160 }, format: 'bgr24' };
const full: Omit<Wish, 'select'> = { size: { kind: 'full' }, format: 'gray8' };

type Seen = [index: number, digest: string][];

async function read(frames: AsyncIterable<Frame>, most = Infinity): Promise<Seen> {
  const seen: Seen = [];
  for await (const { index, data } of frames) {
    seen.push([index, createHash('md5').update(data).digest('hex')]);
    if (seen.length === most) break;
  }
  return seen;
}

test.each([
  ['of the whole video', [
    { ...small, select: { kind: 'all' } },
    { ...full, select: { kind: 'listed', indices: [3, 70, 71] } },
  ]],
  ['at two strides', [
    { ...fitted, select: { kind: 'every', stride: 4 } },
    { ...full, select: { kind: 'all' } },
  ]],
  ['of one stretch in the middle', [
    { ...small, select: { kind: 'every', stride: 1, from: 60, to: 100 } },
    { ...fitted, select: { kind: 'every', stride: 7, from: 63, to: 100 } },
  ]],
  ['of stretches that only overlap, and one who wants nothing', [
    { ...fitted, select: { kind: 'every', stride: 1, from: 40, to: 80 } },
    { ...small, select: { kind: 'every', stride: 3, from: 70, to: 130 } },
  ]],
  ['of which there are three', [
    { ...small, select: { kind: 'every', stride: 2, from: 60, to: 100 } },
    { ...fitted, select: { kind: 'every', stride: 7, from: 63, to: 100 } },
    { ...full, select: { kind: 'listed', indices: [61, 62, 77, 99] } },
  ]],
  ['of which one wants nothing', [
    { ...full, select: { kind: 'listed', indices: [] } },
    { ...small, select: { kind: 'every', stride: 3, from: 70, to: 130 } },
  ]],
] as [string, Wish[]][])('readers %s are handed the frames that each would get alone, of one process', async (_, wishes) => {
  for (const seek of [undefined, 'key'] as const) {
    const alone: Seen[] = [];
    for (const wish of wishes) alone.push(await read(decodeFrames(path, facts, wish, never, { seek })));
    const decode = new SharedDecode(path, facts, wishes.map((request) => ({ request, signal: never })), { seek });
    let processes = 0;
    const together = await Promise.all(
      wishes.map(async (__, place) => {
        const frames = decode.frames(place);
        const first = await frames.next();
        processes = Math.max(processes, await ownProcesses());
        const rest = async function* (): AsyncGenerator<Frame> {
          if (first.done !== true) yield first.value;
          yield* frames;
        };
        return read(rest());
      }),
    );
    expect(together).toEqual(alone);
    expect([processes, await ownProcesses()]).toEqual([1, 0]);
  }
}); // prettier-ignore

test.each([
  ['stops early', async (decode: SharedDecode, place: number) => expect(await read(decode.frames(place), 5)).toHaveLength(5)],
  ['never begins', (decode: SharedDecode, place: number) => decode.leave(place)],
])('one who %s leaves the others alone', async (_, behave) => {
  const wish: Wish = { ...fitted, select: { kind: 'all' } };
  for (const place of [1, 2]) {
    const decode = new SharedDecode(path, facts, [0, 1, 2].map(() => ({ request: wish, signal: never })), {});
    const others = [0, 3 - place].map((other) => read(decode.frames(other)));
    const [[all, same]] = await Promise.all([Promise.all(others), behave(decode, place)]);
    expect(all).toEqual(await read(decodeFrames(path, facts, wish, never)));
    expect(same).toEqual(all);
  }
  expect(await ownProcesses()).toBe(0);
}); // prettier-ignore

test('one that is started runs before a frame is asked for, and is gone when all have left', async () => {
  const wish: Wish = { ...fitted, select: { kind: 'all' } };
  const decode = new SharedDecode(path, facts, [0, 1].map(() => ({ request: wish, signal: never })), {});
  decode.start();
  await expect.poll(ownProcesses, { timeout: 20_000 }).toBe(1);
  const [first] = await Promise.all([read(decode.frames(0)), decode.leave(1)]);
  expect(first).toEqual(await read(decodeFrames(path, facts, wish, never)));

  const unread = new SharedDecode(path, facts, [{ request: wish, signal: never }], {});
  unread.start();
  await unread.leave(0);
  expect(await ownProcesses()).toBe(0);

  // Nothing is wanted, and nothing runs.
  const idle = new SharedDecode(path, facts, [{ request: { ...wish, select: { kind: 'listed', indices: [] } }, signal: never }], {});
  idle.start();
  expect(await ownProcesses()).toBe(0);
}); // prettier-ignore

test('one who is aborted leaves the other alone', async () => {
  const wish: Wish = { ...fitted, select: { kind: 'all' } };
  const stop = new AbortController();
  const reason = new Error('enough');
  const decode = new SharedDecode(path, facts, [never, stop.signal].map((signal) => ({ request: wish, signal })), {});
  const aborted = (async () => {
    for await (const { index } of decode.frames(1)) if (index === 20) stop.abort(reason);
  })();
  const [all] = await Promise.all([read(decode.frames(0)), expect(aborted).rejects.toBe(reason)]);
  expect(all).toEqual(await read(decodeFrames(path, facts, wish, never)));
  expect(await ownProcesses()).toBe(0);
}); // prettier-ignore

test('more readers than a decode can serve are refused by it, and each is served by the runner', async () => {
  const wish: Wish = { ...fitted, select: { kind: 'every', stride: 30 } };
  const four = [0, 1, 2, 3].map(() => ({ request: wish, signal: never }));
  expect(() => new SharedDecode(path, facts, four, {})).toThrow('cannot share');
  const inputs = { path: () => path, optional: () => undefined, gathered: () => [] };
  const readers = four.map(() => ({ context: { inputs, signal: never }, request: { ...wish, format: 'bgr24' as const, video: 'video' } }));
  const given = await framesFor(readers, {});
  const seen = await Promise.all(given.map(({ frames }) => read(frames)));
  expect(seen).toEqual(four.map(() => seen[0]));
  expect(seen[0]).toHaveLength(5);
}); // prettier-ignore

test('a slow reader is waited for, and gets all', async () => {
  const wish: Wish = { ...full, select: { kind: 'all' } };
  const decode = new SharedDecode(path, facts, [0, 1].map(() => ({ request: wish, signal: never })), {});
  const slowly = (async () => {
    const seen: number[] = [];
    for await (const { index } of decode.frames(1)) {
      seen.push(index);
      if (index % 50 === 0) await new Promise((done) => setTimeout(done, 50));
    }
    return seen;
  })();
  const [quick, slow] = await Promise.all([read(decode.frames(0)), slowly]);
  expect(quick.map(([index]) => index)).toEqual(slow);
  expect(slow).toHaveLength(facts.pts.length);
}); // prettier-ignore

test('all readers are told of a video that decodes to another number of frames than its index says', async () => {
  const longer = { ...facts, pts: [...facts.pts, facts.pts.at(-1)! + 512] };
  const wishes: Wish[] = [{ ...small, select: { kind: 'all' } }, { ...fitted, select: { kind: 'all' } }];
  const decode = new SharedDecode(path, longer, wishes.map((request) => ({ request, signal: never })), {});
  const results = await Promise.allSettled(wishes.map((_, place) => read(decode.frames(place))));
  expect(results.map((one) => (one.status === 'rejected' ? String(one.reason) : ''))).toEqual([
    expect.stringContaining('150 of 151 frames decode'),
    expect.stringContaining('150 of 151 frames decode'),
  ]);
}); // prettier-ignore
