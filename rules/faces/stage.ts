// faces: picks the faces of each track that are worth embedding, aligns them, and makes their
// pictures, in one pass over the frames a chunk. Rows of faces.jsonl come track by track in the order in
// which tracks were last looked at, so that a finished track leaves memory at once; row i of
// faces_aligned.npy is the i-th face without a rejection.
import {
  type Bbox,
  detectionSchema,
  framesIndexSchema,
  type Landmarks,
  type Track,
  trackSchema,
} from '../../src/stage/artifacts.js';
import type { Frame, FrameParts } from '../../src/stage/frames.js';
import { eachJsonLine, readJson, readWantedJsonLines } from '../../src/stage/read-write.js';
import type { ChunkedStage, StageReading } from '../../src/stage/stage.js';
import { chunkLength } from '../media/division.js';
import { encodeJpeg } from '../media/jpeg.js';
import { sumCounts } from '../media/parts.js';
import type { Size } from '../media/geometry.js';
import { shrinkPart } from '../media/picture.js';
import type { Picture } from '../media/resample.js';
import { alignFace } from './align.js';
import { divideTracks, type TrackSpan } from './division.js';
import { TrackGatherer } from './gather.js';
import { isOfFrames, landmarksFinder } from './landmarks.js';
import { partsOfFace, pointsIn, thumbnailSquare } from './parts.js';
import { measureQuality } from './quality.js';
import { type PlannedTrack, planTrack, planVisits, type Visit } from './visits.js';
import { mergeParts } from './merge-parts.js';
import { FaceWriter, type KeptFace, type RefusedFace } from './writer.js';

type FacesParam =
  | 'max_samples_per_track'
  | 'min_samples_per_track'
  | 'sample_every_n_frames'
  | 'save_crops'
  | 'save_frames'
  | 'thumb_size'
  | 'jpeg_quality';

/** The ids of the tracks that a chunk looks at. */
type Chunk = { readonly tracks: readonly string[] };

export const stage: ChunkedStage<FacesParam, Chunk> = {
  chunks: {
    /** Tracks in the order in which they are last looked at: the order of their rows. */
    async split(reading, size) {
      const { planOf, keyFrames } = await readPlanner(reading);
      const spans: (TrackSpan & { readonly id: string })[] = [];
      // An episode has hundreds of thousands of boxes in its tracks: of each track its span alone stays.
      await eachJsonLine(reading.inputs.path('tracks'), trackSchema, (track) => {
        const planned = planOf(track);
        if (planned === undefined) return;
        const frames = planned.plan.bins.flat();
        const first = Math.min(...frames);
        const from = keyFrames.findLast((key) => key <= first) ?? first;
        spans.push({ id: track.track_id, looks: frames.length, from, last: planned.lastFrame });
      });
      spans.sort((a, b) => a.last - b.last);
      const looks = spans.reduce((sum, span) => sum + span.looks, 0);
      const chunks = divideTracks(spans, chunkLength(looks, size)).map(({ from, to }) => ({
        tracks: spans.slice(from, to).map(({ id }) => id),
      }));
      return chunks.length > 0 ? chunks : [{ tracks: [] }];
    },

    async wants(reading, chunk) {
      const { visits, parts } = await lookingOf(reading, chunk);
      return {
        video: 'video',
        select: { kind: 'listed', indices: [...visits.keys()] },
        size: { kind: 'full' },
        format: 'rgb24',
        parts,
      };
    },

    async runChunk(context, chunk) {
      const { outputs, params, part } = context;
      const { visits, timeOf } = await lookingOf(context, chunk);
      const gatherers = new Map<PlannedTrack, Gatherer>();
      const writer = await FaceWriter.open({
        folder: part,
        relative: (role) => outputs.relative(role),
        timeOf,
        saveCrops: params.save_crops,
        thumbSize: params.thumb_size,
        jpegQuality: params.jpeg_quality,
      });
      try {
        const total = visits.size;
        const missing = new Set(visits.keys());
        for await (const frame of context.frames) {
          context.signal.throwIfAborted();
          const jpeg = params.save_frames ? once(() => wholeJpeg(frame, params.jpeg_quality)) : nothing;
          for (const visit of visits.get(frame.index) ?? []) {
            const { planned } = visit;
            const gatherer = gatherers.get(planned) ?? new TrackGatherer(planned.plan);
            gatherers.set(planned, gatherer);
            await look(gatherer, frame, visit, { thumbSize: params.thumb_size, jpeg });
            if (planned.lastFrame !== frame.index) continue;
            const limits = { min: params.min_samples_per_track, spacing: params.sample_every_n_frames };
            await writer.write(planned.track.track_id, gatherer.finish(limits));
            gatherers.delete(planned);
          }
          missing.delete(frame.index);
          context.progress(total - missing.size, total);
        }
        const [first] = missing;
        if (first !== undefined) throw new Error(`frame ${first} was asked for but not decoded`);
        const { sampled, rejected } = await writer.close();
        return { faces_sampled: sampled, faces_rejected: rejected };
      } catch (error) {
        await writer.abort();
        throw error;
      }
    },

    async merge({ outputs }, parts) {
      await mergeParts(
        parts.map(({ folder }) => folder),
        (role) => outputs.path(role),
      );
      return { faces_sampled: 0, faces_rejected: 0, ...sumCounts(parts) };
    },
  },
};

type Gatherer = TrackGatherer<KeptFace, RefusedFace>;

/** Aligns and measures one face and offers it to its track. */
async function look(
  gatherer: Gatherer,
  frame: Frame,
  { bin, bbox, conf, landmarks }: SeenVisit,
  options: { readonly thumbSize: number; readonly jpeg: () => Promise<Uint8Array | undefined> },
): Promise<void> {
  const seen = { frame: frame.index, bin, conf, bbox };
  if (landmarks === null) {
    gatherer.refuse({ ...seen, landmarks, reason: 'no_landmarks' });
    return;
  }
  const aligned = alignFace(frame, pointsIn(frame, landmarks));
  if (aligned.kind === 'rejected') {
    gatherer.refuse({ ...seen, landmarks, reason: aligned.reason });
    return;
  }
  const { parts, score } = measureQuality(aligned, { conf, bbox });
  const candidate = { frame: frame.index, bin, quality: score };
  if (!gatherer.wouldKeep(candidate)) return;
  const around = cutAround(frame, bbox, options.thumbSize);
  const frameJpeg = await options.jpeg();
  gatherer.offer({ ...candidate, payload: { crop: aligned.crop, parts, bbox, landmarks, around, frameJpeg } });
}

/** The thumbnail's square, shrunk by a whole factor so that a close-up in 4K stays small in memory. */
function cutAround(frame: Picture, bbox: Bbox, side: number): Picture {
  const square = thumbnailSquare(bbox, frame);
  frame.show?.(square);
  return shrinkPart(frame, square, Math.max(1, Math.floor(square.width / side)));
}

/** A visit with the landmarks of the detection behind it. */
type SeenVisit = Visit & { readonly landmarks: Landmarks | null };

/** What a chunk looks at. */
interface Looking {
  /** By frame, ascending. */
  readonly visits: ReadonlyMap<number, readonly SeenVisit[]>;
  readonly parts: FrameParts;
  readonly timeOf: (frame: number) => number;
}

/** Of the chunks at work, each of which asks twice. */
const lookings = new WeakMap<
  Chunk,
  { readonly of: StageReading<FacesParam>['params']; readonly looking: Promise<Looking> }
>();

function lookingOf(reading: StageReading<FacesParam>, chunk: Chunk): Promise<Looking> {
  const known = lookings.get(chunk);
  if (known?.of === reading.params) return known.looking;
  const looking = readLooking(reading, chunk);
  lookings.set(chunk, { of: reading.params, looking });
  return looking;
}

async function readLooking(reading: StageReading<FacesParam>, chunk: Chunk): Promise<Looking> {
  const { planOf, timeOf, size } = await readPlanner(reading);
  // Reading all tracks of an episode takes a second, and there are many chunks.
  const isOfChunk = isOfTracks(new Set(chunk.tracks));
  const tracks = await readWantedJsonLines(reading.inputs.path('tracks'), trackSchema, isOfChunk);
  const visits = planVisits(tracks.flatMap((track) => planOf(track) ?? []));
  // A chunk keeps the detections of its own frames alone: an episode has hundreds of thousands.
  const ofItsFrames = isOfFrames(visits);
  const detections = await readWantedJsonLines(reading.inputs.path('detections'), detectionSchema, ofItsFrames);
  const findLandmarks = landmarksFinder(detections);
  const seen = new Map(
    [...visits].map(([frame, inFrame]) => [
      frame,
      inFrame.map((visit) => ({ ...visit, landmarks: findLandmarks(frame, visit.bbox) })),
    ]),
  );
  const whole = { left: 0, top: 0, ...size };
  const parts = new Map(
    [...seen].map(([frame, inFrame]) => [
      frame,
      reading.params.save_frames ? [whole] : inFrame.flatMap((visit) => partsOfFace(visit, size)),
    ]),
  );
  return { visits: seen, parts, timeOf };
}

/** How each track is planned; the same whoever asks, since all read it from the same artifact. */
async function readPlanner({ inputs, params }: StageReading<FacesParam>): Promise<{
  planOf: (track: Track) => PlannedTrack | undefined;
  timeOf: (frame: number) => number;
  keyFrames: readonly number[];
  size: Size;
}> {
  const { pts, time_base, key_frames = [], width, height } = await readJson(inputs.path('frames'), framesIndexSchema);
  const [ticks, perSecond] = time_base;
  const timeOf = (frame: number): number => {
    const at = pts[frame];
    if (at === undefined) throw new Error(`a track names frame ${frame}, but the video has ${pts.length}`);
    return ((at - pts[0]!) * ticks) / perSecond;
  };
  const options = {
    max: params.max_samples_per_track,
    min: params.min_samples_per_track,
    spacing: params.sample_every_n_frames,
  };
  return {
    planOf: (track) => planTrack(track, timeOf, options),
    timeOf,
    keyFrames: key_frames,
    size: { width, height },
  };
}

/** Whether a line of tracks.jsonl is of a track in `ids`. A line that names no track is, so that reading it tells. */
function isOfTracks(ids: ReadonlySet<string>): (line: string) => boolean {
  return (line) => {
    const id = /"track_id"\s*:\s*"([^"]*)"/.exec(line)?.[1];
    return id === undefined || ids.has(id);
  };
}

function wholeJpeg(frame: Frame, quality: number): Promise<Uint8Array> {
  const { width, height } = frame;
  frame.show?.({ left: 0, top: 0, width, height });
  return encodeJpeg(frame, { quality });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

function nothing(): Promise<undefined> {
  return Promise.resolve(undefined);
}
