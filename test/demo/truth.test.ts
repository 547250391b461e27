import { expect, test } from 'vitest';
import { episode, frameCount, pictureFaces, type PictureName, shots, viewHeight } from '../../src/demo/script.js';
import { demoTruth } from '../../src/demo/truth.js';

const truth = demoTruth();

test('the episode lasts 20 to 40 seconds, and each of its cuts shows another picture', () => {
  expect({ seconds: truth.duration_s, cuts: truth.shots.length - 1 }).toEqual({ seconds: 33.4, cuts: 12 });
  expect(shots.filter((shot, index) => shot.picture === shots[index + 1]?.picture)).toEqual([]);
});

test('no view leaves its picture', () => {
  const sizes: Record<PictureName, [number, number]> = {
    lounge: [1920, 1350],
    stairs: [1920, 1398],
    window: [1920, 1537],
  };
  const outside = shots.filter(({ picture, from, to }) =>
    [from, to].some(({ x, y, width }) => {
      return x < 0 || y < 0 || x + width > sizes[picture][0] || y + viewHeight(width) > sizes[picture][1];
    }),
  );
  expect(outside).toEqual([]);
});

test('the stairs are never shown further left than the two people known there', () => {
  const views = shots.filter(({ picture }) => picture === 'stairs').flatMap(({ from, to }) => [from.x, to.x]);
  expect(Math.min(...views)).toBeGreaterThanOrEqual(960);
});

test('everybody comes back: who is visible when follows from the script alone', () => {
  expect(truth.people.map(({ name, visible_s, visible }) => [name, visible_s, visible.length])).toEqual([
    ['Ada', 8.68, 4],
    ['Bea', 10.76, 4],
    ['Cleo', 6.88, 3],
    ['Dora', 7.4, 3],
    ['Edie', 7, 3],
    ['Faye', 8.76, 3],
    ['Gina', 7.16, 3],
    ['Hope', 5.2, 2],
    ['Iris', 5.2, 2],
  ]);
});

test('the first shot shows nobody', () => {
  expect(truth.faces.slice(0, shots[0]!.frames).flat()).toEqual([]);
});

test('every visible face is at least 80 pixels high and lies inside the picture', () => {
  const boxes = truth.faces.flat().map(({ box }) => box);
  expect(boxes.filter(([, y1, , y2]) => y2 - y1 < 80)).toEqual([]);
  expect(boxes.filter(([x1, y1, x2, y2]) => x1 < 0 || y1 < 0 || x2 > episode.width || y2 > episode.height)).toEqual([]);
});

test('a mirrored shot puts the person on the left of the picture on the right', () => {
  const mirrored = shots.findIndex(({ picture, mirrored = false }) => picture === 'stairs' && mirrored);
  const start = shots.slice(0, mirrored).reduce((sum, { frames }) => sum + frames, 0);
  const [hope, iris] = ['Hope', 'Iris'].map((name) => truth.faces[start]!.find((face) => face.name === name)!.box);
  expect(pictureFaces.stairs[0]!.box[0]).toBeLessThan(pictureFaces.stairs[1]!.box[0]);
  expect(hope![0]).toBeGreaterThan(iris![2]);
});

test('intervals and frames agree', () => {
  expect(truth.faces).toHaveLength(frameCount);
  for (const { name, visible } of truth.people) {
    const inside = truth.faces.filter((_, index) =>
      visible.some(({ start_s, end_s }) => index >= Math.round(start_s * 25) && index < Math.round(end_s * 25)),
    );
    expect(inside.every((faces) => faces.some((face) => face.name === name))).toBe(true);
    expect(inside).toHaveLength(truth.faces.flat().filter((face) => face.name === name).length);
  }
});
