// A device that decodes: the pixels are the processor's, or it is not used. Tests have no such device, so a program
// stands in for ffmpeg and does what it does where there is one: it hands pictures down as nv12.
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256File } from '../../src/hash/sha256.js';
import { InexactSeek, SharedDecode, type DecodeOptions, type Wish } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import { usualMediaTools, type MediaTools } from '../../src/media/tools.js';
import { startSa } from '../support/cli.js';
import { testWorkspace } from '../support/workspace.js';
import { clipFolder, make, ownProcesses, x264 } from './clips.js';
import { moving } from './stretches.js';

const clip = clipFolder();
const never = new AbortController().signal;
const usual = await usualMediaTools();
const path = await make(clip('moving.mp4'), [...moving(8), ...x264, '-bf', '2', '-g', '50']);
const facts = await probeVideo(path, never);

interface StandIn {
  readonly tools: MediaTools;
  /** How many decodes the device was asked for, and how many of those went to readers. */
  asked(): { readonly tries: number; readonly decodes: number };
}

/** An ffmpeg with a device whose pictures go through `filter`, in tries of it and in decodes; without one the processor takes over unasked. */
function standIn(name: string, filter: { readonly tries?: string; readonly decodes?: string } = {}): StandIn {
  const ffmpeg = clip(name);
  const log = `${ffmpeg}.log`;
  writeFileSync(log, '');
  const program = `#!/bin/sh
case "$*" in *-hwaccel\\ *) ;; *) exec '${usual.ffmpeg}' "$@" ;; esac
case "$*" in
  *framemd5*) echo try >> '${log}'; filter='${filter.tries ?? ''}' ;;
  *) echo decode >> '${log}'; filter='${filter.decodes ?? ''}' ;;
esac
skip=
for word do
  shift
  if [ -n "$skip" ]; then skip=; continue; fi
  case $word in
    -hwaccel | -hwaccel_output_format) skip=1; continue ;;
    '[0:V:0]'*) word="[0:V:0]$filter\${word#'[0:V:0]'}" ;;
  esac
  set -- "$@" "$word"
done
exec '${usual.ffmpeg}' "$@"
`;
  writeFileSync(ffmpeg, program);
  chmodSync(ffmpeg, 0o755);
  const count = (what: string): number => readFileSync(log, 'utf8').split(`${what}\n`).length - 1;
  return {
    tools: { ...usual, ffmpeg },
    asked: () => ({ tries: count('try'), decodes: count('decode') }),
  };
}

const good = { tries: 'format=nv12,', decodes: 'format=nv12,' };
const strict = { method: 'cuda', allowCpuFallback: false };

type Seen = [index: number, digest: string][];

/** What each reader of one decode is handed. */
async function read(wishes: readonly Wish[], options: DecodeOptions, of = { path, facts }): Promise<Seen[]> {
  const decode = new SharedDecode(
    of.path,
    of.facts,
    wishes.map((request) => ({ request, signal: never })),
    options,
  );
  return Promise.all(
    wishes.map(async (_, place) => {
      const seen: Seen = [];
      for await (const { index, data, show, width, height } of decode.frames(place)) {
        show?.({ left: 0, top: 0, width, height });
        seen.push([index, createHash('md5').update(data).digest('hex')]);
      }
      return seen;
    }),
  );
}

const sampled: Omit<Wish, 'select'> = { size: { kind: 'exact', width: 60, height: 36 }, format: 'rgb24', scaler: 'two-tap' }; // prettier-ignore
const asStored: Omit<Wish, 'select'> = { size: { kind: 'full' }, format: 'rgb24' };
const scaled: Omit<Wish, 'select'> = { size: { kind: 'fit', width: 50, height: 50 }, format: 'bgr24' };
const gray: Omit<Wish, 'select'> = { size: { kind: 'full' }, format: 'gray8' };

test.each([
  ['the whole video', [
    { ...asStored, select: { kind: 'all' } },
    { ...asStored, format: 'bgr24', select: { kind: 'every', stride: 9 } },
  ], {}],
  ['a sought stretch for two', [
    { ...sampled, select: { kind: 'every', stride: 1, from: 60, to: 130 } },
    { ...scaled, select: { kind: 'every', stride: 7, from: 63, to: 128 } },
  ], { seek: 'key' }],
  ['single frames of a sought stretch', [{ ...gray, select: { kind: 'listed', indices: [70, 71, 140] } }], { seek: 'early' }],
  ['what is left when packets are left out', [
    { ...scaled, select: { kind: 'every', stride: 5, from: 55, to: 150 } },
  ], { seek: 'key', dropPixelsMin: 1 }],
] as [string, Wish[], DecodeOptions][])('%s comes out of a device as out of the processor', async (_, wishes, options) => {
  const device = standIn(`good-${wishes.length}-${options.seek ?? 'all'}-${options.dropPixelsMin ?? 0}`, good);
  const expected = await read(wishes, options);
  expect(await read(wishes, { ...options, tools: device.tools, hwaccel: strict })).toEqual(expected);
  expect(device.asked()).toEqual({ tries: 1, decodes: 1 });
  expect(await ownProcesses()).toBe(0);
}); // prettier-ignore

test('a video is tried once, however often it is decoded', async () => {
  const device = standIn('once', good);
  const wishes: Wish[] = [{ ...gray, select: { kind: 'listed', indices: [3] } }];
  for (let turn = 0; turn < 3; turn++) await read(wishes, { tools: device.tools, hwaccel: strict, seek: 'key' });
  expect(device.asked()).toEqual({ tries: 1, decodes: 3 });
});

const knows = 'this ffmpeg knows: ';
const wish: Wish[] = [{ ...asStored, select: { kind: 'every', stride: 3 } }];

test.each([
  ['leaves the work to the processor', 'silent', {}, 'ffmpeg has no decoder for it there'],
  ['gives other pixels', 'other', { tries: 'negate,format=nv12,' }, 'its pixels are not those of the processor'],
  ['hands down more bits', 'bits', { tries: 'format=p010,' }, 'ffmpeg has no decoder for it there'],
  ['fails', 'fails', { tries: 'nosuchfilter,' }, "No such filter: 'nosuchfilter' / "],
])('a device that %s is not used', async (_, name, filter, why) => {
  const expected = await read(wish, {});
  for (const [at, hwaccel] of [
    { ...strict, method: 'auto' },
    { ...strict, allowCpuFallback: true },
  ].entries()) {
    const device = standIn(`${name}-${at}`, filter);
    expect(await read(wish, { tools: device.tools, hwaccel })).toEqual(expected);
    expect(device.asked()).toEqual({ tries: 1, decodes: 0 });
  }
  const { tools } = standIn(name, filter);
  const error = await read(wish, { tools, hwaccel: strict }).catch(String);
  expect(error).toContain(`no-hwaccel: hwaccel cuda cannot decode ${path} (h264) on this machine: ${why}`);
  expect(error).toContain(knows);
  expect(error).toContain('; or use auto, or null, or allow_cpu_fallback: true');
  expect(await ownProcesses()).toBe(0);
});

test('a device that this system never has is asked for in vain, and whoever asks is told what ffmpeg said', async () => {
  const method = process.platform === 'win32' ? 'vaapi' : 'd3d11va';
  await expect(read(wish, { hwaccel: { ...strict, method } })).rejects.toThrow(
    /^no-hwaccel: hwaccel \w+ cannot decode .*: (Device creation failed|Unrecognized hwaccel).*\n {4}this ffmpeg knows: \w+/,
  );
});

test('auto gives the same bytes on any machine', async () => {
  const hwaccel = { ...strict, method: 'auto' };
  expect(await read(wish, { hwaccel, seek: 'key' })).toEqual(await read(wish, { seek: 'key' }));
});

test.each([
  ['of MPEG-4 part 2', 'part2.mp4', ['-c:v', 'mpeg4', '-q:v', '2']],
  ['with full colour', 'full.mp4', ['-c:v', 'libx264', '-pix_fmt', 'yuv444p']],
  ['of 10 bits', 'ten.mp4', ['-c:v', 'libx265', '-pix_fmt', 'yuv420p10le', '-x265-params', 'log-level=none']],
])('video %s is left to the processor', async (_, name, codec) => {
  const odd = await make(clip(name), [...moving(2), ...codec]);
  const of = { path: odd, facts: await probeVideo(odd, never) };
  const device = standIn(`${name}-device`, good);
  expect(await read(wish, { tools: device.tools, hwaccel: strict }, of)).toEqual(await read(wish, {}, of));
  expect(device.asked()).toEqual({ tries: 0, decodes: 0 });
});

const losing = { ...good, decodes: 'select=not(eq(n\\,30)),format=nv12,' };

test('a frame that a device loses is missed, sought or not', async () => {
  const { tools } = standIn('losing', losing);
  for (const seek of ['key', undefined] as const)
    await expect(read(wish, { tools, hwaccel: strict, seek })).rejects.toThrow(InexactSeek);
});

test('a build with a device makes what the processor makes, also where the device loses frames, and staleness knows no device', async () => {
  const pipeline = readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8');
  const world = testWorkspace({ 'pipeline.yaml': pipeline });
  expect((await world.sa('add', 'one', path)).code).toBe(0);
  const build = async (device: StandIn | undefined, ...words: string[]): Promise<string> => {
    const { err, code } = await startSa(
      world.root,
      ['build', 'one', 'scenes', '--chunk-frames', '60', '--jobs', '3', '--no-cache', ...words],
      device && { FFMPEG_PATH: device.tools.ffmpeg },
    ).ended;
    expect([code, err]).toEqual([0, expect.any(String)]);
    return sha256File(join(world.root, 'data/manifests/one/scenes.json'));
  };
  const expected = await build(undefined);
  for (const [name, filter] of [
    ['build-good', good],
    ['build-losing', losing],
  ] as const) {
    // prettier-ignore
    const device = standIn(name, filter);
    expect(await build(device, '--force', 'scenes', '--hwaccel', 'cuda')).toBe(expected);
    expect(device.asked().decodes).toBeGreaterThan(1);
    // Once for all threads that chunks run in.
    expect(device.asked().tries).toBe(1);
  }
  expect(await world.build('--hwaccel', 'auto', 'one', 'scenes')).toContain('scenes@one fresh');
  const silent = standIn('build-silent');
  const refused = await startSa(
    world.root,
    ['build', 'one', 'scenes', '--force', 'scenes', '--no-cache', '--hwaccel', 'cuda'],
    { FFMPEG_PATH: silent.tools.ffmpeg },
  ).ended;
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('no-hwaccel')]);
});
