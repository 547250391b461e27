// scenes.json: where one shot ends and the next begins, from every frame of the video whatever the
// stride. Reads frames at 256 pixels, sampled as OpenCV does it so that scores equal the reference's, scores
// them run by run, finds the cuts, writes their times.
import { framesIndexSchema, round6, scenesSchema, type FramesIndex, type Scenes } from '../../src/stage/artifacts.js';
import { readJson, writeJson } from '../../src/stage/read-write.js';
import type { EpisodeRunConfig } from '../../src/stage/config.js';
import type { FrameRequest } from '../../src/stage/frames.js';
import type { ChunkedStage, Part } from '../../src/stage/stage.js';
import { runsOfFrames, type Run } from '../media/division.js';
import type { Size } from '../media/geometry.js';
import { shrinkPart } from '../media/picture.js';
import { detectCuts } from './detect-cuts.js';
import { gradualFinder, type GradualFinder } from './gradual.js';
import { hybridCuts } from './hybrid-cuts.js';
import { readRun, RunMeter, scoreBetween, type MeasuredRun } from './part.js';
import { unlikeMeter, type UnlikeMeter } from './unlike.js';

type Detector = EpisodeRunConfig['scene_detector'];

/** Longest side of the pictures compared; PySceneDetect's automatic downscale. */
const longestSide = 256;

/** Pixels an axis of which `hybrid` makes one. */
const spreadFactor = 2;

/**
 * From this size on that pays: of 1080p a tenth of the stage's processor time is saved, of 720p nothing; of 480p two fifths
 * more were needed, since scaling costs much the same there and the whole picture is small.
 */
const largeSide = 1280;

/** AdaptiveDetector's own floor: its ratio decides, so `scene_threshold` does not apply to it. */
const adaptiveFloor = 15;

export const stage: ChunkedStage<'scene_detector' | 'scene_threshold' | 'scene_min_len', Run> = {
  chunks: {
    /** Runs of the video, the same as those of `detect`, so that one decode serves both. */
    async split({ inputs }, size) {
      return runsOfFrames(await readJson(inputs.path('frames'), framesIndexSchema), size);
    },

    async wants({ inputs, params }, run) {
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      return {
        video: 'video',
        select:
          params.scene_detector === 'off' ? { kind: 'listed', indices: [] } : { kind: 'every', stride: 1, ...run },
        format: 'rgb24',
        ...sampling(params.scene_detector, index),
      };
    },

    async runChunk({ inputs, params, part, frames, signal, progress }, { from, to }) {
      if (params.scene_detector === 'off') return {};
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      const size = sizeCompared(index);
      const meter = new RunMeter(size, to - from, { coarse: params.scene_detector === 'hybrid' });
      const compared = new Uint8Array(3 * size.width * size.height);
      for await (const frame of frames) {
        signal.throwIfAborted();
        const { width, height } = frame;
        const isCompared = width === size.width && height === size.height;
        meter.add(isCompared ? frame : shrinkPart(frame, { left: 0, top: 0, width, height }, spreadFactor, compared));
        progress(frame.index + 1 - from, to - from);
      }
      await meter.write(part);
      return {};
    },

    async merge({ inputs, outputs, params }, parts) {
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      const { scene_detector: detector, scene_threshold: threshold, scene_min_len: minLength } = params;
      const measured = detector === 'off' ? nothingMeasured() : await putTogether(parts, index);
      const scenes = scenesBetween(cutsOf(detector, measured, index.fps, threshold, minLength), index);
      await writeJson(outputs.path('scenes'), scenesSchema, {
        schema_version: 'scenes_v1',
        detector,
        threshold: detector === 'adaptive' ? adaptiveFloor : threshold,
        min_len: minLength,
        scenes,
        scores: Array.from(measured.scores, round6),
      });
      return { scenes_count: scenes.length };
    },
  },
};

/** All that decides cuts, over the whole video. */
interface Measured {
  readonly scores: Float64Array;
  readonly unlike: UnlikeMeter;
  readonly gradual: GradualFinder;
}

function nothingMeasured(length = 0): Measured {
  return { scores: new Float64Array(length), unlike: unlikeMeter(), gradual: gradualFinder() };
}

/** The runs one after another, each read when its turn comes: only scores stay in memory. */
async function putTogether(parts: readonly Part[], index: FramesIndex): Promise<Measured> {
  const size = sizeCompared(index);
  const measured = nothingMeasured(index.frame_count);
  let filled = 0;
  let before: MeasuredRun | undefined;
  for (const { folder } of parts) {
    const run = await readRun(folder, size);
    measured.scores.set(run.scores, filled);
    if (before !== undefined) measured.scores[filled] = scoreBetween(before, run, size);
    for (const small of run.thumbnails) {
      measured.unlike.push(small);
      measured.gradual.push(small);
    }
    filled += run.scores.length;
    before = run;
  }
  return measured;
}

/**
 * How pictures are sampled. Only the detectors after PySceneDetect need its exact pixels, which cost a walk over the
 * whole picture. Of large video `hybrid` means four single pixels spread over each of its own; of smaller it sees the same as they.
 */
function sampling(detector: Detector, index: FramesIndex): Pick<FrameRequest, 'size' | 'scaler'> {
  const { width, height } = sizeCompared(index);
  const spread = { width: spreadFactor * width, height: spreadFactor * height };
  const isLarge = Math.max(index.stored_width, index.stored_height) >= largeSide;
  return detector === 'hybrid' && isLarge
    ? { size: { kind: 'exact', ...spread }, scaler: 'neighbor' }
    : { size: { kind: 'exact', width, height }, scaler: 'two-tap' };
}

/** 256 pixels on the longer side, of the picture as stored: the reference never makes pixels square. */
function sizeCompared({ rotation, stored_width, stored_height }: FramesIndex): Size {
  const sideways = rotation === 90 || rotation === 270;
  const [width, height] = sideways ? [stored_height, stored_width] : [stored_width, stored_height];
  const factor = Math.max(1, Math.max(width, height) / longestSide);
  return { width: side(width / factor), height: side(height / factor) };
}

/** Rounded half to even, as the reference's language does. */
function side(pixels: number): number {
  const rounded = Math.round(pixels);
  const tie = Math.abs(pixels - Math.floor(pixels) - 0.5) < 1e-12;
  return Math.max(1, tie && rounded % 2 === 1 ? rounded - 1 : rounded);
}

function cutsOf(
  detector: Detector,
  { scores, unlike, gradual }: Measured,
  fps: number,
  threshold: number,
  minLength: number,
): number[] {
  const common = { scores, fps, minSceneFrames: minLength };
  switch (detector) {
    case 'off':
      return [];
    case 'pyscenedetect':
      return detectCuts({ ...common, detector: 'content', threshold });
    case 'adaptive':
      return detectCuts({ ...common, detector: 'adaptive', threshold: adaptiveFloor });
    case 'hybrid': {
      const found = { unlike: unlike.values(), gradual: gradual.found() };
      return hybridCuts({ scores, ...found, threshold, minSceneFrames: minLength });
    }
  }
}

/** Half-open scenes that cover the video; without a cut there is one. Seconds count from the first frame. */
export function scenesBetween(cuts: readonly number[], index: FramesIndex): Scenes['scenes'] {
  const [numerator, denominator] = index.time_base;
  const seconds = (frame: number): number =>
    frame === index.frame_count
      ? index.duration_s
      : round6(((index.pts[frame]! - index.pts[0]!) * numerator) / denominator);
  const starts = [0, ...cuts];
  return starts.map((start, at) => {
    const end = starts[at + 1] ?? index.frame_count;
    return { start_frame: start, end_frame: end, start_s: seconds(start), end_s: seconds(end) };
  });
}
