// Pixels that leave ffmpeg as they are stored and are converted here, where few of them are looked at: the
// bytes are those of ffmpeg's own conversion.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeFrames, type Wish } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import type { VideoFacts } from '../../src/stage/stage.js';
import { rgbOf } from '../support/yuv.js';
import { clipFolder, make, toolSets, x264 } from './clips.js';

const clip = clipFolder();
const never = new AbortController().signal;
const [tools] = await toolSets();
const noise = (size: string, more = ''): string[] => [
  '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=10:d=1,noise=alls=60:allf=t,hue=h=40*t${more}`,
]; // prettier-ignore

async function read(path: string, facts: VideoFacts, wish: Wish): Promise<Uint8Array[]> {
  const seen: Uint8Array[] = [];
  for await (const frame of decodeFrames(path, facts, wish, never)) {
    frame.show?.({ left: 0, top: 0, width: frame.width, height: frame.height });
    seen.push(frame.data.slice());
  }
  return seen;
}

/** Millions of bytes are compared by their digest: one by one that takes the test runner seconds. */
const digest = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

const all = { select: { kind: 'all' }, format: 'rgb24' } as const;
const full: Wish = { ...all, size: { kind: 'full' }, parts: new Map() };
const sampled: Wish = { ...all, size: { kind: 'exact', width: 64, height: 37 }, scaler: 'two-tap' };
/** Not so many pixels a row as are sampled at once, nor twice as many. */
const sampledOddly: Wish = { ...sampled, size: { kind: 'exact', width: 45, height: 31 } };

test.each([
  ['says nothing of its colours', 'plain.mp4', noise('426x240'), [], 'bt601'],
  ['is BT.709', 'hd.mp4', noise('322x182'), ['-colorspace', 'bt709', '-color_range', 'tv'], 'bt709'],
  ['is BT.601', 'sd.mkv', noise('160x120'), ['-colorspace', 'smpte170m'], 'bt601'],
  ['has odd sides', 'odd.mkv', noise('161x121', ',format=yuv420p'), ['-c:v', 'ffv1'], 'bt601'],
  ['has full colour', '444.mp4', noise('160x120'), ['-pix_fmt', 'yuv444p'], undefined],
  ['has full range', 'pc.mp4', noise('160x120'), ['-pix_fmt', 'yuvj420p', '-color_range', 'pc'], undefined],
  ['is BT.2020', '2020.mp4', noise('160x120'), ['-colorspace', 'bt2020nc'], undefined],
] as const)('a video that %s has the bytes of ffmpeg', async (_, name, source, options, yuv420) => {
  const path = await make(clip(name), [...source, ...x264, ...options]);
  const facts = await probeVideo(path, never, { tools: tools! });
  expect(facts.yuv420).toBe(yuv420);
  for (const wish of [full, { ...full, parts: undefined }, { ...full, parts: undefined, asYuv: true }, sampled, sampledOddly]) {
    const ours = await read(path, facts, wish);
    expect(ours).toHaveLength(10);
    const theirs = await read(path, { ...facts, yuv420: undefined }, { ...wish, parts: undefined, asYuv: false });
    expect(ours.map(digest)).toEqual(theirs.map(digest));
  }
}); // prettier-ignore

test('a part that is shown is right from an even column on, and nothing else is touched', async () => {
  const path = await make(clip('parts.mp4'), [...noise('64x48'), ...x264]);
  const facts = await probeVideo(path, never, { tools: tools! });
  const [whole] = await read(path, facts, full);
  for await (const { show, data, width } of decodeFrames(path, facts, full, never)) {
    show!({ left: 7, top: 5, width: 20, height: 11 });
    data.forEach((value, at) => {
      const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      const isShown = x >= 6 && x < 27 && y >= 5 && y < 16;
      if (value !== (isShown ? whole![at] : 0)) expect([x, y, value]).toEqual([x, y, isShown ? whole![at] : 0]);
    });
    break;
  }
});

test('a frame that is asked for as YUV has it where its video has it, and RGB only where it is shown', async () => {
  const path = await make(clip('yuv.mp4'), [...noise('64x48'), ...x264]);
  const facts = await probeVideo(path, never, { tools: tools! });
  const wish: Wish = { ...all, size: { kind: 'fit', width: 32, height: 32 }, asYuv: true };
  const [whole] = await read(path, facts, { ...wish, asYuv: false });
  for await (const { data, yuv, show, width, height } of decodeFrames(path, facts, wish, never)) {
    expect(digest(rgbOf(yuv!, width, height))).toBe(digest(whole!));
    expect(new Set(data)).toEqual(new Set([0]));
    show!({ left: 0, top: 0, width, height });
    expect(digest(data)).toBe(digest(whole!));
    break;
  }
  for await (const { data, yuv } of decodeFrames(path, { ...facts, yuv420: undefined }, wish, never)) {
    expect(yuv).toBe(undefined);
    expect(new Set(data).size).toBeGreaterThan(1);
    break;
  }
});

test('a video whose packets tell its times is decoded no further than they are compared', async () => {
  const path = await make(clip('long.mp4'), ['-f', 'lavfi', '-i', 'testsrc2=s=64x48:r=25:d=20', ...x264, '-bf', '2']);
  const [log, noting] = [clip('calls'), clip('ffmpeg')];
  writeFileSync(noting, `#!/bin/sh\necho "$*" >> '${log}'\nexec '${tools!.ffmpeg}' "$@"\n`);
  chmodSync(noting, 0o755);
  const facts = await probeVideo(path, never, { tools: { ...tools!, ffmpeg: noting } });
  expect(facts.pts).toHaveLength(500);
  expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([expect.stringContaining('-frames:v 48')]);
});

test('a picture that becomes much smaller is nearly what ffmpeg makes of it, and one that does not is just that', async () => {
  const path = await make(clip('scaled.mp4'), ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=10:d=1', ...x264]);
  const facts = await probeVideo(path, never, { tools: tools! });
  for (const [side, most] of [[213, 8], [160, 8], [500, 0], [640, 0], [900, 0]] as const) {
    const wish: Wish = { ...all, size: { kind: 'fit', width: side, height: side } };
    const [ours, theirs] = [await read(path, facts, wish), await read(path, { ...facts, yuv420: undefined }, wish)];
    const off = ours[5]!.reduce((sum, byte, at) => sum + Math.abs(byte - theirs[5]![at]!), 0) / ours[5]!.length;
    expect(off).toBeLessThanOrEqual(most);
    if (most > 0) expect(off).toBeGreaterThan(0);
  }
}); // prettier-ignore
