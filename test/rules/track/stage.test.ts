import { expect, test } from 'vitest';
import { stage } from '../../../rules/track/stage.js';
import { trackSchema, type Bbox, type Detection } from '../../../src/stage/artifacts.js';
import type { EpisodeRunConfig } from '../../../src/stage/config.js';
import { framesJson, jsonLines, runJsonStage, scenesJson } from '../../support/json-stage.js';

const video = { fps: 25, frameCount: 12 };
const face: Bbox = [0.4, 0.2, 0.5, 0.4];

test('tracks carry the very boxes and scores of the detections, times from PTS and their scene', async () => {
  const boxes = Array.from({ length: 12 }, (_, frame): Bbox => [0.400001 + frame / 1000, 0.2, 0.5 + frame / 1000, 0.4]);
  const rows = boxes.map((bbox, frame) => detection(frame, bbox, frame === 3 ? 0.234567 : 0.9));
  const { counts, tracks } = await track(rows, { cuts: [8] });
  expect(counts).toEqual({ tracks_count: 2 });
  expect(tracks.map((row) => [row.track_id, row.scene, row.frame_span, row.start_s, row.end_s])).toEqual([
    ['track-00001', 0, [0, 7], 0, 0.28],
    ['track-00002', 1, [8, 11], 0.32, 0.44],
  ]);
  expect(tracks.flatMap((row) => row.frames.map(([frame, bbox]) => [frame, bbox]))).toEqual([...boxes.entries()]);
  expect(tracks[0]!.frames[3]).toEqual([3, boxes[3], 0.234567, 2]);
  expect(tracks[0]!.stats).toEqual({ detections: 8, avg_conf: 0.816821 });
});

test('only processed frames count: what lies between them is passed over', async () => {
  const rows = Array.from({ length: 12 }, (_, frame) => detection(frame, face, 0.9));
  const { tracks } = await track(rows, { params: { stride: 4 } });
  expect(tracks.map((row) => row.frames.map(([frame]) => frame))).toEqual([[0, 4, 8]]);
  const { tracks: atRate } = await track(rows, { params: { target_fps: 5 } });
  expect(atRate.map((row) => row.frames.map(([frame]) => frame))).toEqual([[0, 5, 10]]);
});

test('how sure a track is a face counts what the detector saw when it looked again', async () => {
  const rows = [0, 1, 2, 3].map((frame) => ({
    ...detection(frame, face, 0.9),
    // Some frames only are looked at again.
    ...(frame % 2 === 0 && { face_conf: frame === 0 ? 0.3 : 0.5 }),
  }));
  const { tracks } = await track(rows, {});
  expect(tracks[0]!.stats).toEqual({ detections: 4, avg_conf: 0.9, face_conf: 0.4 });
});

test('an episode without a face has no tracks', async () => {
  expect(await track([], {})).toEqual({ counts: { tracks_count: 0 }, tracks: [] });
});

test('scenes without a face, and cuts between processed frames, leave the others as they are', async () => {
  const rows = [4, 6, 8, 10].map((frame) => detection(frame, face, 0.9));
  const { tracks } = await track(rows, { cuts: [2, 3, 7], params: { stride: 2 } });
  expect(tracks.map((row) => [row.scene, row.frames.map(([frame]) => frame)])).toEqual([
    [2, [4, 6]],
    [3, [8, 10]],
  ]);
});

test('detections that do not ascend by frame are refused', async () => {
  await expect(track([detection(3, face, 0.9), detection(2, face, 0.9)], {})).rejects.toThrow(
    'a row of frame 2 comes after one of frame 3',
  );
});

test('thresholds of the run decide what starts a track', async () => {
  const rows = [0, 1, 2].map((frame) => detection(frame, face, 0.69));
  expect((await track(rows, {})).tracks).toHaveLength(0);
  expect((await track(rows, { params: { new_track_thresh: 0.66 } })).tracks).toHaveLength(1);
});

async function track(
  rows: readonly Detection[],
  { cuts = [], params = {} }: { cuts?: readonly number[]; params?: Partial<EpisodeRunConfig> },
): Promise<{ counts: unknown; tracks: ReturnType<typeof trackSchema.parse>[] }> {
  const { counts, output } = await runJsonStage(stage, {
    params,
    inputs: {
      detections: jsonLines(rows),
      frames: framesJson(video),
      scenes: scenesJson({ ...video, cuts }),
    },
  });
  const lines = (await output('tracks')).split('\n').slice(0, -1);
  return { counts, tracks: lines.map((line) => trackSchema.parse(JSON.parse(line))) };
}

function detection(frame: number, bbox: Bbox, conf: number): Detection {
  return {
    schema_version: 'det_v1',
    frame_idx: frame,
    ts_s: frame / video.fps,
    bbox,
    landmarks: null,
    conf,
    model_id: 'drawn',
  };
}
