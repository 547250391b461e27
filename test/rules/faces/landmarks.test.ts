import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isOfFrames } from '../../../rules/faces/landmarks.js';
import { type Detection, detectionSchema } from '../../../src/stage/artifacts.js';
import { readWantedJsonLines } from '../../../src/stage/read-write.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sa-landmarks-'));
});
afterAll(() => rm(folder, { recursive: true }));

const detection = (frame_idx: number): Detection => ({
  schema_version: 'det_v1',
  frame_idx,
  ts_s: frame_idx / 25,
  bbox: [0.1, 0.1, 0.2, 0.2],
  landmarks: null,
  conf: 0.9,
  model_id: 'é'.repeat(40),
});

async function read(text: string): Promise<number[]> {
  const path = join(folder, 'detections.jsonl');
  await writeFile(path, text);
  const rows = await readWantedJsonLines(path, detectionSchema, isOfFrames(new Set([3, 7000])));
  return rows.map(({ frame_idx }) => frame_idx);
}

test('of a long file of detections only those of the wanted frames are kept', async () => {
  const lines = Array.from({ length: 9000 }, (_, frame) => `${JSON.stringify(detection(frame))}\n`);
  expect(await read(lines.join(''))).toEqual([3, 7000]);
});

test('a line that names no frame, and a cut-off last line, are told of', async () => {
  await expect(read(`${JSON.stringify(detection(3))}\n{}\n`)).rejects.toThrow(/detections\.jsonl:2: /);
  await expect(read(JSON.stringify(detection(4)))).rejects.toThrow(/the last line is cut off$/);
});
