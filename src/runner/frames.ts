// Gives a stage the frames that it asked for. What the container knows comes from the frame index
// that probe made, so that no stage looks into the video a second time; what several want is decoded once.
import type { DecodeOptions, Wish } from '../media/decode.js';
import type { KeptPixels } from '../media/kept.js';
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

/** How it is decoded, in which nothing of what arrives differs. */
export type DecodeHow = Pick<DecodeOptions, 'tools' | 'seek' | 'hwaccel' | 'tryHwaccel'>;

/** Who wants frames, and which. */
export interface FrameReader {
  readonly context: Pick<StageContext, 'inputs' | 'signal'>;
  readonly request: FrameRequest;
  /** Folder of the pixels that are kept of its video in this build. */
  readonly kept?: string | undefined;
}

export interface GivenFrames {
  readonly frames: AsyncIterable<Frame>;
  /** To be called when the reader ended well: what it kept can be found from then on. */
  finish(): void;
  /** To be called when the reader has ended, whether it read all, some or none: others may wait for it. */
  leave(): Promise<void>;
}

/** A reader with what is known of its video, and what the decoder is asked for. */
interface Prepared {
  readonly reader: FrameReader;
  readonly source: Source;
  readonly wish: Wish;
  /** Where frames of the decoder are only some of the reader's. */
  readonly kept: KeptPixels | undefined;
}

/** What is loaded only when frames are asked for. */
async function loadMedia() {
  const { canShare, SharedDecode } = await import('../media/decode.js');
  const { isPlain } = await import('../media/finish.js');
  const { KeptPixels, PixelKeeper } = await import('../media/kept.js');
  const { framesFromKept, framesToKeep } = await import('../media/kept-frames.js');
  return { canShare, SharedDecode, isPlain, KeptPixels, PixelKeeper, framesFromKept, framesToKeep };
}

type Media = Awaited<ReturnType<typeof loadMedia>>;

/** The frames of each reader, in their order; a video that several look at is decoded once. All must read side by side. */
export async function framesFor(readers: readonly FrameReader[], how: DecodeHow): Promise<readonly GivenFrames[]> {
  const media = await loadMedia();
  const given = new Map<FrameReader, GivenFrames>();
  for (const group of groupsOf(readers, media)) {
    const source = await sourceOf(group[0]!);
    const prepared = group.map((reader) => prepare(reader, source, media));
    giveTogether(prepared, how, media).forEach((frames, at) => given.set(group[at]!, frames));
  }
  return readers.map((reader) => given.get(reader)!);
}

/** One decode for readers that can share it. */
function giveTogether(
  readers: readonly Prepared[],
  options: DecodeHow,
  { canShare, isPlain, SharedDecode, PixelKeeper, framesFromKept, framesToKeep }: Media,
): readonly GivenFrames[] {
  const { path, facts } = readers[0]!.source;
  const wishes = readers.map(({ wish, reader }) => ({ request: wish, signal: reader.context.signal }));
  const storedPlaces = new Map<Prepared, number>();
  for (const one of readers) {
    const { request, kept, context } = one.reader;
    const stored: Wish = { select: request.select, size: { kind: 'full' }, format: 'stored' };
    const canKeep = request.keeps === true && kept !== undefined && isPlain(facts);
    if (!canKeep || !canShare([...wishes.map((wish) => wish.request), stored])) continue;
    storedPlaces.set(one, wishes.push({ request: stored, signal: context.signal }) - 1);
  }
  const decode = new SharedDecode(path, facts, wishes, options);
  // Its first frames are on their way while the stages open their models.
  decode.start();
  return readers.map((one, place): GivenFrames => {
    const { reader, kept, wish } = one;
    const { request, context } = reader;
    const frames = decode.frames(place);
    const storedPlace = storedPlaces.get(one);
    if (storedPlace !== undefined) {
      const keeper = new PixelKeeper(reader.kept!, String(stretchStart(request)), facts);
      let isFinished = false;
      return {
        frames: framesToKeep(frames, decode.frames(storedPlace), keeper),
        finish() {
          keeper.finish();
          isFinished = true;
        },
        async leave() {
          if (!isFinished) keeper.drop();
          await Promise.all([decode.leave(place), decode.leave(storedPlace)]);
        },
      };
    }
    const { select, parts } = request;
    const isKept = kept !== undefined && parts !== undefined && select.kind === 'listed';
    return {
      frames: isKept
        ? framesFromKept(select.indices, frames, { kept, request: { ...wish, parts }, facts, signal: context.signal })
        : frames,
      finish: () => undefined,
      leave() {
        kept?.close();
        return decode.leave(place);
      },
    };
  });
}

/** What the decoder must be asked for: all that a reader wants and that is not kept. */
function prepare(reader: FrameReader, source: Source, { isPlain, KeptPixels }: Media): Prepared {
  const { request, kept: folder } = reader;
  const { select, parts, size, format } = request;
  const { facts } = source;
  const canBeKept = parts !== undefined && size.kind === 'full' && format === 'rgb24' && isPlain(facts);
  const asked = { reader, source, wish: request, kept: undefined };
  if (folder === undefined || !canBeKept || select.kind !== 'listed') return asked;
  const kept = new KeptPixels(folder, facts, parts);
  const indices = select.indices.filter((index) => !kept.has(index));
  if (indices.length === select.indices.length) {
    kept.close();
    return asked;
  }
  return { reader, source, wish: { ...request, select: { kind: 'listed', indices } }, kept };
}

function stretchStart({ select }: FrameRequest): number {
  return select.kind === 'every' ? (select.from ?? 0) : 0;
}

/** Readers of the same video by the same index, in groups that one decode can serve. */
function groupsOf(readers: readonly FrameReader[], { canShare }: Media): FrameReader[][] {
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

/** A video and what its index says of it. */
interface Source {
  readonly path: string;
  readonly facts: VideoFacts;
}

async function sourceOf({ context, request }: FrameReader): Promise<Source> {
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
