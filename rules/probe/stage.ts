// frames.json: what the video is and when each of its frames is shown. Every later time comes from
// here. It asks the media probe and computes the sums; it decodes nothing itself.
import { framesIndexSchema, round6, type FramesIndex } from '../../src/stage/artifacts.js';
import { writeJson } from '../../src/stage/read-write.js';
import type { Stage, VideoFacts } from '../../src/stage/stage.js';

export const stage: Stage<never> = {
  async run({ inputs, outputs, media, signal }) {
    const index = framesIndex(await media.probe(inputs.path('video'), signal));
    await writeJson(outputs.path('frames'), framesIndexSchema, index);
    return { frames_count: index.frame_count };
  },
};

/** The artifact for a video's facts; `facts.pts` has one entry a frame and ascends. */
export function framesIndex(facts: VideoFacts): FramesIndex {
  const { pts, lastDuration } = facts;
  const first = pts[0];
  const last = pts.at(-1);
  if (first === undefined || last === undefined) throw new Error('a video without frames has no index');
  const [numerator, denominator] = facts.timeBase;
  const seconds = ((last + lastDuration - first) * numerator) / denominator;
  return {
    schema_version: 'frames_v1',
    container: facts.container,
    codec: facts.codec,
    width: facts.width,
    height: facts.height,
    stored_width: facts.storedWidth,
    stored_height: facts.storedHeight,
    rotation: facts.rotation as FramesIndex['rotation'],
    pixel_aspect: [...facts.pixelAspect],
    time_base: [...facts.timeBase],
    frame_count: pts.length,
    fps: round6(pts.length / seconds),
    duration_s: round6(seconds),
    variable_rate: hasVariableRate(pts),
    pts: [...pts],
    last_duration: lastDuration,
    ...(facts.clockMended ? { clock_mended: true } : {}),
    ...(facts.yuv420 === undefined ? {} : { yuv420: facts.yuv420 }),
    ...(facts.keyFrames === undefined ? {} : { key_frames: [...facts.keyFrames] }),
    ...(facts.unreferenced !== undefined && {
      // Two lists of numbers: one of pairs takes four times as long to read, in every chunk.
      unreferenced: {
        frames: facts.unreferenced.map(([frame]) => frame),
        positions: facts.unreferenced.map(([, position]) => position),
      },
    }),
  };
}

/**
 * Whether frames differ in length by more than rounding. A time base too coarse for the rate
 * (milliseconds at 23.976 fps) makes lengths differ by one unit at a constant rate.
 */
function hasVariableRate(pts: readonly number[]): boolean {
  let least = Infinity;
  let most = 0;
  for (let at = 1; at < pts.length; at++) {
    const step = pts[at]! - pts[at - 1]!;
    least = Math.min(least, step);
    most = Math.max(most, step);
  }
  return most - least > 1;
}
