import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { trackPrototype } from '../../../rules/track_reps/prototype.js';
import { stage } from '../../../rules/track_reps/stage.js';
import { readFloatMatrix, writeNpy } from '../../../src/stage/npy.js';
import type { EmbedderCard } from '../../../src/stage/model.js';
import { jsonLines } from '../../support/json-stage.js';
import { runPictureStage } from '../../support/picture-stage.js';

const vector = (degrees: number): Float32Array =>
  Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
const degrees = ([x, y]: Float32Array): number => (Math.atan2(y!, x!) * 180) / Math.PI;
const face = (faceId: string, quality: number, at: number) => ({ faceId, quality, vector: vector(at) });

describe("a track's prototype", () => {
  test('leans towards the better faces', () => {
    const { vector: mean } = trackPrototype([face('a', 0.9, 0), face('b', 0.1, 20)], 0.5);
    expect(degrees(mean)).toBeGreaterThan(1);
    expect(degrees(mean)).toBeLessThan(3);
    expect(Math.hypot(...mean)).toBeCloseTo(1, 6);
  });

  test('is made of the six best faces alone', () => {
    const best = Array.from({ length: 6 }, (_, index) => face(`a${index}`, 0.5, 0));
    expect(degrees(trackPrototype([...best, face('b', 0.4, 30)], 0.5).vector)).toBe(0);
  });

  test('leaves out a face that is somebody else', () => {
    const { vector: mean, spread } = trackPrototype([face('a', 0.5, 0), face('b', 0.5, 4), face('c', 0.5, 80)], 0.5);
    expect(degrees(mean)).toBeCloseTo(2, 3);
    expect(spread).toBeCloseTo(1 - Math.cos((80 * Math.PI) / 180), 5);
  });

  test('shows the best face that is like it, not the best face of all', () => {
    const faces = [face('a', 0.5, 0), face('b', 0.6, 3), face('c', 0.61, 88), face('d', 0.5, 2), face('e', 0.5, 1)];
    expect(trackPrototype(faces, 0.5)).toMatchObject({ representative: { faceId: 'b' }, lowConfidence: false });
  });

  test('says so when even its best face is unlike it', () => {
    const faces = [face('a', 0.5, 0), face('b', 0.5, 120)];
    expect(trackPrototype(faces, 0.9)).toMatchObject({ representative: { faceId: 'a' }, lowConfidence: true });
  });

  test('of one face is that face, with no spread', () => {
    expect(trackPrototype([face('a', 0, 45)], 0.5)).toMatchObject({ spread: 0, lowConfidence: false });
  });

  test('of two opposite faces is the better one', () => {
    expect(degrees(trackPrototype([face('a', 0.5, 0), face('b', 0.5, 180)], 0.5).vector)).toBe(0);
  });
});

describe('the track_reps stage', () => {
  const files = {
    faces: 'faces.jsonl',
    embeddings: 'faces.npy',
    tracks: 'tracks.jsonl',
    track_reps: 'reps.jsonl',
    vectors: 'reps.npy',
  };
  const trackRow = (id: number) => ({
    schema_version: 'track_v1',
    track_id: `track-0000${id}`,
    start_s: 0,
    end_s: 1,
    frame_span: [0, 1],
    scene: 0,
    stats: { detections: 1, avg_conf: 1 },
    frames: [[0, [0, 0, 1, 1], 1, 1]],
  });
  const faceRow = (id: number, track: number, more: object) => ({
    schema_version: 'face_v1',
    face_id: `f${id}`,
    track_id: `track-0000${track}`,
    frame_idx: id,
    ts_s: id,
    bbox: [0, 0, 1, 1],
    landmarks: null,
    quality_score: 0.5,
    quality: { det: 1, size: 1, sharpness: 1, frontality: 1, exposure: 1 },
    ...more,
  });
  const embedder = {
    deviceResolved: 'cpu',
    sessions: {},
    card: {
      name: 'flat',
      calibration: [
        [-1, 0],
        [1, 1],
      ],
    } as unknown as EmbedderCard,
  };

  test('gives rows to tracks with embedded faces, in the order of tracks, and to no others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sa-reps-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, files.tracks), jsonLines([1, 2, 3, 4].map(trackRow)));
    const thumb = { thumb_path: 'thumbs/x.jpg' };
    const rows = [
      faceRow(0, 3, thumb),
      faceRow(1, 1, { rejection_reason: 'off_frame' }),
      faceRow(2, 4, thumb), // embedded as zeros: failed
      faceRow(3, 2, thumb),
      faceRow(4, 2, { ...thumb, quality_score: 0.7 }),
    ];
    await writeFile(join(folder, files.faces), jsonLines(rows));
    const vectors = [...vector(90), 0, 0, ...vector(0), ...vector(0)];
    await writeNpy(join(folder, files.embeddings), { shape: [4, 2], data: Float32Array.from(vectors) });

    const { counts } = await runPictureStage(folder, stage, { files, embedder });

    expect(counts).toEqual({ track_reps_count: 2 });
    const reps = (await readFile(join(folder, files.track_reps), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(reps).toMatchObject([
      { track_id: 'track-00002', face_id: 'f4', samples: 2, spread: 0, quality: 0.7, low_confidence: false },
      { track_id: 'track-00003', face_id: 'f0', samples: 1, thumb_path: 'thumbs/x.jpg' },
    ]);
    const { rows: count, data } = await readFloatMatrix(join(folder, files.vectors));
    expect(count).toBe(2);
    expect([...data].map(Math.round)).toEqual([1, 0, 0, 1]);
  });
});
