import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as algorithms from '../../rules/algorithms.js';

test('the public algorithms work by themselves, from frames to seconds, with nothing but their own exports', async () => {
  const { contentScores, detectCuts, Candidates, decodeRetinaFace, retinaFacePriors, nonMaxSuppression } = algorithms;
  const frame = (value: number): algorithms.Rgb => ({ width: 4, height: 2, data: new Uint8Array(24).fill(value) });
  const scores = contentScores([frame(0), frame(0), frame(255), frame(255)]);
  expect([...scores]).toEqual([0, 0, 85, 0]);
  const cuts = detectCuts({ scores, fps: 25, detector: 'content', threshold: 27, minSceneFrames: 0 });
  expect(cuts).toEqual([2]);

  const input = { width: 64, height: 64 };
  const priors = retinaFacePriors(input);
  const count = priors.length / 4;
  const outputs = {
    boxes: new Float32Array(count * 4),
    scores: Float32Array.from({ length: count * 2 }, (_, at) => (at === 1 || at === 5 ? 0.9 : 0)),
    points: new Float32Array(count * 10),
  };
  const found = new Candidates();
  decodeRetinaFace(outputs, priors, input, 0.5, found);
  // Neighbouring priors of 16 pixels, 8 apart: a third of their union is shared.
  const kept = nonMaxSuppression({ boxes: found.boxes, scores: found.scores, count: found.count, iouMax: 0.3 });
  expect([found.count, kept]).toEqual([2, [0]]);
  const box = [...found.boxes.subarray(0, 4)] as [number, number, number, number];
  expect(box).toEqual([-4, -4, 12, 12]);

  const tracked = algorithms.byteTrack({
    frames: [0, 1, 2, 3].map((index) => ({ index, boxes: [box], scores: [0.9] })),
    trackThresh: 0.65,
    matchThresh: 0.85,
    trackBuffer: 15,
    fps: 25,
  });
  expect(tracked.map(({ tracks }) => tracks.map(({ id }) => id))).toEqual([[1], [1], [1], [1]]);

  const file = join(await mkdtemp(join(tmpdir(), 'sa-algorithms-')), 'vectors.npy');
  await algorithms.writeNpy(file, { shape: [3, 2], data: Float32Array.of(1, 0, 1, 0.1, 0, 1) });
  const { data, shape } = await algorithms.readNpy(file);
  const { labels, heights } = algorithms.agglomerate({
    vectors: data as Float32Array,
    count: shape[0]!,
    dim: shape[1]!,
    linkage: 'average',
    distanceMax: 0.5,
  });
  expect([...labels]).toEqual([0, 0, 1]);
  expect(heights).toHaveLength(2);

  const table = algorithms.screenTime({
    times: Float64Array.of(0, 0.04, 0.08, 0.12, 0.16),
    fps: 25,
    stride: 1,
    sceneStarts: [0, ...cuts],
    tracks: [{ id: 'a', frames: [0, 1, 2, 3].map((index) => ({ index, height: 0.25 })) }],
    people: [
      {
        id: 'id_0001',
        trackIds: ['a'],
        samples: 3,
        detectionScore: 0.9,
        hidden: false,
        thumbPath: '',
        similarities: [1],
      },
    ],
    gapToleranceS: 0.5,
    minPersonSamples: 3,
    minPersonS: 1,
    minPersonConf: 0.65,
  });
  expect(table.identities[0]!.screen_time_s).toBeCloseTo(0.16, 9);
});
