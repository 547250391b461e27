// The stage `detect`: frames in, detections.jsonl out. It keeps rows down to the low band that the
// tracker's second association needs; det_thresh decides later what can start or carry a track.
import { join } from 'node:path';
import {
  detectionSchema,
  framesIndexSchema,
  round6,
  type Detection,
  type FramesIndex,
} from '../../src/stage/artifacts.js';
import { readJson, writeJsonLines } from '../../src/stage/read-write.js';
import type { EpisodeRunConfig } from '../../src/stage/config.js';
import type { Frame } from '../../src/stage/frames.js';
import type { ChunkedStage } from '../../src/stage/stage.js';
import { runsOfFrames, type Run } from '../media/division.js';
import { intersectionOverUnion, roundUp } from '../media/geometry.js';
import { concatenate, sumCounts } from '../media/parts.js';
import { processingStride } from '../media/stride.js';
import { partAroundFace } from '../faces/parts.js';
import { FaceDetector } from './detector.js';
import { lookAtEach, lookWhereItChanges, type Look } from './looks.js';
import type { FoundFace } from './merge.js';
import { framesAtOnce } from './network.js';

type Stepping = 'stride' | 'target_fps' | 'adaptive_stride';
type Params = 'detector' | 'det_thresh' | 'det_size' | 'det_scales' | 'min_box_area' | Stepping;

/** Lower end of the band of weak detections that may continue a track (ByteTrack). */
const lowBand = 0.1;

/** Name of a chunk's rows in its part. */
const partFile = 'detections.jsonl';

/**
 * Seconds between frames whose doubtful faces are looked at again: what a face is does not change from one
 * picture to the next, and looking at each would cost a quarter to a half of the time.
 */
const lookAgainEveryS = 0.16;

/**
 * From this stride on what `faces` will look at is kept: at 2 that saves a tenth of the processor time of scenes, detect and faces
 * together, and an episode fits what may be kept. At 1 it saves no more, and twice the bytes would not fit.
 */
const strideKept = 2;

export const stage: ChunkedStage<Params, Run> = {
  chunks: {
    /** Runs of the video, whatever the stride: the same as those of `scenes`, so that one decode serves both. */
    async split({ inputs }, size) {
      return runsOfFrames(await readJson(inputs.path('frames'), framesIndexSchema), size);
    },

    async wants({ inputs, params }, run) {
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      const side = Math.max(...sizesOf(params));
      const { stride, step, from, seenTo } = planOf(run, params, index);
      return {
        video: 'video',
        select: { kind: 'every', stride, from, to: seenTo },
        // Scaled once, by the decoder; smaller inputs are made from this picture.
        size: { kind: 'fit', width: side, height: side },
        format: 'rgb24',
        scaler: 'bilinear',
        // With an adaptive stride pictures are kept to be looked at later, and compared.
        asYuv: step === stride,
        keeps: step === stride && stride >= strideKept,
      };
    },

    async runChunk(context, run) {
      const { inputs, params, frames, signal } = context;
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      const open = await context.model('detector');
      const together = framesAtOnce(open);
      const detector = new FaceDetector(open, {
        together,
        sizes: sizesOf(params),
        scoreMin: Math.min(lowBand, params.det_thresh),
        video: index,
        boxAreaMin: params.min_box_area * uprightPixelsPerStored(index),
      });
      const { stride, step, from, writtenTo, lastOfVideo } = planOf(run, params, index);
      const looksEvery = Math.max(1, Math.round((lookAgainEveryS * index.fps) / step));
      const options = { detector, lookAgain: (frame: number) => (frame / step) % looksEvery === 0 };
      const isLookedAt = (frame: number): boolean => frame % step === 0 || frame === lastOfVideo;
      const looks =
        step === stride
          ? lookAtEach(frames, { ...options, together, seen: keeperOf(params, index) })
          : lookWhereItChanges(frames, { ...options, isLookedAt, scoreMin: params.det_thresh });
      const total = Math.ceil((writtenTo - from) / stride);
      const rows: Detection[] = [];
      let done = 0;
      for await (const look of looks) {
        signal.throwIfAborted();
        // The next chunk's: looked at for what lies before it.
        if (look.frame >= writtenTo) continue;
        for (const face of look.faces) rows.push(rowOf(face, look, index, open.card.name));
        done += 1;
        context.progress(done, total);
      }
      writeJsonLines(join(context.part, partFile), detectionSchema, rows);
      return { detections_count: rows.length, frames_count: done };
    },

    async merge({ outputs }, parts) {
      await concatenate(
        parts.map(({ folder }) => join(folder, partFile)),
        outputs.path('detections'),
      );
      return sumCounts(parts);
    },
  },
};

/** A weak face may go on a track where one was so shortly before, and overlaps it by so much. */
const goesOn = { withinS: 0.5, iouMin: 0.3 };

/** Keeps what `faces` will look at where tracks begin with these faces or go on with them. */
function keeperOf({ det_thresh }: Readonly<Pick<EpisodeRunConfig, 'det_thresh'>>, index: FramesIndex) {
  let recent: { readonly frame: number; readonly face: FoundFace }[] = [];
  return ({ index: frame, keep }: Frame, found: readonly FoundFace[]): void => {
    if (keep === undefined) return;
    recent = recent.filter((before) => frame - before.frame <= goesOn.withinS * index.fps);
    const isWanted = ({ score, bbox }: FoundFace): boolean =>
      score >= det_thresh || recent.some(({ face }) => intersectionOverUnion(face.bbox, bbox) >= goesOn.iouMin);
    const wanted = found.filter(isWanted);
    recent.push(...wanted.map((face) => ({ frame, face })));
    // To the last digit the face that its row says, since that is what the others read.
    keep(wanted.flatMap((face) => partAroundFace(rowOf(face, { frame }, index, ''), index) ?? []));
  };
}

/**
 * What a chunk sees and writes: frames `from` up to `seenTo`, every `stride`-th, of which the rows below `writtenTo`. Each `step`
 * is looked at whatever it shows. Strides and steps are counted from the video's first frame, whatever the chunk; one with an
 * adaptive stride has the frames from its first step up to the next chunk's, and sees that one too.
 */
function planOf(
  { from, to }: Run,
  params: Readonly<Pick<EpisodeRunConfig, Stepping>>,
  { fps, frame_count: count }: FramesIndex,
) {
  const stride = processingStride(params, fps);
  const step = stride * Math.max(1, Math.floor((params.adaptive_stride ?? 1) / stride));
  const first = roundUp(from, step);
  const writtenTo = step === stride ? to : Math.min(count, roundUp(to, step));
  const seenTo = step === stride ? to : Math.min(count, writtenTo + 1);
  const lastOfVideo = Math.floor((count - 1) / stride) * stride;
  return { stride, step, from: first, writtenTo, seenTo: first < writtenTo ? seenTo : first, lastOfVideo };
}

function sizesOf({
  det_size,
  det_scales,
}: {
  readonly det_size: number;
  readonly det_scales: readonly number[];
}): number[] {
  return [det_size, ...det_scales];
}

/** min_box_area counts stored pixels, which need not be square; boxes are measured upright. */
function uprightPixelsPerStored({ width, height, stored_width, stored_height }: FramesIndex): number {
  return (width * height) / (stored_width * stored_height);
}

function rowOf(
  { bbox, landmarks, score, confirmedScore }: FoundFace,
  { frame: frameIndex, interpolated = false }: Pick<Look, 'frame'> & Partial<Pick<Look, 'interpolated'>>,
  index: FramesIndex,
  model: string,
): Detection {
  const pts = index.pts[frameIndex];
  if (pts === undefined) throw new Error(`frame ${frameIndex} is not in frames.json, which has ${index.frame_count}`);
  const [numerator, denominator] = index.time_base;
  const [x1, y1, x2, y2] = bbox.map(round6);
  return {
    schema_version: 'det_v1',
    frame_idx: frameIndex,
    ts_s: round6(((pts - index.pts[0]!) * numerator) / denominator),
    bbox: [x1!, y1!, x2!, y2!],
    landmarks:
      landmarks &&
      (landmarks.map(([x, y]) => [round6(x), round6(y)]) as readonly (readonly number[])[] as typeof landmarks),
    conf: round6(score),
    ...(confirmedScore !== undefined && { face_conf: round6(confirmedScore) }),
    ...(interpolated && { interpolated }),
    model_id: model,
  };
}
