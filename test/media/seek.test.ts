// A stretch of frames that is sought gives the very pictures of a straight decode, whatever the file;
// the slow suite begins at every frame.
import { expect, test } from 'vitest';
import { InexactSeek } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import { seekTo } from '../../src/media/seek.js';
import { clipFolder, make, x264 } from './clips.js';
import { compareStretches, everyKey, moving, pictures, sources } from './stretches.js';
import { describeWithShared, shared } from '../support/shared.js';

const clip = clipFolder();
const never = new AbortController().signal;

test.each(sources)('a stretch that is sought is exact in %s', async (_, file, args) => {
  const path = await make(clip(file), args);
  const { inexactFromKey, inexact } = await compareStretches(path, { step: 67, length: 40 });
  expect(inexact).toBe(0);
  // Says key picture of one from which a clean picture only builds up.
  if (file === 'refresh.mkv') expect(inexactFromKey).toBeGreaterThan(0);
  else expect(inexactFromKey).toBe(0);
});

test('a piece cut out of a video is sought by what its edit list shows', async () => {
  const whole = await make(clip('whole.mp4'), [...moving(8), ...x264, '-bf', '3', ...everyKey(24, ':open-gop=1')]);
  const piece = await make(clip('piece.mp4'), ['-ss', '1.9', '-i', whole, '-c', 'copy']);
  expect((await compareStretches(piece, { step: 31, length: 31 })).inexact).toBe(0);
});

test('strided and listed frames are met after seeking, too', async () => {
  const path = await make(clip('strided.mp4'), [...moving(8), ...x264, '-bf', '3', ...everyKey(24)]);
  const facts = await probeVideo(path, never);
  const all = new Map(await pictures(path, facts, { kind: 'all' }, {}));
  const same = (indices: readonly number[]): unknown => indices.map((index) => [index, all.get(index)]);
  const every = { kind: 'every', stride: 7, from: 70, to: 120 } as const;
  for (const seek of ['key', 'early', undefined] as const) {
    expect(await pictures(path, facts, every, { seek })).toEqual(same([70, 77, 84, 91, 98, 105, 112, 119]));
    expect(await pictures(path, facts, { kind: 'listed', indices: [101, 103, 190] }, { seek })).toEqual(
      same([101, 103, 190]),
    );
  }
});

test('a file whose clock jumps back is counted from its start', async () => {
  const one = await make(clip('one.ts'), [...moving(3), ...x264]);
  const joined = await make(clip('joined.mkv'), ['-i', `concat:${one}|${one}`, '-c', 'copy']);
  const facts = { ...(await probeVideo(joined, never)), clockMended: true };
  expect(seekTo({ from: 50, to: 60 }, facts, 'key')).toBeUndefined();
});

test('frames that are missing where they were sought are noticed', async () => {
  const path = await make(clip('lie.mp4'), [...moving(6), ...x264, ...everyKey(24)]);
  const facts = await probeVideo(path, never);
  const lying = { ...facts, pts: facts.pts.map((pts, at) => (at < 80 ? pts : pts + 100_000)) };
  const select = { kind: 'every', stride: 1, from: 70, to: 90 } as const;
  await expect(pictures(path, lying, select, { seek: 'key' })).rejects.toThrow(InexactSeek);
});

const clips = ['short_hamilton_clip.mp4', 'psd_goldeneye-vfr-drop3.mp4'];
describeWithShared('real clips', clips.map((name) => `data/video/${name}`), () => {
  test.each(clips)('are sought exactly: %s', async (name) => {
    const path = shared(`data/video/${name}`);
    const frames = (await probeVideo(path, never)).pts.length;
    expect((await compareStretches(path, { step: Math.ceil(frames / 4), length: 25 })).inexact).toBe(0);
  });
}); // prettier-ignore
