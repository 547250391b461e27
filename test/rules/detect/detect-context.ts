// A context in which the stage detect runs on a real model and on frames that a test makes.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Frame } from '../../../src/stage/frames.js';
import type { DetectorCard, OpenModel } from '../../../src/stage/model.js';
import type { StageContext } from '../../../src/stage/stage.js';
import { openDetector } from '../../support/open-model.js';

const params = {
  detector: 'yunet_n',
  det_thresh: 0.65,
  det_size: 640,
  det_scales: [] as number[],
  min_box_area: 10,
  stride: 2,
  target_fps: null as number | null,
  adaptive_stride: null as number | null,
};
type Params = typeof params;
type Context = StageContext<keyof Params>;

interface Circumstances {
  readonly signal?: AbortSignal;
  readonly model?: OpenModel<DetectorCard>;
  /** Frames of the video, at least five. */
  readonly count?: number;
}

/** The context of a run of `detect` over a made-up video of 1280 x 886, its outputs in a folder of their own. */
export async function detectContext(
  frames: AsyncIterable<Frame>,
  change: Partial<Params> = {},
  { signal = new AbortController().signal, model, count = 5 }: Circumstances = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'sa-detect-'));
  const pts = [500, 540, 580, 620, 661, ...Array.from({ length: count - 5 }, (_, at) => 701 + at * 40)];
  const index = {
    schema_version: 'frames_v1',
    container: 'mp4',
    codec: 'h264',
    width: 1280,
    height: 886,
    stored_width: 1280,
    stored_height: 886,
    rotation: 0,
    pixel_aspect: [1, 1],
    time_base: [1, 1000],
    frame_count: count,
    fps: 25,
    duration_s: 0.2,
    variable_rate: false,
    pts,
    last_duration: 40,
  };
  await writeFile(join(folder, 'frames'), JSON.stringify(index));
  const path = (role: string) => join(folder, role);
  const done: number[][] = [];
  const opened = model ?? (await openDetector('yunet_n'));
  const made = {
    ep: 'ep',
    params: { ...params, ...change },
    inputs: { path },
    outputs: { path },
    frames,
    signal,
    model: () => Promise.resolve(opened),
    progress: (...counts: number[]) => done.push(counts),
  } as unknown as Context;
  return { made, done, detections: path('detections') };
}
