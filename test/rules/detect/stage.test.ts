import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { stage } from '../../../rules/detect/stage.js';
import { detectionSchema } from '../../../src/stage/artifacts.js';
import type { Frame } from '../../../src/stage/frames.js';
import { readJsonLines } from '../../../src/stage/read-write.js';
import type { DetectorCard, ModelSession, OpenModel } from '../../../src/stage/model.js';
import { runChunked } from '../../support/chunked-stage.js';
import { detectorFiles, openDetector } from '../../support/open-model.js';
import { readPicture } from '../../support/pictures.js';
import { describeWithShared, shared } from '../../support/shared.js';
import { detectContext as context } from './detect-context.js';

/** Frames as the server hands them out: one buffer, overwritten for each. */
async function* served(indices: readonly number[], emptyAt: number): AsyncGenerator<Frame> {
  const picture = await readPicture(shared('data/images/group/insightface_t1.jpg'), 640);
  const data = new Uint8Array(picture.data.length);
  for (const index of indices) {
    if (index === emptyAt) data.fill(0);
    else data.set(picture.data);
    yield { ...picture, data, index };
  }
}

/** Frames `from` up to `to` that get darker, so that no two give the same faces. */
async function* darkening(from: number, to: number): AsyncGenerator<Frame> {
  const picture = await readPicture(shared('data/images/group/insightface_t1.jpg'), 320);
  const data = new Uint8Array(picture.data.length);
  for (let index = from; index < to; index += 1) {
    picture.data.forEach((value, at) => (data[at] = value * (1 - index / 40)));
    yield { ...picture, data, index };
  }
}

/**
 * The CPU's own sessions, said to run elsewhere: only there frames go through the network together, and there is no
 * such device to test on. `calls` gets the number of frames of each call.
 */
async function saidElsewhere(calls: number[]): Promise<OpenModel<DetectorCard>> {
  const model = await openDetector('yunet_n');
  const run: ModelSession['run'] = (feeds) => {
    calls.push(feeds['input']!.dims[0]!);
    return model.sessions['net']!.run(feeds);
  };
  return { ...model, deviceResolved: 'cuda', sessions: { net: { run } } };
}

describeWithShared(
  'detect elsewhere than on the CPU',
  [...detectorFiles('yunet_n'), 'data/images/group/insightface_t1.jpg'],
  () => {
    const count = 21;
    const change = { stride: 1, det_size: 320 };

    test('sends eight frames at a time, packs the next eight meanwhile, holds no more, and writes what it writes one by one, however long a chunk is', async () => {
      const one = await context(darkening(0, count), change, { count });
      await runChunked(stage, one.made);
      const expected = await readFile(one.detections, 'utf8');
      expect(
        new Set((await readJsonLines(one.detections, detectionSchema)).map(({ frame_idx }) => frame_idx)).size,
      ).toBe(count);
      for (const [frames, callsOfChunks] of [
        [count, 3],
        [10, 5],
        [3, 7],
      ] as const) {
        const calls: number[] = [];
        let mostHeld = 0;
        const { made, done, detections } = await context(darkening(0, 0), change, {
          count,
          model: await saidElsewhere(calls),
        });
        const framesOf = ({ from, to }: { from: number; to: number }) => {
          const before = done.length;
          return (async function* () {
            for await (const frame of darkening(from, to)) {
              mostHeld = Math.max(mostHeld, frame.index - from - (done.length - before));
              yield frame;
            }
          })();
        };
        await runChunked(stage, made, { frames, framesOf: (chunk) => Promise.resolve(framesOf(chunk)) });
        expect(await readFile(detections, 'utf8')).toBe(expected);
        expect(calls).toEqual(Array(callsOfChunks).fill(8));
        expect(mostHeld).toBeLessThanOrEqual(16);
        if (frames > 16) expect(mostHeld).toBeGreaterThan(8);
      }
    });

    test('stops when told to with frames that wait for others', async () => {
      const controller = new AbortController();
      async function* endless(): AsyncGenerator<Frame> {
        for await (const frame of darkening(0, count)) {
          yield frame;
          if (frame.index === 9) controller.abort(new Error('stopped'));
        }
      }
      const model = await saidElsewhere([]);
      const { made } = await context(endless(), change, { signal: controller.signal, count, model });
      await expect(runChunked(stage, made)).rejects.toThrow('stopped');
    });
  },
);

describeWithShared('the stage detect', [...detectorFiles('yunet_n'), 'data/images/group/insightface_t1.jpg'], () => {
  test('asks for every n-th frame, fitted to the largest wanted size', async () => {
    const { made } = await context(served([], -1), { target_fps: 8, det_scales: [1280, 320] });
    expect(await stage.chunks.wants?.(made, { from: 0, to: 5 })).toEqual({
      video: 'video',
      select: { kind: 'every', stride: 3, from: 0, to: 5 },
      size: { kind: 'fit', width: 1280, height: 1280 },
      format: 'rgb24',
      scaler: 'bilinear',
      asYuv: true,
      keeps: true,
    });
  });

  test('has kept what faces will look at, but not of every frame', async () => {
    const keeps = async (stride: number) => {
      const { made } = await context(served([], -1), { stride });
      return (await stage.chunks.wants?.(made, { from: 0, to: 5 }))?.keeps;
    };
    expect([await keeps(1), await keeps(2), await keeps(4)]).toEqual([false, true, true]);
  });

  test('writes the faces of each frame, frames in order and best first, with times from the PTS', async () => {
    const { made, done, detections } = await context(served([0, 2, 4], 2));
    const counts = await runChunked(stage, made);
    const rows = await readJsonLines(detections, detectionSchema);
    const strong = rows.filter(({ conf }) => conf >= 0.65);
    expect(strong.map(({ frame_idx }) => frame_idx)).toEqual([
      ...Array<number>(6).fill(0),
      ...Array<number>(6).fill(4),
    ]);
    expect([strong[0]?.ts_s, strong[6]?.ts_s]).toEqual([0, 0.161]);
    expect(strong.slice(0, 6).map(({ bbox }) => bbox)).toEqual(strong.slice(6).map(({ bbox }) => bbox));
    const order = rows.map(({ frame_idx, conf }) => frame_idx - conf / 2);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(
      rows.every(({ conf, landmarks, model_id }) => conf >= 0.1 && landmarks?.length === 5 && model_id === 'yunet-n'),
    ).toBe(true);
    expect(rows.some(({ conf }) => conf < 0.3)).toBe(true);
    expect(counts).toEqual({ detections_count: rows.length, frames_count: 3 });
    expect(done).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
  });

  test('writes the same bytes again, and keeps weak faces for the tracker', async () => {
    const first = await context(served([0, 2, 4], 2));
    const second = await context(served([0, 2, 4], 2), { det_thresh: 0.9 });
    await runChunked(stage, first.made);
    await runChunked(stage, second.made);
    expect(await readFile(second.detections, 'utf8')).toBe(await readFile(first.detections, 'utf8'));
  });

  test('counts the smallest box in pixels of the video', async () => {
    const { made } = await context(served([0], -1), { min_box_area: 1280 * 886 });
    expect(await runChunked(stage, made)).toEqual({ detections_count: 0, frames_count: 1 });
  });

  test('stops when told to, without an unhandled failure', async () => {
    const controller = new AbortController();
    async function* endless(): AsyncGenerator<Frame> {
      for await (const frame of served([0, 2, 4], -1)) {
        yield frame;
        controller.abort(new Error('stopped'));
      }
    }
    const { made } = await context(endless(), {}, { signal: controller.signal });
    await expect(runChunked(stage, made)).rejects.toThrow('stopped');
  });
});
