import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stage } from '../../../rules/scenes/stage.js';
import { scenesSchema, type Scenes } from '../../../src/stage/artifacts.js';
import { defaultConfig, type EpisodeRunConfig } from '../../../src/stage/config.js';
import type { Frame, FrameRequest } from '../../../src/stage/frames.js';
import type { StageContext } from '../../../src/stage/stage.js';
import type { Run } from '../../../rules/media/division.js';
import { runChunked } from '../../support/chunked-stage.js';
import { framesJson } from '../../support/json-stage.js';

/** Runs the stage on even gray frames of these levels, at 25 a second unless `ptsMs` says otherwise. */
async function run(
  levels: readonly number[],
  params: Partial<EpisodeRunConfig> = {},
  ptsMs?: readonly number[],
  frames?: number,
): Promise<{ readonly request: FrameRequest; readonly scenes: Scenes }> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-scenes-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = (role: string): string => join(folder, role);
  await writeFile(path('frames'), framesJson({ fps: 25, frameCount: levels.length, ...(ptsMs && { ptsMs }) }));
  const context = {
    params: { ...defaultConfig(), ...params },
    inputs: { path },
    outputs: { path },
    signal: new AbortController().signal,
    progress: () => undefined,
  } as unknown as StageContext<'scene_detector' | 'scene_threshold' | 'scene_min_len'>;
  const [chunk] = await stage.chunks.split(context, { frames: undefined, processors: 2 });
  const request = await stage.chunks.wants!(context, chunk!);
  const own = (run: Run) => Promise.resolve(pictures(levels, run));
  await runChunked(stage, context, { ...(frames === undefined ? {} : { frames }), framesOf: own });
  return { request, scenes: scenesSchema.parse(JSON.parse(await readFile(path('scenes'), 'utf8'))) };
}

async function* pictures(levels: readonly number[], { from, to }: Run): AsyncGenerator<Frame> {
  await Promise.resolve();
  const size = { width: 256, height: 128 };
  const data = new Uint8Array(size.width * size.height * 3);
  for (const [index, level] of levels.entries())
    if (index >= from && index < to) yield { index, ...size, data: data.fill(level) };
}

const dark = Array.from({ length: 20 }, () => 10);
const bright = Array.from({ length: 20 }, () => 210);

test('scenes are half-open, cover the video and have the times of their frames', async () => {
  const { scenes } = await run([...dark, ...bright]);
  expect(scenes.scenes).toEqual([
    { start_frame: 0, end_frame: 20, start_s: 0, end_s: 0.8 },
    { start_frame: 20, end_frame: 40, start_s: 0.8, end_s: 1.6 },
  ]);
  expect(scenes.scores[20]).toBeCloseTo(200 / 3, 6);
});

test('times come from PTS where the rate varies', async () => {
  const ptsMs = Array.from({ length: 40 }, (_, at) => 500 + (at < 20 ? at * 40 : 800 + (at - 20) * 100));
  const { scenes } = await run([...dark, ...bright], {}, ptsMs);
  expect(scenes.scenes[1]).toMatchObject({ start_s: 0.8 });
});

test('off asks for no frame and gives one scene, as a video without a cut does', async () => {
  const off = await run([...dark, ...bright], { scene_detector: 'off' });
  expect(off.request.select).toEqual({ kind: 'listed', indices: [] });
  expect(off.scenes.scenes).toEqual([{ start_frame: 0, end_frame: 40, start_s: 0, end_s: 1.6 }]);
  expect((await run(dark)).scenes.scenes).toHaveLength(1);
});

test('a video of one frame is one scene, whatever the detector', async () => {
  for (const scene_detector of ['pyscenedetect', 'adaptive', 'hybrid', 'off'] as const) {
    const { scenes } = await run([10], { scene_detector });
    expect(scenes.scenes).toEqual([{ start_frame: 0, end_frame: 1, start_s: 0, end_s: 0.04 }]);
  }
});

test('threshold and shortest scene are the ones asked for', async () => {
  expect((await run([...dark, ...bright], { scene_threshold: 70 })).scenes.scenes).toHaveLength(1);
  expect((await run([...dark, ...bright], { scene_min_len: 21 })).scenes.scenes).toHaveLength(1);
});

test('hybrid finds a cut and says so, and a flash is none', async () => {
  const { scenes } = await run([...dark, ...bright, 10, 10, ...bright], { scene_detector: 'hybrid' });
  expect(scenes).toMatchObject({ detector: 'hybrid', threshold: 27, min_len: 12 });
  expect(scenes.scenes.map(({ start_frame }) => start_frame)).toEqual([0, 20]);
});

test('every frame is asked for, 256 pixels on its longest side', async () => {
  const { request } = await run(dark);
  expect(request).toMatchObject({
    select: { kind: 'every', stride: 1, from: 0, to: 20 },
    size: { width: 256, height: 128 },
    scaler: 'two-tap',
  });
});

test('runs of any length give the same scores and scenes, also where a run ends at a cut or inside a dissolve', async () => {
  const dissolve = Array.from({ length: 16 }, (_, at) => 210 - 12 * at);
  const levels = [...dark, ...bright, ...dissolve, ...dark, ...bright, 10, 10, ...bright];
  for (const scene_detector of ['pyscenedetect', 'adaptive', 'hybrid'] as const) {
    const whole = await run(levels, { scene_detector });
    for (const frames of [1, 2, 7, 20, 45, levels.length - 1])
      expect((await run(levels, { scene_detector }, undefined, frames)).scenes).toEqual(whole.scenes);
  }
});
