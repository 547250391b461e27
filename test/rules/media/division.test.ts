import { expect, test } from 'vitest';
import { chunkLength, runsOfFrames, type Run } from '../../../rules/media/division.js';

const usual = { frames: undefined, processors: 2 };
const counts = [1, 124, 250, 374, 375, 500, 1000, 3070, 20_000, 64_500];
/** Of an encoder that is told "every 250 frames, and at cuts". */
const keysOf = (count: number): number[] =>
  Array.from({ length: Math.ceil(count / 250) }, (_, at) => [250 * at, 250 * at + ((at * 37) % 249) + 1])
    .flat()
    .filter((frame) => frame < count);

test.each(counts)('runs cover %i frames once each, in order, with and without key pictures', (frame_count) => {
  for (const key_frames of [undefined, [], [0], keysOf(frame_count)]) {
    const runs = runsOfFrames({ frame_count, key_frames }, usual);
    expect(runs[0]!.from).toBe(0);
    expect(runs.at(-1)!.to).toBe(frame_count);
    runs.slice(1).forEach(({ from }, at) => expect(from).toBe(runs[at]!.to));
    const isShort = frame_count < 2000;
    // Half as long again at most, where the next key picture is as far away or what is left is too little for a chunk. Of a
    // short video both ends may move, by two fifths each.
    for (const { from, to } of runs) {
      const length = isShort ? frame_count / runs.length : chunkLength(frame_count - from, usual);
      expect(to - from).toBeLessThan(isShort ? 1.81 * length : 1.5 * length + 125);
      expect(to - from).toBeGreaterThan(isShort ? 0.19 * length : 0);
    }
  }
});

test('runs begin at key pictures where those are near, and just where they would otherwise', () => {
  const starts = (key_frames: number[]): number[] =>
    runsOfFrames({ frame_count: 2000, key_frames }, usual).map(({ from }) => from);
  expect(starts([])).toEqual([0, 250, 500, 750, 1000, 1250, 1500, 1750]);
  // From 900 on each run would be more and decode less, and both processors would end later.
  expect(starts([0, 240, 260, 480, 900])).toEqual([0, 240, 480, 750, 1000, 1250, 1500, 1750]);
});

test.each([
  [499, 1],
  [500, 2],
  [999, 2],
  [1000, 4],
  [1999, 4],
])('a short video of %i frames is cut into %i alike, for as many cores to end together', (frame_count, count) => {
  const lengths = runsOfFrames({ frame_count }, usual).map(({ from, to }) => to - from);
  expect(lengths).toHaveLength(count);
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
});

test.each([
  [499, 16, 1],
  [1500, 16, 6],
  [3999, 16, 15],
  [4000, 16, 16],
  [7999, 16, 16],
  [7999, 64, 31],
  [999, 4, 3],
  [1000, 4, 4],
])('a short video of %i frames keeps %i processors busy with %i runs alike', (frame_count, processors, count) => {
  const lengths = runsOfFrames({ frame_count }, { frames: undefined, processors }).map(({ from, to }) => to - from);
  expect(lengths).toHaveLength(count);
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
});

test.each([2, 4, 8, 16, 64])('%i processors that take one run after the other end together', (processors) => {
  for (const frame_count of [6000, 12_000, 64_500]) {
    const busy = new Array<number>(processors).fill(0);
    for (const { from, to } of runsOfFrames({ frame_count }, { frames: undefined, processors }))
      busy[busy.indexOf(Math.min(...busy))]! += to - from;
    // Each run costs its decoder's start besides.
    const fair = frame_count / Math.min(processors, Math.floor(frame_count / 250));
    expect(Math.max(...busy)).toBeLessThan(1.1 * fair + 125);
  }
});

test('a video whose key pictures are far from even places is divided so that both processors end together', () => {
  // Of a clip of television, cut by its own encoder: 436, 350, 282 and 434 frames at the nearest ones are 870 and 632 for two.
  const key_frames = [0, 36, 271, 436, 536, 786, 1036, 1068, 1189, 1265, 1321, 1354, 1418, 1490];
  const lengths = runsOfFrames({ frame_count: 1502, key_frames }, usual).map(({ from, to }) => to - from);
  expect(lengths).toEqual([436, 350, 403, 313]);
});

test.each([1502, 12_000, 64_500])('%i frames that are all key pictures are divided as evenly', (frame_count) => {
  const key_frames = Array.from({ length: frame_count }, (_, frame) => frame);
  const busy = [0, 0];
  for (const { from, to } of runsOfFrames({ frame_count, key_frames }, usual))
    busy[busy.indexOf(Math.min(...busy))]! += to - from;
  expect(Math.max(...busy) - Math.min(...busy)).toBeLessThan(200);
});

test('runs grow shorter towards the end, so that no core waits long for the last', () => {
  const lengths = runsOfFrames({ frame_count: 64_500 }, usual).map(({ from, to }) => to - from);
  expect(lengths[0]).toBe(2000);
  expect([...lengths].sort((one, other) => other - one)).toEqual(lengths);
  expect(lengths.slice(-3).every((length) => length < 375)).toBe(true);
});

test('a length that is asked for is kept, whatever the key pictures', () => {
  const runs: readonly Run[] = runsOfFrames({ frame_count: 700, key_frames: [0, 290] }, { ...usual, frames: 300 });
  expect(runs).toEqual([{ from: 0, to: 300 }, { from: 300, to: 600 }, { from: 600, to: 700 }]); // prettier-ignore
});
