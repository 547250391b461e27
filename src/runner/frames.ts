// Gives a stage the frames that it asked for. What the container knows comes from the frame index
// that probe made, so that no stage looks into the video a second time; what several want is decoded once.
import type { DecodeOptions } from '../media/decode.js';
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

/** Who wants frames, and which. */
export interface FrameReader {
  readonly context: Pick<StageContext, 'inputs' | 'signal'>;
  readonly request: FrameRequest;
}

export interface GivenFrames {
  readonly frames: AsyncIterable<Frame>;
  /** To be called when the reader has ended, whether it read all, some or none: others may wait for it. */
  leave(): Promise<void>;
}

/** The frames of each reader, in their order; a video that several look at is decoded once. All must read side by side. */
export async function framesFor(
  readers: readonly FrameReader[],
  how: Pick<DecodeOptions, 'seek' | 'hwaccel'>,
): Promise<readonly GivenFrames[]> {
  const { canShare, SharedDecode } = await import('../media/decode.js');
  const given = new Map<FrameReader, GivenFrames>();
  for (const group of groupsOf(readers, canShare)) {
    const { path, facts } = await sourceOf(group[0]!);
    const decode = new SharedDecode(
      path,
      facts,
      group.map(({ request, context: { signal } }) => ({ request, signal })),
      how,
    );
    group.forEach((reader, place) => {
      given.set(reader, { frames: decode.frames(place), leave: () => decode.leave(place) });
    });
  }
  return readers.map((reader) => given.get(reader)!);
}

/** Readers of the same video by the same index, in groups that one decode can serve. */
function groupsOf(
  readers: readonly FrameReader[],
  canShare: (requests: readonly FrameRequest[]) => boolean,
): FrameReader[][] {
  const groups = new Map<string, FrameReader[][]>();
  for (const reader of readers) {
    const { context, request } = reader;
    const key = JSON.stringify([context.inputs.path(request.video), context.inputs.optional('frames')]);
    const ofVideo = groups.get(key) ?? [];
    const open = ofVideo.find((group) => canShare([...group, reader].map((one) => one.request)));
    if (open === undefined) ofVideo.push([reader]);
    else open.push(reader);
    groups.set(key, ofVideo);
  }
  return [...groups.values()].flat();
}

async function sourceOf({
  context,
  request,
}: FrameReader): Promise<{ readonly path: string; readonly facts: VideoFacts }> {
  const path = context.inputs.path(request.video);
  const index = context.inputs.optional('frames');
  const facts =
    index === undefined
      ? await mediaProbe.probe(path, context.signal)
      : factsOf(await readJson(index, framesIndexSchema));
  return { path, facts };
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
    yuv420: index.yuv420,
    keyFrames: index.key_frames,
    unreferenced: index.unreferenced?.frames.map((frame, at) => [frame, index.unreferenced!.positions[at]!] as const),
  };
}
