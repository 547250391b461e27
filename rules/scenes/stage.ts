// scenes.json: where one shot ends and the next begins, from every frame of the video whatever the
// stride. Reads frames at 256 pixels, scores them, finds the cuts, writes their times.
import { framesIndexSchema, round6, scenesSchema, type FramesIndex, type Scenes } from '../../src/stage/artifacts.js';
import type { FrameRequest } from '../../src/stage/frames.js';
import { readJson, writeJson } from '../../src/stage/read-write.js';
import type { EpisodeRunConfig } from '../../src/stage/config.js';
import type { Stage } from '../../src/stage/stage.js';
import { contentScorer } from './content-score.js';
import { detectCuts } from './detect-cuts.js';
import { gradualFinder, type GradualFinder } from './gradual.js';
import { hybridCuts } from './hybrid-cuts.js';
import { thumbnail } from './thumbnail.js';
import { unlikeMeter, type UnlikeMeter } from './unlike.js';

type Detector = EpisodeRunConfig['scene_detector'];

/** Longest side of the pictures compared; PySceneDetect's automatic downscale. */
const longestSide = 256;

/** AdaptiveDetector's own floor: its ratio decides, so `scene_threshold` does not apply to it. */
const adaptiveFloor = 15;

export const stage: Stage<'scene_detector' | 'scene_threshold' | 'scene_min_len'> = {
  async wants({ inputs, params }) {
    const index = await readJson(inputs.path('frames'), framesIndexSchema);
    return framesToCompare(index, params.scene_detector);
  },
  async run(context) {
    const { inputs, outputs, params, frames, signal } = context;
    const index = await readJson(inputs.path('frames'), framesIndexSchema);
    const { scene_detector: detector, scene_threshold: threshold, scene_min_len: minLength } = params;
    const scores = new Float64Array(index.frame_count);
    const scorer = contentScorer();
    const meters = { unlike: unlikeMeter(), gradual: gradualFinder() };
    if (detector !== 'off') {
      for await (const frame of frames) {
        signal.throwIfAborted();
        scores[frame.index] = scorer.score(frame);
        if (detector === 'hybrid') {
          const small = thumbnail(frame);
          meters.unlike.push(small);
          meters.gradual.push(small);
        }
        context.progress(frame.index + 1, index.frame_count);
      }
    }
    const scenes = scenesBetween(cutsOf(detector, scores, meters, index.fps, threshold, minLength), index);
    await writeJson(outputs.path('scenes'), scenesSchema, {
      schema_version: 'scenes_v1',
      detector,
      threshold: detector === 'adaptive' ? adaptiveFloor : threshold,
      min_len: minLength,
      scenes,
      scores: detector === 'off' ? [] : Array.from(scores, round6),
    });
    return { scenes_count: scenes.length };
  },
};

/** Every frame at 256 pixels, sampled as OpenCV does it, so that scores equal the reference's; none when off. */
function framesToCompare(index: FramesIndex, detector: Detector): FrameRequest {
  const sideways = index.rotation === 90 || index.rotation === 270;
  // The reference takes pixels as stored and never makes them square.
  const [width, height] = sideways
    ? [index.stored_height, index.stored_width]
    : [index.stored_width, index.stored_height];
  const factor = Math.max(1, Math.max(width, height) / longestSide);
  return {
    video: 'video',
    select: detector === 'off' ? { kind: 'listed', indices: [] } : { kind: 'all' },
    size: { kind: 'exact', width: side(width / factor), height: side(height / factor) },
    format: 'rgb24',
    scaler: 'two-tap',
  };
}

/** Rounded half to even, as the reference's language does. */
function side(pixels: number): number {
  const rounded = Math.round(pixels);
  const tie = Math.abs(pixels - Math.floor(pixels) - 0.5) < 1e-12;
  return Math.max(1, tie && rounded % 2 === 1 ? rounded - 1 : rounded);
}

function cutsOf(
  detector: Detector,
  scores: Float64Array,
  meters: { readonly unlike: UnlikeMeter; readonly gradual: GradualFinder },
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
      const [unlike, gradual] = [meters.unlike.values(), meters.gradual.found()];
      return hybridCuts({ scores, unlike, gradual, threshold, minSceneFrames: minLength });
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
