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
import type { Frame } from '../../src/stage/frames.js';
import { readJson, writeJsonLines } from '../../src/stage/read-write.js';
import type { ChunkedStage } from '../../src/stage/stage.js';
import { runsOfFrames, type Run } from '../media/division.js';
import { concatenate, sumCounts } from '../media/parts.js';
import { processingStride } from '../media/stride.js';
import { FaceDetector } from './detector.js';
import type { FoundFace } from './merge.js';
import { framesAtOnce } from './network.js';

type Params = 'detector' | 'det_thresh' | 'det_size' | 'det_scales' | 'min_box_area' | 'stride' | 'target_fps';

/** Lower end of the band of weak detections that may continue a track (ByteTrack). */
const lowBand = 0.1;

/** Name of a chunk's rows in its part. */
const partFile = 'detections.jsonl';

/**
 * Seconds between frames whose doubtful faces are looked at again: what a face is does not change from one
 * picture to the next, and looking at each would cost a quarter to a half of the time.
 */
const lookAgainEveryS = 0.16;

/** One frame in the network while the next is packed; more than this, or than go through it together, would only hold more memory. */
const framesInFlightMin = 2;

export const stage: ChunkedStage<Params, Run> = {
  chunks: {
    /** Runs of the video, whatever the stride: the same as those of `scenes`, so that one decode serves both. */
    async split({ inputs }, size) {
      return runsOfFrames(await readJson(inputs.path('frames'), framesIndexSchema), size.frames);
    },

    async wants({ inputs, params }, { from, to }) {
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      const side = Math.max(...sizesOf(params));
      const stride = processingStride(params, index.fps);
      return {
        video: 'video',
        select: { kind: 'every', stride, from: firstProcessed(from, stride), to },
        // Scaled once, by the decoder; smaller inputs are made from this picture.
        size: { kind: 'fit', width: side, height: side },
        format: 'rgb24',
        scaler: 'bilinear',
      };
    },

    async runChunk(context, { from, to }) {
      const { inputs, params, frames, signal } = context;
      const index = await readJson(inputs.path('frames'), framesIndexSchema);
      const open = await context.model('detector');
      const together = framesAtOnce(open);
      const inFlightMax = Math.max(framesInFlightMin, together);
      const detector = new FaceDetector(open, {
        together,
        sizes: sizesOf(params),
        scoreMin: Math.min(lowBand, params.det_thresh),
        video: index,
        boxAreaMin: params.min_box_area * uprightPixelsPerStored(index),
      });
      const stride = processingStride(params, index.fps);
      const looksEvery = Math.max(1, Math.round((lookAgainEveryS * index.fps) / stride));
      const total = Math.ceil((to - firstProcessed(from, stride)) / stride);
      const rows: Detection[] = [];
      let done = 0;
      const inFlight: { readonly frameIndex: number; readonly faces: Promise<FoundFace[]> }[] = [];
      const finishOldest = async (): Promise<void> => {
        const oldest = inFlight.shift();
        if (oldest === undefined) return;
        for (const face of await oldest.faces) rows.push(rowOf(face, oldest.frameIndex, index, open.card.name));
        done += 1;
        context.progress(done, total);
      };
      try {
        for await (const frame of frames) {
          signal.throwIfAborted();
          if (inFlight.length === inFlightMax) await finishOldest();
          inFlight.push(start(detector, frame, { lookAgain: (frame.index / stride) % looksEvery === 0 }));
        }
        detector.flush();
        while (inFlight.length > 0) await finishOldest();
      } finally {
        // Left over only when something failed: they must not outlive the stage, and that failure is the one to tell.
        detector.flush();
        await Promise.allSettled(inFlight.map(({ faces }) => faces));
      }
      await writeJsonLines(join(context.part, partFile), detectionSchema, rows);
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

/** The first frame from `from` on that is processed: those are counted from the video's first, whatever the chunk. */
function firstProcessed(from: number, stride: number): number {
  return Math.ceil(from / stride) * stride;
}

function start(
  detector: FaceDetector,
  frame: Frame,
  how: { readonly lookAgain: boolean },
): { frameIndex: number; faces: Promise<FoundFace[]> } {
  const faces = detector.detect(frame, how);
  // A failure is met when this frame is finished; until then it must not count as unhandled.
  faces.catch(() => undefined);
  return { frameIndex: frame.index, faces };
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
  frameIndex: number,
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
    model_id: model,
  };
}
