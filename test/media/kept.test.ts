// Parts of frames that were kept while others looked, handed out again: byte for byte what decoding gives.
import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { KeptPixels, PixelKeeper } from '../../src/media/kept.js';
import { probeVideo } from '../../src/media/probe.js';
import { framesFor, type FrameReader } from '../../src/runner/frames.js';
import type { Frame, FramePart, FrameRequest } from '../../src/stage/frames.js';
import { clipFolder, make, ownProcesses, x264 } from './clips.js';

const clip = clipFolder();
const never = new AbortController().signal;
const source = ['-f', 'lavfi', '-i', 'testsrc2=s=322x242:r=25:d=4,noise=alls=8:allf=t'];
const path = await make(clip('moving.mp4'), [...source, ...x264, '-bf', '2', '-g', '25']);
const facts = await probeVideo(path, never);

const inputs = { path: () => path, optional: () => undefined, gathered: () => [] };
const context = { inputs, signal: never };

/** Parts of even and odd places and sizes, at edges, and one inside another. */
const partsOf = (frame: number): readonly FramePart[] => [
  { left: 17 + frame, top: 9, width: 33, height: 40 },
  { left: 300, top: 200, width: 22, height: 42 },
  { left: 20 + frame, top: 10, width: 5, height: 1 },
];

const small: FrameRequest = {
  video: 'video',
  select: { kind: 'every', stride: 4, from: 20, to: 80 },
  size: { kind: 'fit', width: 96, height: 96 },
  format: 'rgb24',
  keeps: true,
};
const seen = [20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 76];

const again = (frames: readonly number[]): FrameRequest => ({
  video: 'video',
  select: { kind: 'listed', indices: frames },
  size: { kind: 'full' },
  format: 'rgb24',
  parts: new Map(frames.map((frame) => [frame, partsOf(frame)])),
});

function scratch(): string {
  return join(mkdtempSync(join(tmpdir(), 'sa-kept-')), 'pixels', 'of-this-video');
}

/** Looks at every fourth frame beside another reader, and keeps parts of those in `frames`. */
async function keep(kept: string | undefined, frames: readonly number[]): Promise<string[]> {
  const other: FrameReader = { context, request: { ...small, select: { kind: 'all' }, keeps: false } };
  const given = await framesFor([other, { context, request: small, kept }], { seek: 'key' });
  const processes: number[] = [];
  const [, pictures] = await Promise.all([
    (async () => {
      for await (const { index } of given[0]!.frames) if (index === 40) processes.push(await ownProcesses());
      await given[0]!.leave();
    })(),
    (async () => {
      const hashes: string[] = [];
      for await (const frame of given[1]!.frames) {
        hashes.push(`${frame.index} ${Buffer.from(frame.data).toString('base64')}`);
        if (frames.includes(frame.index)) frame.keep?.(partsOf(frame.index));
      }
      given[1]!.finish();
      await given[1]!.leave();
      return hashes;
    })(),
  ]);
  expect(processes).toEqual([1]);
  return pictures;
}

/** What the named parts of frames show, and how many processes were seen to run meanwhile. */
async function look(kept: string | undefined, frames: readonly number[]) {
  const [given] = await framesFor([{ context, request: again(frames), kept }], { seek: 'key' });
  const shown: [frame: number, part: string][] = [];
  let processes = 0;
  for await (const frame of given!.frames) {
    processes = Math.max(processes, await ownProcesses());
    for (const part of partsOf(frame.index)) {
      frame.show!(part);
      shown.push([frame.index, bytesOf(frame, part)]);
    }
  }
  given!.finish();
  await given!.leave();
  return { shown, processes };
}

let decodedOnce: ReturnType<typeof look> | undefined;
/** The same of all frames in `seen`, decoded. */
const decoded = (): ReturnType<typeof look> => (decodedOnce ??= look(undefined, seen));

function bytesOf({ data, width }: Frame, part: FramePart): string {
  const rows = Array.from({ length: part.height }, (_, row) => {
    const from = ((part.top + row) * width + part.left) * 3;
    return Buffer.from(data.subarray(from, from + 3 * part.width));
  });
  return Buffer.concat(rows).toString('base64');
}

test('parts that were kept are those that decoding gives, without any decoding', async () => {
  const folder = scratch();
  expect(await keep(folder, seen)).toEqual(await keep(undefined, seen));
  expect(await decoded()).toMatchObject({ processes: 1 });
  expect(await look(folder, seen)).toEqual({ ...(await decoded()), processes: 0 });
});

test('frames that were not kept are decoded, and come among the others in order', async () => {
  const folder = scratch();
  await keep(folder, [24, 28, 48, 76]);
  const frames = [24, 25, 28, 40, 48, 76, 90];
  const { shown, processes } = await look(folder, frames);
  expect(processes).toBe(1);
  expect(shown).toEqual((await look(undefined, frames)).shown);
});

test('a frame of which one part was not kept does not count as kept', () => {
  const folder = scratch();
  const keeper = new PixelKeeper(folder, '0', facts);
  const raw = new Uint8Array((322 * 242 * 3) / 2);
  keeper.keep(24, raw, partsOf(24).slice(1));
  keeper.keep(28, raw, partsOf(28));
  keeper.finish();
  const kept = new KeptPixels(folder, facts, again([24, 28]).parts!);
  onTestFinished(() => kept.close());
  expect([kept.has(24), kept.has(28)]).toEqual([false, true]);
});

test.each([
  ['index is cut off', '.json', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 30))],
  ['index is empty', '.json', (file: string) => writeFileSync(file, '')],
  ['pixels are cut off', '.yuv', (file: string) => truncateSync(file, readFileSync(file).length - 1)],
])('where the %s, all is decoded', async (_, extension, damage) => {
  const folder = scratch();
  await keep(folder, seen);
  for (const name of readdirSync(folder)) if (name.endsWith(extension)) damage(join(folder, name));
  const { shown, processes } = await look(folder, seen);
  expect(processes).toBe(1);
  expect(shown).toEqual((await decoded()).shown);
});

test('of a reader that fails nothing is left', async () => {
  const folder = scratch();
  const [given] = await framesFor([{ context, request: small, kept: folder }], { seek: 'key' });
  for await (const frame of given!.frames) {
    frame.keep!(partsOf(frame.index));
    if (frame.index === 40) break;
  }
  await given!.leave();
  expect(readdirSync(folder)).toEqual([]);
});

test('where nothing can be written nothing is kept, and the reader does not notice', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'sa-kept-')), 'file');
  writeFileSync(file, '');
  expect(await keep(join(file, 'pixels'), seen)).toEqual(await keep(undefined, seen));
});

test('a part that was not named must not be looked at', async () => {
  const folder = scratch();
  await keep(folder, seen);
  const [given] = await framesFor([{ context, request: again(seen), kept: folder }], { seek: 'key' });
  for await (const frame of given!.frames) {
    expect(() => frame.show!({ left: 0, top: 0, width: 322, height: 10 })).toThrow('not named');
    break;
  }
  await given!.leave();
});
