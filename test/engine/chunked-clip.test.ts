// A real clip, detected in chunks by the program itself: killed in the middle it goes on where it was,
// and the bytes are those of a build in one piece.
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sha256File } from '../../src/hash/sha256.js';
import { usualMediaTools } from '../../src/media/tools.js';
import { Inventory } from '../../src/store/inventory.js';
import { runs, startSa, until } from '../support/cli.js';
import { describeWithShared, shared } from '../support/shared.js';
import { testWorkspace, type World } from '../support/workspace.js';

const pipeline = readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8');
const env = { SA_MODELS: shared('models') };
const words = ['build', 'clip', 'detect', '--stride', '4', '--det-size', '320', '--detector', 'yunet-n'];

async function clipWorld(): Promise<World> {
  const world = testWorkspace({ 'pipeline.yaml': pipeline }, env);
  expect((await world.sa('add', 'clip', shared('data/video/angelone_240p.mp4'))).code).toBe(0);
  expect((await world.sa('build', 'clip', 'probe')).code).toBe(0);
  return world;
}

/** Inode of each trace of a chunk by the chunk's name: a trace that is written again has another. */
function keptChunks(world: World): Map<string, number> {
  const traces = new Inventory(join(world.root, 'data/.sa/store')).traces();
  return new Map(
    traces.flatMap(({ path, trace }) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return trace?.action.includes(' chunk ') === true && found ? [[trace.action, found.ino]] : [];
    }),
  );
}

/** What a process and its threads have started; nothing where the system does not tell. */
function childrenOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return [];
  return readdirSync(tasks)
    .flatMap((task) =>
      readFileSync(join(tasks, task, 'children'), 'utf8')
        .trim()
        .split(' '),
    )
    .filter((child) => child !== '')
    .map(Number);
}

/** Builds of the clip that tell of each decode of pictures how many outputs it had. */
async function notingDecodes(world: World): Promise<(...words: string[]) => Promise<number[]>> {
  const tools = await usualMediaTools();
  const log = join(world.root, 'decodes');
  const asked = join(world.root, 'asked');
  const outputs = `echo "$*" | grep -o -e ' -map \\[' | wc -l`;
  const cases = `*rawvideo*) ${outputs} >> '${log}' ;; -version) echo "$0" >> '${asked}' ;;`;
  const noted = (name: 'ffmpeg' | 'ffprobe'): string => {
    const path = join(world.root, name);
    writeFileSync(path, `#!/bin/sh\ncase "$*" in ${cases} esac\nexec '${tools[name]}' "$@"\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const [ffmpeg, ffprobe] = [noted('ffmpeg'), noted('ffprobe')];
  return async (...more) => {
    for (const file of [log, asked]) writeFileSync(file, '');
    const build = startSa(world.root, ['build', 'clip', ...more], {
      ...env,
      FFMPEG_PATH: ffmpeg,
      FFPROBE_PATH: ffprobe,
    });
    const { code, err } = await build.ended;
    expect([code, err]).toEqual([0, expect.any(String)]);
    // For its version once, whatever the number of threads, and ffprobe only where a video is probed.
    const askedFor = err.includes('probe@clip built') ? [ffmpeg, ffprobe] : [ffmpeg];
    expect(readFileSync(asked, 'utf8').trim().split('\n').sort()).toEqual(askedFor);
    return readFileSync(log, 'utf8').trim().split('\n').filter(Boolean).map(Number);
  };
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
}

const digests = (world: World, ...names: string[]): string[] =>
  names.map((name) => sha256File(join(world.root, 'data/manifests/clip', name)));

const detections = (world: World): string => sha256File(join(world.root, 'data/manifests/clip/detections.jsonl'));

describeWithShared('a real clip', ['data/video/angelone_240p.mp4', 'models/yunet_n_dynamic.onnx'], () => {
  test('that was killed among its chunks does none of them again', { timeout: 400_000 }, async () => {
    const [whole, killed] = [await clipWorld(), await clipWorld()];
    expect((await whole.sa(...words, '--chunk-frames', '2000')).code).toBe(0);

    const chunked = [...words, '--chunk-frames', '220', '--jobs', '3'];
    const build = startSa(killed.root, chunked, env);
    await until(() => keptChunks(killed).size >= 2);
    const decoders = childrenOf(build.child.pid!);
    build.child.kill('SIGKILL');
    await build.ended;
    await until(() => !decoders.some(runs));
    const finished = keptChunks(killed);
    expect(finished.size).toBeLessThan(7);

    const next = startSa(killed.root, chunked, env);
    const seen = new Map(finished);
    await until(() => {
      for (const [name, inode] of keptChunks(killed)) {
        if (finished.has(name)) expect([name, inode]).toEqual([name, finished.get(name)]);
        seen.set(name, inode);
      }
      return next.child.exitCode !== null;
    });
    const { code, err } = await next.ended;
    expect([code, err]).toEqual([0, expect.stringContaining('detect@clip built')]);
    expect(seen.size).toBeGreaterThan(finished.size);
    expect(keptChunks(killed).size).toBe(0);
    expect(detections(killed)).toBe(detections(whole));
  });

  test('is decoded once for scenes and detect, whatever the number of jobs, and alone each makes the same', async () => {
    const world = await clipWorld();
    const made = (): string[] => digests(world, 'scenes.json', 'detections.jsonl');
    const build = await notingDecodes(world);
    const decodes = (...more: string[]): Promise<number[]> => {
      const own = [
        '--stride',
        '6',
        '--det-size',
        '160',
        '--detector',
        'yunet-n',
        '--no-cache',
        '--chunk-frames',
        '800',
      ];
      return build(...own, ...more);
    };
    const both = ['--force', 'scenes', '--force', 'detect', 'scenes', 'detect'];
    expect(await decodes('scenes')).toEqual([1, 1]);
    expect(await decodes('detect')).toEqual([1, 1]);
    const alone = made();
    for (const jobs of ['1', '3']) {
      expect(await decodes(...both, '--jobs', jobs)).toEqual([2, 2]);
      expect(made()).toEqual(alone);
    }
  });

  test('is decoded once for its faces, too, and they are those of a pass of their own', async () => {
    const world = await clipWorld();
    const build = await notingDecodes(world);
    const made = (): string[] => [
      ...digests(world, 'detections.jsonl', 'faces.jsonl', 'faces_aligned.npy'),
      ...filesBelow(join(world.root, 'data/frames/clip')).map((file) => sha256File(file)),
    ];
    const own = ['--stride', '4', '--det-size', '320', '--detector', 'yunet-n', '--no-cache', '--chunk-frames', '600'];
    expect(await build('faces', ...own)).toEqual([3, 3, 3]);
    const together = made();
    expect(together.length).toBeGreaterThan(100);
    expect(await build('faces', ...own, '--force', 'faces')).toEqual([1]);
    expect(made()).toEqual(together);
    // Nobody looks again; all pictures are wanted whole.
    expect(await build('detect', ...own, '--force', 'detect')).toEqual([1, 1, 1]);
    expect(await build('faces', ...own, '--force', 'detect', '--save-frames')).toEqual([2, 2, 2, 1]);
    expect(existsSync(join(world.root, 'data/.sa/tmp/pixels'))).toBe(false);
  });
});
