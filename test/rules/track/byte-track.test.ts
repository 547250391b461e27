import { expect, test } from 'vitest';
import { byteTrack, ByteTracker, lostStepsMax, type FrameBoxes } from '../../../rules/track/byte-track.js';
import type { Box } from '../../../rules/track/iou.js';

const settings = { trackThresh: 0.6, matchThresh: 0.8, trackBuffer: 30, fps: 30 } as const;
const here: Box = [100, 100, 140, 150];
const there: Box = [400, 100, 440, 150];

test('a face in the first frame is a track at once, a later one only when it is seen again', () => {
  const frames = [frame(0, [here]), frame(1, [here, there]), frame(2, [here, there])];
  expect(idsByFrame(byteTrack({ ...settings, frames }))).toEqual([[1], [1], [1, 2]]);
});

test('a face that turns away is carried on by low scores, and no low score starts a track', () => {
  const low = { index: 1, boxes: [here, there], scores: [0.3, 0.3] };
  const frames = [frame(0, [here]), low, low, frame(3, [here])];
  expect(idsByFrame(byteTrack({ ...settings, frames }))).toEqual([[1], [1], [1], [1]]);
});

test('a face back within the buffer keeps its id, one back later gets a new one', () => {
  const absent = (count: number): FrameBoxes[] => Array.from({ length: count }, (_, i) => frame(i + 1, []));
  const back = (count: number): number[] => {
    const frames = [frame(0, [here]), ...absent(count), frame(count + 1, [here]), frame(count + 2, [here])];
    return idsByFrame(byteTrack({ ...settings, trackBuffer: 4, frames })).at(-1)!;
  };
  expect(back(4)).toEqual([1]);
  // The reference looks once more at a track that it has just given up.
  expect(back(5)).toEqual([1]);
  expect(back(6)).toEqual([2]);
});

test('ids belong to their tracker: a second video starts again from 1, with the same answer', () => {
  const frames = [frame(0, [here, there]), frame(1, [there, here])];
  const first = byteTrack({ ...settings, frames });
  expect(byteTrack({ ...settings, frames })).toEqual(first);
  expect(idsByFrame(first)).toEqual([
    [1, 2],
    [1, 2],
  ]);
});

test('two trackers fed in turns do not disturb each other', () => {
  const [one, other] = [new ByteTracker(settings), new ByteTracker(settings)];
  one.step(frame(0, [here]));
  other.step(frame(0, [there]));
  expect(one.step(frame(1, [here])).map(({ id, detection }) => [id, detection])).toEqual([[1, 0]]);
  expect(other.step(frame(1, [here, there])).map(({ id, detection }) => [id, detection])).toEqual([
    [1, 1],
    [2, 0],
  ]);
});

test('with a stride the same walk is followed as without', () => {
  const walk = Array.from({ length: 41 }, (_, i) => frame(i, [shifted(here, 3 * i)]));
  const every = (stride: number): number[][] =>
    idsByFrame(byteTrack({ ...settings, stride, frames: walk.filter(({ index }) => index % stride === 0) }));
  expect(every(1).every((ids) => ids.length === 1 && ids[0] === 1)).toBe(true);
  expect(every(4).every((ids) => ids.length === 1 && ids[0] === 1)).toBe(true);
});

test('a face that moved its own width between two far steps is found by the wider look alone', () => {
  const frames = [frame(0, [here]), frame(8, [shifted(here, 45)]), frame(16, [shifted(here, 90)])];
  const ids = (boxGrowth: number): number[][] =>
    idsByFrame(byteTrack({ ...settings, matchThresh: 0.85, stride: 8, boxGrowth, frames }));
  expect(ids(0)).toEqual([[1], [], []]);
  expect(ids(0.3)).toEqual([[1], [1], [1]]);
});

test('patience is counted in time: 15 frames at 30 a second are half a second at any rate', () => {
  const patience = (fps: number, stride: number): number => lostStepsMax({ ...settings, trackBuffer: 15, fps, stride });
  expect(patience(30, 1)).toBe(15);
  expect(patience(60, 1)).toBe(30);
  expect(patience(24, 4)).toBe(3);
  expect(patience(24, 24)).toBe(2);
});

function frame(index: number, boxes: readonly Box[]): FrameBoxes {
  return { index, boxes, scores: boxes.map(() => 0.9) };
}

function shifted([x1, y1, x2, y2]: Box, dx: number): Box {
  return [x1 + dx, y1, x2 + dx, y2];
}

function idsByFrame(result: ReturnType<typeof byteTrack>): number[][] {
  return result.map(({ tracks }) => tracks.map(({ id }) => id));
}
