import { expect, test } from 'vitest';
import { Candidates } from '../../../rules/detect/candidates.js';
import { decodeRetinaFace, retinaFacePriors } from '../../../rules/detect/decode-retinaface.js';
import { decodeScrfd } from '../../../rules/detect/decode-scrfd.js';
import { decodeUltraLight, fivePoints, landmarkCrop } from '../../../rules/detect/decode-ultralight.js';
import { decodeYuNet } from '../../../rules/detect/decode-yunet.js';

const input = { width: 64, height: 32 };

function faces(decode: (into: Candidates) => void) {
  const into = new Candidates();
  decode(into);
  return Array.from({ length: into.count }, (_, i) => ({
    score: into.scores[i],
    box: Array.from(into.boxes.subarray(i * 4, i * 4 + 4)),
    points: Array.from(into.points.subarray(i * 10, i * 10 + 10)),
  }));
}

/** `length` zeros with `values` from index `at` on. */
function zeros(length: number, at = 0, values: readonly number[] = []): Float64Array {
  const data = new Float64Array(length);
  data.set(values, at);
  return data;
}

test('RetinaFace has 16,800 priors at 640x640, the first two of sides 16 and 32 in the first cell', () => {
  const priors = retinaFacePriors({ width: 640, height: 640 });
  expect(priors.length / 4).toBe(16_800);
  expect(Array.from(priors.subarray(0, 8))).toEqual([0.00625, 0.00625, 0.025, 0.025, 0.00625, 0.00625, 0.05, 0.05]);
  expect(retinaFacePriors({ width: 640, height: 384 }).length / 4).toBe(10_080);
  expect(retinaFacePriors({ width: 320, height: 320 }).length / 4).toBe(4200);
});

test('a RetinaFace offset moves the prior by a tenth of its size and grows it by exp(0.2 x)', () => {
  const priors = retinaFacePriors(input);
  const count = priors.length / 4;
  // Prior 3 is column 1 of row 0 at stride 8, side 32: centre (12, 4).
  const [found, ...others] = faces((into) => {
    const boxes = zeros(count * 4, 12, [1, -1, Math.log(2) / 0.2, 0]);
    const points = zeros(count * 10, 30, [1, 2, 0, 0, 0, 0, 0, 0, 0, -1]);
    decodeRetinaFace({ boxes, scores: zeros(count * 2, 6, [0.1, 0.9]), points }, priors, input, 0.5, into);
  });
  expect(others).toEqual([]);
  expect(found?.score).toBe(0.9);
  [12 + 3.2 - 32, 4 - 3.2 - 16, 12 + 3.2 + 32, 4 - 3.2 + 16].forEach((corner, i) => {
    expect(found?.box[i]).toBeCloseTo(corner, 9);
  });
  [15.2, 10.4, 12, 4, 12, 4, 12, 4, 12, 0.8].forEach((value, i) => {
    expect(found?.points[i]).toBeCloseTo(value, 9);
  });
});

test('SCRFD counts distances in strides from the corner of the cell, two anchors a cell', () => {
  const level = (anchors: number, at: number, score: number) => ({
    scores: zeros(anchors, at, [score]),
    boxes: zeros(anchors * 4, at * 4, [1, 2, 3, 4]),
    points: zeros(anchors * 10, at * 10, [1, -1, 0.5, 0]),
  });
  // Stride 8: 8 x 4 cells; anchor 21 is the second of cell 10, which is column 2 of row 1.
  const found = faces((into) => {
    decodeScrfd([level(64, 21, 0.7), level(16, 0, 0.2), level(4, 0, 0)], input, 0.5, into);
  });
  expect(found).toEqual([{ score: 0.7, box: [8, -8, 40, 40], points: [24, 0, 20, 8, 16, 8, 16, 8, 16, 8] }]);
});

test('YuNet scores by the root of both clipped scores and measures from its cell', () => {
  const level = (cells: number, at: number, classScore: number, objectScore: number) => ({
    classScores: zeros(cells, at, [classScore]),
    objectScores: zeros(cells, at, [objectScore]),
    boxes: zeros(cells * 4, at * 4, [0.5, 0.5, Math.log(4), Math.log(2)]),
    points: zeros(cells * 10, at * 10, [1, 2]),
  });
  // Stride 16: 4 x 2 cells; cell 6 is column 2 of row 1.
  const found = faces((into) => {
    decodeYuNet([level(32, 0, 1, 0.2), level(8, 6, 1.5, 0.81), level(2, 0, -1, 0.9)], input, 0.5, into);
  });
  expect(found).toHaveLength(1);
  expect(found[0]?.score).toBeCloseTo(0.9, 9);
  [8, 8, 72, 40].forEach((corner, i) => {
    expect(found[0]?.box[i]).toBeCloseTo(corner, 9);
  });
  expect(found[0]?.points).toEqual([48, 48, 32, 16, 32, 16, 32, 16, 32, 16]);
});

test('UltraLight gives fractions of its input, and a score that is not a number is no face', () => {
  const found = faces((into) => {
    decodeUltraLight({ boxes: [0, 0, 1, 1, 0.25, 0.5, 0.5, 1], scores: [0, NaN, 0.1, 0.9] }, input, 0.5, into);
  });
  expect(found).toEqual(
    [{ score: 0.9, box: [16, 16, 32, 32], points: zeros(10) }].map((f) => ({ ...f, points: Array.from(f.points) })),
  );
});

test('tensors that do not fit the input are refused', () => {
  const into = new Candidates();
  const priors = retinaFacePriors(input);
  const short = { boxes: zeros(4), scores: zeros(2), points: zeros(10) };
  expect(() => decodeRetinaFace(short, priors, input, 0.5, into)).toThrow(/RetinaFace: 1 scores for 84 priors/);
  expect(() => decodeScrfd([], input, 0.5, into)).toThrow('SCRFD: 0 scores at stride 8, 64 expected');
  expect(() => decodeYuNet([], input, 0.5, into)).toThrow('YuNet: 0 cells at stride 8, 32 expected');
  expect(() => decodeUltraLight({ boxes: [], scores: [0, 1] }, input, 0.5, into)).toThrow(
    'UltraLight: 0 boxes for 1 scores',
  );
});

test('the landmark crop is a square of the box height, centred on the box', () => {
  expect(landmarkCrop([10, 20, 30, 60])).toEqual({ x: 0, y: 20, width: 40, height: 40 });
});

test('five points are means of the 68: lids for the eyes, the nose tip, both rows of lip corners', () => {
  const points68 = Array.from({ length: 136 }, (_, i) => Math.floor(i / 2) + (i % 2) / 2);
  expect(fivePoints(points68)).toEqual([39, 39.5, 45, 45.5, 30, 30.5, 54, 54.5, 59, 59.5]);
});

test('more candidates than expected only grow the store', () => {
  const into = new Candidates();
  for (let i = 0; i < 1000; i += 1) into.points[into.add(i, i, i, i + 1, i + 1) * 10] = i;
  expect([into.count, into.scores[999], into.boxes[4 * 700], into.points[10 * 63]]).toEqual([1000, 999, 700, 63]);
});
