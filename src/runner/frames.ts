// Gives a stage the frames that it asked for. What the container knows comes from the frame index
// that probe made, so that no stage looks into the video a second time.
import { framesIndexSchema, type FramesIndex } from '../stage/artifacts.js';
import type { Frame, FrameRequest } from '../stage/frames.js';
import { readJson } from '../stage/read-write.js';
import type { MediaProbe, StageContext, VideoFacts } from '../stage/stage.js';

export const mediaProbe: MediaProbe = {
  async probe(path, signal) {
    const { probeVideo } = await import('../media/probe.js');
    return probeVideo(path, signal);
  },
};

export async function* framesFor(
  context: Pick<StageContext, 'inputs' | 'signal'>,
  request: FrameRequest,
  { seek }: { readonly seek: boolean },
): AsyncGenerator<Frame> {
  const { decodeFrames } = await import('../media/decode.js');
  const path = context.inputs.path(request.video);
  const index = context.inputs.optional('frames');
  const facts =
    index === undefined
      ? await mediaProbe.probe(path, context.signal)
      : factsOf(await readJson(index, framesIndexSchema));
  yield* decodeFrames(path, facts, request, context.signal, { seek });
}

function factsOf(index: FramesIndex): VideoFacts {
  return {
    container: index.container,
    codec: index.codec,
    storedWidth: index.stored_width,
    storedHeight: index.stored_height,
    width: index.width,
    height: index.height,
    rotation: index.rotation,
    pixelAspect: index.pixel_aspect,
    timeBase: index.time_base,
    pts: index.pts,
    lastDuration: index.last_duration,
    clockMended: index.clock_mended === true,
  };
}
