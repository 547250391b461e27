import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FaceEmbedder, unitRows } from '../../../rules/embed/embedder.js';
import { stage } from '../../../rules/embed/stage.js';
import type { EmbedderCard, OpenModel } from '../../../src/stage/model.js';
import { readFloatMatrix, writeNpy } from '../../../src/stage/npy.js';
import { embedderFiles, openEmbedder } from '../../support/embedders.js';
import { jsonLines } from '../../support/json-stage.js';
import { runPictureStage } from '../../support/picture-stage.js';
import { describeWithShared } from '../../support/shared.js';

const cropBytes = 112 * 112 * 3;

/** An embedder whose vector is the mean of each input plane, and which keeps what it was fed. */
function meanModel(colour: 'rgb' | 'bgr', batchMax: number) {
  const fed: number[][] = [];
  const net = {
    file: 'mean.onnx',
    bytes: 0,
    sha256: '',
    inputs: [{ name: 'in', dims: [null, 3, 112, 112] }],
    outputs: [{ name: 'out', dims: [null, 3] }],
    pixels: { colour, mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
    batchMax,
  };
  const card: EmbedderCard = {
    role: 'embedder',
    name: 'mean',
    dim: 3,
    cropSize: 112,
    template: 'arcface',
    calibration: [
      [-1, 0],
      [1, 1],
    ],
    parts: { net },
    licence: '',
    training: '',
    source: '',
  };
  const model: OpenModel<EmbedderCard> = {
    card,
    deviceResolved: 'cpu',
    sessions: {
      net: {
        run(feeds) {
          const { data, dims } = feeds['in']!;
          fed.push([...dims]);
          const pixels = 112 * 112;
          const means = Array.from({ length: dims[0]! * 3 }, (_, plane) =>
            (data as Float32Array)
              .subarray(plane * pixels, (plane + 1) * pixels)
              .reduce((sum, value) => sum + value / pixels, 0),
          );
          return Promise.resolve({ out: { data: Float32Array.from(means), dims: [dims[0]!, 3] } });
        },
      },
    },
  };
  return { model, fed };
}

function plain(colour: readonly [number, number, number]): Uint8Array {
  return Uint8Array.from({ length: cropBytes }, (_, at) => colour[at % 3]!);
}

describe('an embedder', () => {
  test.each([
    ['rgb', [1, 0, -1]],
    ['bgr', [-1, 0, 1]],
  ] as const)('feeds planes in %s order, normalised as its card says', async (colour, direction) => {
    const embedder = new FaceEmbedder(meanModel(colour, 1).model);
    const vector = await embedder.embed(plain([255, 127.5, 0]), 1);
    direction.forEach((value, at) => expect(vector[at]).toBeCloseTo(value / Math.SQRT2, 2));
  });

  test('makes rows of length 1, and zeros of what has no direction', () => {
    const rows = unitRows(Float32Array.of(3, 4, 0, 0, Number.NaN, 1, Number.POSITIVE_INFINITY, 1), 2);
    expect([...rows]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0, 0, 0, 0, 0]);
  });
});

const face = (index: number, rejection_reason?: string) => ({
  schema_version: 'face_v1',
  face_id: `f${index}`,
  track_id: 'track-00001',
  frame_idx: index,
  ts_s: index,
  bbox: [0, 0, 1, 1],
  landmarks: null,
  quality_score: 0.5,
  quality: { det: 1, size: 1, sharpness: 1, frontality: 1, exposure: 1 },
  rejection_reason,
});
const files = { faces: 'faces.jsonl', aligned: 'aligned.npy', embeddings: 'out.npy' };

async function folderWith(faces: readonly unknown[], crops: readonly Uint8Array[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-embed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, files.faces), jsonLines(faces));
  const data = new Uint8Array(crops.length * cropBytes);
  crops.forEach((crop, row) => data.set(crop, row * cropBytes));
  await writeNpy(join(folder, files.aligned), { shape: [crops.length, 112, 112, 3], data });
  return folder;
}

describe('the embed stage', () => {
  test('gives a row to each face that was not rejected, in batches, zeros where a face has no direction', async () => {
    const { model, fed } = meanModel('rgb', 2);
    const red = plain([255, 127.5, 127.5]);
    // 127 and 128 cancel: the middle grey of a flat picture is the zero of this card, within rounding.
    const grey = Uint8Array.from({ length: cropBytes }, (_, at) => (Math.floor(at / 3) % 2 === 0 ? 127 : 128));
    const folder = await folderWith([face(0), face(1, 'off_frame'), face(2), face(3)], [red, grey, red]);
    expect((await runPictureStage(folder, stage, { files, embedder: model })).counts).toEqual({ faces_count: 3 });
    expect(fed.map(([batch]) => batch)).toEqual([2, 1]);
    const { rows, data } = await readFloatMatrix(join(folder, files.embeddings));
    expect(rows).toBe(3);
    expect([...data.subarray(3, 6)]).toEqual([0, 0, 0]);
    expect(data[0]).toBeCloseTo(1, 3);
  });

  test.each([1, 2, 3, 5])('gives the same bytes in chunks of %i faces, which divide no batch', async (chunkFrames) => {
    const { model, fed } = meanModel('rgb', 2);
    const crops = Array.from({ length: 7 }, (_, at) => plain([30 * at, 255 - 20 * at, 100]));
    const folder = await folderWith(
      crops.map((_, at) => face(at)),
      crops,
    );
    await runPictureStage(folder, stage, { files, embedder: model });
    const whole = await readFile(join(folder, files.embeddings));
    const batches = fed.splice(0).map(([batch]) => batch);
    const { counts } = await runPictureStage(folder, stage, { files, embedder: model, chunkFrames });
    expect(counts).toEqual({ faces_count: 7 });
    expect(fed.map(([batch]) => batch)).toEqual(batches);
    expect(await readFile(join(folder, files.embeddings))).toEqual(whole);
  });

  test('writes an empty matrix for an episode without faces, and opens no model', async () => {
    const folder = await folderWith([], []);
    const { model } = meanModel('rgb', 1);
    const { counts } = await runPictureStage(folder, stage, { files, embedder: { ...model, sessions: {} } });
    expect(counts).toEqual({ faces_count: 0 });
    expect(await readFloatMatrix(join(folder, files.embeddings))).toMatchObject({ rows: 0, dim: 3 });
  });

  test('refuses crops that are not one for each face', async () => {
    const folder = await folderWith([face(0)], []);
    const run = runPictureStage(folder, stage, { files, embedder: meanModel('rgb', 1).model });
    await expect(run).rejects.toThrow('faces_aligned.npy has 0 rows for 1 faces');
  });
});

describeWithShared('a real embedder', [embedderFiles['mobileface-v2']], () => {
  test('gives a face the same vector alone and among others', async () => {
    const embedder = new FaceEmbedder(await openEmbedder('mobileface-v2'));
    const crops = Uint8Array.from({ length: 3 * cropBytes }, (_, at) => (at * 31 + Math.floor(at / 336) * 7) % 251);
    const together = await embedder.embed(crops, 3);
    const alone = await embedder.embed(crops.subarray(cropBytes, 2 * cropBytes), 1);
    const cosine = alone.reduce((sum, value, at) => sum + value * together[256 + at]!, 0);
    expect(cosine).toBeCloseTo(1, 5);
  });
});
