// Pictures that nobody wants and no other needs are left out before the decoder: whoever reads is handed the
// very frames of a plain decode, by fewer pictures, and nothing is left behind.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { decodeFrames, InexactSeek, SharedDecode, type DecodeOptions, type Wish } from '../../src/media/decode.js';
import { planDrop } from '../../src/media/drop.js';
import { probeVideo } from '../../src/media/probe.js';
import type { MediaTools } from '../../src/media/tools.js';
import type { VideoFacts } from '../../src/stage/stage.js';
import { clipFolder, make, ownProcesses, toolSets } from './clips.js';
import { bframes, compare, drop, kinds, pictures, plain, testRealClips } from './drop-kinds.js';
import { moving } from './stretches.js';

const clip = clipFolder();
const never = new AbortController().signal;
const [usual, npm] = await toolSets();
const never5 = usual!.origin.ffmpeg === 'npm';

test.each(kinds)('the frames that are left are exact in %s', async (_, file, args, has) => {
  const path = await make(clip(file), args);
  const { unreferenced = [] } = await probeVideo(path, never);
  expect(unreferenced.length > 0).toBe(has);
  expect(await compare(path)).toBe(1);
});

test('a piece cut out of a video is exact by what its edit list shows', async () => {
  const whole = await make(clip('whole.mp4'), [...moving(8), ...bframes(3)]);
  expect(await compare(await make(clip('piece.mp4'), ['-ss', '1.9', '-i', whole, '-c', 'copy']))).toBe(1);
});

testRealClips(['psd_counter.mp4', 'psd_goldeneye-vfr-drop3.mp4']);

const video = await make(clip('video.mp4'), [...moving(8), ...bframes(3)]);
const facts = await probeVideo(video, never);

test('pictures are unreferenced exactly where the encoder says so', async () => {
  // By x264 without a pyramid every B-frame, and nothing else.
  const path = await make(clip('count.mp4'), [...moving(8), ...bframes(3, ':b-pyramid=none')]);
  const args = ['-v', 'error', '-show_entries', 'frame=pict_type,pkt_pos', '-of', 'csv=p=0', path];
  const { stdout } = await promisify(execFile)(usual!.ffprobe, args);
  const frames = [...stdout.matchAll(/^(\d+),([IPB])/gm)];
  const bs = frames.flatMap(([, position, type], frame) => (type === 'B' ? [[frame, Number(position)]] : []));
  expect(bs.length).toBeGreaterThan(50);
  expect((await probeVideo(path, never)).unreferenced).toEqual(bs);
});

test('a packet whose units do not fill it, or that has parameters for others, is taken for needed', async () => {
  const bytes = await readFile(video);
  const positions = facts.unreferenced!.map(([, position]) => position);
  // Behind those whose decoding is compared: a length that is one short, a picture that is referred to, a set of parameters.
  const [short, referred, parameters] = positions.slice(-3) as [number, number, number];
  bytes.writeUInt32BE(bytes.readUInt32BE(short) - 1, short);
  bytes[referred + 4]! |= 0x20;
  bytes[parameters + 4] = 8;
  const odd = clip('odd.mp4');
  await writeFile(odd, bytes);
  const found = await probeVideo(odd, never);
  expect(found.unreferenced?.map(([, position]) => position)).toEqual(positions.slice(0, -3));
});

test('headers that change half-way make every picture needed', async () => {
  const found = await probeVideo(await twiceDescribed(video), never);
  expect([found.pts.length, found.unreferenced]).toEqual([200, []]);
});

/** The same mp4 with a second description of its samples, which counts from the second chunk on. */
async function twiceDescribed(from: string): Promise<string> {
  // Sound makes chunks.
  const sound = ['-f', 'lavfi', '-i', 'anullsrc', '-shortest'];
  const path = await make(clip('chunks.mp4'), ['-i', from, ...sound, '-c:v', 'copy']);
  const bytes = await readFile(path);
  const at = (name: string): number => bytes.indexOf(name) - 4;
  const [stsd, stsc] = [at('stsd'), at('stsc')];
  const entry = bytes.subarray(stsd + 16, stsd + bytes.readUInt32BE(stsd));
  bytes.writeUInt32BE(2, stsd + 12);
  // Of the list of chunks all after the first entry.
  for (let row = 1; row < bytes.readUInt32BE(stsc + 12); row++) bytes.writeUInt32BE(2, stsc + 16 + 12 * row + 8);
  for (const name of ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd'])
    bytes.writeUInt32BE(bytes.readUInt32BE(at(name)) + entry.length, at(name));
  const end = stsd + 16 + entry.length;
  await writeFile(path, Buffer.concat([bytes.subarray(0, end), entry, bytes.subarray(end)]));
  return path;
}

test('a picture that is wanted is never left out, and one that is needed neither', () => {
  const few = facts.unreferenced!.filter(([frame]) => frame < 100);
  const wanted = new Set(few.map(([frame]) => frame).filter((_, at) => at % 2 === 0));
  const expression = planDrop(facts, { key: 0, to: 100 }, wanted, 0)!;
  const named = [...expression.matchAll(/eq\(pos\\,(\d+)\)/g)].map(([, position]) => Number(position));
  const unwanted = few.filter(([frame]) => !wanted.has(frame)).map(([, position]) => position);
  expect(named).toEqual(unwanted.sort((a, b) => a - b));
});

test('nothing is left out where it would not pay, nor where pixels are of a kind whose colours may be lost', () => {
  const place = { key: 0, to: 200 };
  const pixels = 96 * 64 * facts.unreferenced!.length;
  expect(planDrop(facts, place, new Set(), pixels)).toBeDefined();
  expect(planDrop(facts, place, new Set(), pixels + 1)).toBeUndefined();
  expect(planDrop({ ...facts, yuv420: undefined }, place, new Set(), 0)).toBeUndefined();
});

test('many packets fit a command line', () => {
  const unreferenced = Array.from({ length: 9000 }, (_, at) => [2 * at, 10 ** 11 + at] as const);
  const expression = planDrop({ ...facts, unreferenced }, { key: 0, to: 20_000 }, new Set(), 0)!;
  expect(expression.length).toBeLessThan(100_000);
  expect(expression.split('eq(').length).toBeGreaterThan(process.platform === 'win32' ? 500 : 3000);
});

/** An ffmpeg that keeps what a copy hands on. */
async function keeping(path: string): Promise<MediaTools> {
  const script = clip('ffmpeg-keeping');
  const start = `case "$*" in *noise=drop*) '${usual!.ffmpeg}' "$@" | tee '${path}';; *) exec '${usual!.ffmpeg}' "$@";; esac`;
  await writeFile(script, `#!/bin/sh\n${start}\n`);
  await chmod(script, 0o755);
  return { ...usual!, ffmpeg: script };
}

test.skipIf(never5)('far fewer pictures are decoded', async () => {
  const copy = clip('copy.nut');
  const tools = await keeping(copy);
  const select = { kind: 'every', stride: 10, from: 0, to: 199 } as const;
  expect(await pictures(video, facts, select, { ...drop, tools })).toEqual(await pictures(video, facts, select, plain));
  const args = ['-v', 'error', '-show_entries', 'packet=pts', '-of', 'csv=p=0', copy];
  const { stdout } = await promisify(execFile)(usual!.ffprobe, args);
  const unwanted = facts.unreferenced!.filter(([frame]) => frame % 10 !== 0 && frame < 199);
  expect(unwanted.length).toBeGreaterThan(80);
  expect(stdout.trim().split('\n')).toHaveLength(200 - unwanted.length);
});

test('several readers are handed what each would get alone, and what one of them wants is there', async () => {
  const wishes: Wish[] = [
    {
      select: { kind: 'every', stride: 4, from: 60, to: 150 },
      size: { kind: 'exact', width: 64, height: 36 },
      format: 'rgb24',
      scaler: 'two-tap',
    },
    { select: { kind: 'listed', indices: [71, 72, 73, 139] }, size: { kind: 'full' }, format: 'gray8' },
  ];
  const read = async (decode: SharedDecode, place: number): Promise<unknown[]> => {
    const seen: unknown[] = [];
    for await (const { index, data } of decode.frames(place))
      seen.push([index, createHash('md5').update(data).digest('hex')]);
    return seen;
  };
  const decodeOf = (some: readonly Wish[], options: DecodeOptions): SharedDecode =>
    new SharedDecode(
      video,
      facts,
      some.map((request) => ({ request, signal: never })),
      options,
    );
  const alone = await Promise.all(wishes.map((wish) => read(decodeOf([wish], plain), 0)));
  const shared = decodeOf(wishes, drop);
  expect(await Promise.all(wishes.map((_, place) => read(shared, place)))).toEqual(alone);
  expect(await ownProcesses()).toBe(0);
});

/** Large pictures, so that both processes are at work for certain when they are stopped. */
const large: Wish = {
  select: { kind: 'every', stride: 2, from: 60, to: 190 },
  size: { kind: 'exact', width: 1280, height: 960 },
  format: 'rgb24',
};

test.skipIf(never5)('both processes are gone when the reader stops early, aborts, or is done', async () => {
  for (const how of ['leave', 'abort', 'end'] as const) {
    const stop = new AbortController();
    const reason = new Error('enough');
    let processes = 0;
    const reading = (async () => {
      for await (const { index } of decodeFrames(video, facts, large, stop.signal, drop)) {
        processes = Math.max(processes, await ownProcesses());
        if (index === 64 && how === 'abort') stop.abort(reason);
        if (index === 64 && how === 'leave') break;
      }
    })();
    if (how === 'abort') await expect(reading).rejects.toBe(reason);
    else await reading;
    expect(await ownProcesses()).toBe(0);
    // Where nothing is copied any more the first process may be gone before it is counted.
    expect([1, 2]).toContain(processes);
  }
});

test('an ffmpeg without the filter is not asked, and one that only says that it has it is found out', async () => {
  const select = { kind: 'every', stride: 4, from: 60, to: 150 } as const;
  const old = npm ?? usual!;
  const own = await probeVideo(video, never, { tools: old });
  const expected = await pictures(video, facts, select, { tools: old });
  expect(await pictures(video, own, select, { ...drop, tools: old })).toEqual(expected);
  const lying = { ...old, versions: { ...old.versions, ffmpeg: 'ffmpeg version 5.1.9' } };
  await expect(pictures(video, own, select, { ...drop, tools: lying })).rejects.toThrow(InexactSeek);
  expect(await ownProcesses()).toBe(0);
});

test('packets that are not where the index says shift no frame, and are missed where they are wanted', async () => {
  const select = { kind: 'every', stride: 4, from: 60, to: 150 } as const;
  const at = (shift: number): VideoFacts => ({
    ...facts,
    unreferenced: facts.unreferenced!.map(([frame, position]) => [frame, position + shift]),
  });
  // Nothing is left out.
  expect(await pictures(video, at(1), select, drop)).toEqual(await pictures(video, facts, select, plain));
  const wrong = facts.unreferenced!.map(([, position], place, all) => [all.at(place - 1)![0], position] as const);
  await expect(pictures(video, { ...facts, unreferenced: wrong }, select, drop)).rejects.toThrow(InexactSeek);
  expect(await ownProcesses()).toBe(0);
});
