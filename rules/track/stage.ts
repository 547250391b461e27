// The stage `track`: detections.jsonl in, tracks.jsonl out. A track's boxes and scores are the
// detections' own, number for number, so that later stages find a face by its frame and box.
import {
  detectionSchema,
  framesIndexSchema,
  round6,
  scenesSchema,
  trackSchema,
  type Detection,
  type FramesIndex,
  type Scenes,
  type Track,
} from '../../src/stage/artifacts.js';
import { eachJsonLine, JsonLinesWriter, readJson } from '../../src/stage/read-write.js';
import type { Stage } from '../../src/stage/stage.js';
import { frameTimes } from '../media/frame-times.js';
import { processingStride } from '../media/stride.js';
import type { FrameBoxes } from './byte-track.js';
import type { Box } from './iou.js';
import { linkScene, type LinkedTrack, type SceneLinkOptions } from './link.js';

type Params =
  'tracker' | 'det_thresh' | 'new_track_thresh' | 'match_thresh' | 'track_buffer' | 'max_gap' | 'stride' | 'target_fps';

/** Pictures nearer than this show a face where the last one did; ByteTrack alone is then enough. */
const closeStepSeconds = 0.05;
/** Measured on three labelled clips at strides 2 to 8: fewer broken tracks, none of two people. */
const farBoxGrowth = 0.3;

export const stage: Stage<Params> = {
  async run({ inputs, outputs, params, signal }) {
    const index = await readJson(inputs.path('frames'), framesIndexSchema);
    const { scenes } = await readJson(inputs.path('scenes'), scenesSchema);
    const stride = processingStride(params, index.fps);
    const options: SceneLinkOptions = {
      trackThresh: params.det_thresh,
      newTrackThresh: params.new_track_thresh,
      matchThresh: params.match_thresh,
      trackBuffer: params.track_buffer,
      gapMax: params.max_gap,
      fps: index.fps,
      stride,
      // The one pixel that the reference adds would make the answer depend on the video's size.
      iou: 'plain',
      boxGrowth: stride / index.fps > closeStepSeconds * 1.001 ? farBoxGrowth : 0,
    };
    const times = frameTimes(index);
    const tracks = new JsonLinesWriter(outputs.path('tracks'), trackSchema);
    let count = 0;
    try {
      await eachScene(inputs.path('detections'), scenes, (scene, detections) => {
        signal.throwIfAborted();
        const found = groupByFrame(detections, { ...scenes[scene]!, stride });
        const boxes = found.map(({ frame, rows: seen }) => inPixels(frame, seen, index));
        const rowsOf = (frame: number): readonly Seen[] => found[(frame - found[0]!.frame) / stride]!.rows;
        for (const track of linkScene(scene, boxes, options))
          tracks.append(trackRow(track, { ordinal: count++, times, rowsOf }));
      });
    } finally {
      tracks.close();
    }
    return { tracks_count: count };
  },
};

/**
 * Hands out the detections of each scene that has some. Memory holds those of one alone: an episode has hundreds of thousands.
 * @throws when rows do not ascend by frame
 */
async function eachScene(
  path: string,
  scenes: Scenes['scenes'],
  take: (scene: number, detections: readonly Seen[]) => void,
): Promise<void> {
  let scene = 0;
  let seen: Seen[] = [];
  let before = 0;
  await eachJsonLine(path, detectionSchema, (row) => {
    const frame = row.frame_idx;
    if (frame < before) throw new Error(`${path}: a row of frame ${frame} comes after one of frame ${before}`);
    before = frame;
    while (frame >= (scenes[scene + 1]?.start_frame ?? Infinity)) {
      if (seen.length > 0) take(scene, seen);
      scene += 1;
      seen = [];
    }
    seen.push(seenOf(row));
  });
  if (seen.length > 0) take(scene, seen);
}

/** What tracking needs of a detection. */
type Seen = Pick<Detection, 'frame_idx' | 'bbox' | 'conf' | 'face_conf'>;

function seenOf({ frame_idx, bbox, conf, face_conf }: Detection): Seen {
  return { frame_idx, bbox, conf, face_conf };
}

interface ProcessedFrame {
  readonly frame: number;
  readonly rows: Seen[];
}

/** Every processed frame of a scene with its detections; a frame in which nothing was found is there too. */
function groupByFrame(
  detections: readonly Seen[],
  scene: { readonly start_frame: number; readonly end_frame: number; readonly stride: number },
): ProcessedFrame[] {
  const { start_frame: start, end_frame: end, stride } = scene;
  const first = Math.ceil(start / stride) * stride;
  const frames: ProcessedFrame[] = [];
  for (let frame = first; frame < end; frame += stride) frames.push({ frame, rows: [] });
  // Detections between the processed frames, of a run with a smaller stride, are passed over.
  for (const detection of detections) frames[(detection.frame_idx - first) / stride]?.rows.push(detection);
  return frames;
}

function inPixels(frame: number, rows: readonly Seen[], { width, height }: FramesIndex): FrameBoxes {
  const boxes = rows.map(({ bbox: [x1, y1, x2, y2] }): Box => [x1 * width, y1 * height, x2 * width, y2 * height]);
  return { index: frame, boxes, scores: rows.map((row) => row.conf) };
}

function trackRow(
  { scene, links }: LinkedTrack,
  context: { ordinal: number; times: Float64Array; rowsOf: (frame: number) => readonly Seen[] },
): Track {
  const rows = links.map((link) => context.rowsOf(link.index)[link.detection]!);
  const frames = links.map((link, at): Track['frames'][number] => {
    const { bbox, conf } = rows[at]!;
    return [link.index, bbox, conf, link.association];
  });
  const [first, last] = [links[0]!.index, links.at(-1)!.index];
  const sure = rows.flatMap(({ face_conf }) => face_conf ?? []);
  return {
    schema_version: 'track_v1',
    track_id: `track-${String(context.ordinal + 1).padStart(5, '0')}`,
    // Of the first and the last detection; how long the last one stays on screen is screen time's to say.
    start_s: round6(context.times[first]!),
    end_s: round6(context.times[last]!),
    frame_span: [first, last],
    scene,
    stats: {
      detections: frames.length,
      avg_conf: mean(rows.map(({ conf }) => conf)),
      ...(sure.length > 0 && { face_conf: mean(sure) }),
    },
    frames,
  };
}

function mean(values: readonly number[]): number {
  return round6(values.reduce((sum, value) => sum + value, 0) / values.length);
}
