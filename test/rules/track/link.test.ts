import { expect, test } from 'vitest';
import type { FrameBoxes } from '../../../rules/track/byte-track.js';
import type { Box } from '../../../rules/track/iou.js';
import { linkDetections, type LinkOptions } from '../../../rules/track/link.js';

const settings: LinkOptions = {
  trackThresh: 0.65,
  newTrackThresh: 0.7,
  matchThresh: 0.85,
  trackBuffer: 15,
  fps: 30,
  sceneStarts: [0],
  gapMax: 60,
};
const left: Box = [100, 100, 140, 150];
const right: Box = [400, 100, 440, 150];

test('the first detection of a face that was confirmed later is part of its track', () => {
  const tracks = linkDetections([still(0, []), still(1, [left]), still(2, [left])], settings);
  expect(tracks).toEqual([{ scene: 0, links: [link(1), link(2)] }]);
});

test('a detection that nothing followed is no track, except in the first picture of a scene', () => {
  const blinks = [still(0, [left]), still(1, []), still(2, [right]), still(3, [])];
  expect(linkDetections(blinks, settings)).toEqual([{ scene: 0, links: [link(0)] }]);
});

test('a track begins with the good detections before the one that could start it, not with weak ones', () => {
  const scores = [0.5, 0.68, 0.68, 0.9, 0.9];
  const frames = [still(0, []), ...scores.map((score, i) => ({ index: i + 1, boxes: [left], scores: [score] }))];
  expect(linkDetections(frames, settings)).toEqual([{ scene: 0, links: [link(2), link(3), link(4), link(5)] }]);
});

test('no track crosses a cut, and faces of the first picture after it are there at once', () => {
  const frames = [0, 1, 2, 3].map((index) => still(index, [left]));
  expect(linkDetections(frames, { ...settings, sceneStarts: [0, 2] })).toEqual([
    { scene: 0, links: [link(0), link(1)] },
    { scene: 1, links: [link(2), link(3)] },
  ]);
});

test('with a stride the new scene begins with the first processed frame at or after the cut', () => {
  const frames = [0, 4, 8, 12].map((index) => still(index, [left]));
  const tracks = linkDetections(frames, { ...settings, stride: 4, sceneStarts: [0, 5, 6] });
  expect(tracks).toEqual([
    { scene: 0, links: [link(0), link(4)] },
    { scene: 2, links: [link(8), link(12)] },
  ]);
});

test('a hole longer than the gap splits a track, and the later part was born when it starts', () => {
  const frames = Array.from({ length: 14 }, (_, i) => still(i, [...(i > 2 && i < 9 ? [] : [left]), right]));
  const spans = (gapMax: number): number[][] =>
    linkDetections(frames, { ...settings, gapMax }).map(({ links }) => [links[0]!.index, links.at(-1)!.index]);
  expect(spans(6)).toEqual([
    [0, 13],
    [0, 13],
  ]);
  expect(spans(5)).toEqual([
    [0, 2],
    [0, 13],
    [9, 13],
  ]);
});

test('a track remembers which detections were taken and by which association', () => {
  const frames = [
    { index: 0, boxes: [right, left], scores: [0.9, 0.8] },
    { index: 1, boxes: [left, right], scores: [0.3, 0.9] },
  ];
  const [first, second] = linkDetections(frames, settings);
  expect(first!.links).toEqual([link(0), { index: 1, detection: 1, association: 1 }]);
  expect(second!.links).toEqual([
    { index: 0, detection: 1, association: 1 },
    { index: 1, detection: 0, association: 2 },
  ]);
});

function still(index: number, boxes: readonly Box[]): FrameBoxes {
  return { index, boxes, scores: boxes.map(() => 0.9) };
}

function link(index: number): { index: number; detection: number; association: 1 } {
  return { index, detection: 0, association: 1 };
}
