import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FaceDetector } from '../../../rules/detect/detector.js';
import { stage } from '../../../rules/faces/stage.js';
import { readPicture } from '../../../rules/media/jpeg.js';
import type { Picture } from '../../../rules/media/resample.js';
import { type Bbox, type Detection, faceSchema, type Track } from '../../../src/stage/artifacts.js';
import { readNpy } from '../../../src/stage/npy.js';
import { readJsonLines } from '../../../src/stage/read-write.js';
import { framesJson, jsonLines } from '../../support/json-stage.js';
import { detectorFiles, openDetector } from '../../support/open-model.js';
import { readFrames } from '../../support/pictures.js';
import { runPictureStage } from '../../support/picture-stage.js';
import { describeWithShared, shared } from '../../support/shared.js';

const video = 'data/video/short_hamilton_clip.mp4';
const size = { width: 640, height: 360 };
const files = {
  frames: 'frames.json',
  tracks: 'tracks.jsonl',
  detections: 'detections.jsonl',
  faces: 'faces.jsonl',
  aligned: 'aligned.npy',
  thumbs: 'thumbs/',
  crops: 'crops/',
  sampled_frames: 'frames/',
};

describeWithShared('the faces of a concert clip', [video, ...detectorFiles('yunet_n')], () => {
  let folder: string;
  let pictures: Picture[];
  let detections: Detection[];
  let tracks: Track[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sa-faces-'));
    // Every 5th frame stands for a whole video of 55 frames.
    pictures = readFrames(shared(video), 5, size);
    detections = await detectAll(pictures);
    tracks = [...linked(detections), emptyHanded()];
    await writeFile(join(folder, files.frames), framesJson({ fps: 6, frameCount: pictures.length, ...size }));
    await writeFile(join(folder, files.tracks), jsonLines(tracks));
    await writeFile(join(folder, files.detections), jsonLines(detections));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const run = (params = {}) => runPictureStage(folder, stage, { files, pictures, params });
  const faces = () => readJsonLines(join(folder, files.faces), faceSchema);

  test('come with an aligned crop a row, a thumbnail each, and reasons for those left out', async () => {
    const { counts } = await run({ thumb_size: 96, sample_every_n_frames: 2 });
    const rows = await faces();
    const kept = rows.filter(({ rejection_reason }) => rejection_reason === undefined);
    expect(counts).toEqual({ faces_sampled: kept.length, faces_rejected: rows.length - kept.length });
    expect(kept.length).toBeGreaterThan(6);
    expect((await readNpy(join(folder, files.aligned))).shape).toEqual([kept.length, 112, 112, 3]);
    expect((await readdir(join(folder, 'thumbs'))).sort()).toEqual(kept.map(({ face_id }) => `${face_id}.jpg`).sort());
    expect(kept.every(({ thumb_path, face_id }) => thumb_path === `thumbs/${face_id}.jpg`)).toBe(true);
    const thumb = await readPicture(join(folder, kept[0]!.thumb_path!));
    expect([thumb.width, thumb.height]).toEqual([96, 96]);
    expect(rows.filter(({ track_id }) => track_id === 'track-00099').map((face) => face.rejection_reason)).toEqual([
      'no_landmarks',
    ]);
  });

  test('have saved crops that show what the array holds, row by row', async () => {
    await run();
    const kept = (await faces()).filter(({ rejection_reason }) => rejection_reason === undefined);
    const aligned = await readNpy(join(folder, files.aligned));
    for (const [row, { crop_path }] of kept.entries()) {
      const saved = await readPicture(join(folder, crop_path!));
      const own = aligned.data.subarray(row * 37_632, (row + 1) * 37_632);
      const difference = saved.data.reduce((sum, value, at) => sum + Math.abs(value - own[at]!), 0) / own.length;
      expect(difference).toBeLessThan(6);
    }
  });

  test('are no more than asked for, and crops and frames are saved only when asked', async () => {
    await rm(join(folder, 'crops'), { recursive: true, force: true });
    const params = { max_samples_per_track: 3, min_samples_per_track: 1, save_crops: false, save_frames: true };
    await run(params);
    const kept = (await faces()).filter(({ rejection_reason }) => rejection_reason === undefined);
    const perTrack = new Map<string, number>();
    for (const { track_id } of kept) perTrack.set(track_id, (perTrack.get(track_id) ?? 0) + 1);
    expect(Math.max(...perTrack.values())).toBe(3);
    expect(await readdir(join(folder, 'crops'))).toEqual([]);
    const sampled = [...new Set(kept.map(({ frame_idx }) => `${String(frame_idx).padStart(6, '0')}.jpg`))].sort();
    expect((await readdir(join(folder, 'frames'))).sort()).toEqual(sampled);
    const frame = await readPicture(join(folder, 'frames', sampled[0]!));
    expect([frame.width, frame.height]).toEqual([size.width, size.height]);
  });

  test('are the same bytes when they are made again', async () => {
    await run();
    const first = await digestOf(folder);
    await run();
    expect(await digestOf(folder)).toBe(first);
  });

  test.each([1, 7, 20, 50])(
    'are the same in chunks of %i faces looked at, saved frames included',
    async (chunkFrames) => {
      await rm(join(folder, 'frames'), { recursive: true, force: true });
      await run({ save_frames: true });
      const whole = await digestOf(folder);
      await rm(join(folder, 'frames'), { recursive: true });
      const { requests } = await runPictureStage(folder, stage, {
        files,
        pictures,
        params: { save_frames: true },
        chunkFrames,
      });
      expect(requests.length).toBeGreaterThan(1);
      expect(await digestOf(folder)).toBe(whole);
    },
  );

  test('ask only for frames in which a track is seen', async () => {
    const { requests } = await run();
    const [request] = requests;
    const seen = new Set(tracks.flatMap((track) => track.frames.map(([frame]) => frame)));
    expect(request?.select.kind === 'listed' && request.select.indices.every((frame) => seen.has(frame))).toBe(true);
    expect(request).toMatchObject({ size: { kind: 'full' }, format: 'rgb24', video: 'video' });
  });

  test('are not half written when a frame is missing', async () => {
    const short = { files, pictures: pictures.slice(0, 20) };
    await expect(runPictureStage(folder, stage, short)).rejects.toThrow(/^frame \d+ was asked for but not decoded$/);
  });
});

async function detectAll(pictures: readonly Picture[]): Promise<Detection[]> {
  const detector = new FaceDetector(await openDetector('yunet_n'), {
    sizes: [640],
    scoreMin: 0.5,
    video: size,
    boxAreaMin: 10,
  });
  const rows: Detection[] = [];
  for (const [frame_idx, picture] of pictures.entries()) {
    for (const { bbox, landmarks, score } of await detector.detect(picture)) {
      rows.push({
        schema_version: 'det_v1',
        frame_idx,
        ts_s: frame_idx / 6,
        bbox,
        landmarks,
        conf: score,
        model_id: 'yunet_n',
      });
    }
  }
  return rows;
}

/** The most confident face of each frame, a track for each run of frames on one side of the picture. */
function linked(detections: readonly Detection[]): Track[] {
  const best = detections.filter((row, at) => row.frame_idx !== detections[at - 1]?.frame_idx);
  const runs: Detection[][] = [];
  for (const row of best) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && Math.abs(last.bbox[0] - row.bbox[0]) < 0.1) runs.at(-1)!.push(row);
    else runs.push([row]);
  }
  return runs.map((run, index) => trackOf(`track-${String(index + 1).padStart(5, '0')}`, run));
}

/** A track whose box no detection has. */
function emptyHanded(): Track {
  const bbox: Bbox = [0.9, 0.9, 0.95, 0.98];
  return trackOf('track-00099', [{ frame_idx: 30, ts_s: 5, bbox, conf: 0.7 }]);
}

function trackOf(track_id: string, rows: readonly Pick<Detection, 'frame_idx' | 'ts_s' | 'bbox' | 'conf'>[]): Track {
  return {
    schema_version: 'track_v1',
    track_id,
    start_s: rows[0]!.ts_s,
    end_s: rows.at(-1)!.ts_s,
    frame_span: [rows[0]!.frame_idx, rows.at(-1)!.frame_idx],
    scene: 0,
    stats: { detections: rows.length, avg_conf: 0.8 },
    frames: rows.map(({ frame_idx, bbox, conf }) => [frame_idx, bbox, conf, 1]),
  };
}

async function digestOf(folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    hash.update(path);
    if (/\.(jpg|npy|jsonl)$/.test(path)) hash.update(await readFile(join(folder, path)));
  }
  return hash.digest('hex');
}
