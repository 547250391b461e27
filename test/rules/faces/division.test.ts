import { expect, test } from 'vitest';
import { divideTracks, type TrackSpan } from '../../../rules/faces/division.js';

/** Tracks as [from, last], ten looks each. */
const spans = (...tracks: readonly (readonly [number, number])[]): TrackSpan[] =>
  tracks.map(([from, last]) => ({ looks: 10, from, last }));

const cuts = (tracks: readonly TrackSpan[], length: number): number[] =>
  divideTracks(tracks, length).map(({ from }) => from);

test('chunks meet where no track is cut, though they could be longer', () => {
  const tracks = spans([0, 300], [10, 300], [300, 600], [300, 620], [310, 620]);
  expect(cuts(tracks, 30)).toEqual([0, 2]);
});

test('what lies between two tracks is left out where that saves more than a chunk costs', () => {
  expect(cuts(spans([0, 100], [120, 200]), 20)).toEqual([0]);
  expect(cuts(spans([0, 100], [500, 600]), 20)).toEqual([0, 1]);
});

test('every track is in one run, in order, and no run of several is longer than asked for', () => {
  let state = 1;
  const next = (below: number): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) % below;
  const tracks = Array.from({ length: 200 }, () => ({ looks: 1 + next(64), from: next(9000), last: 0 }))
    .map((track) => ({ ...track, last: track.from + next(400) }))
    .sort((a, b) => a.last - b.last);
  for (const length of [1, 50, 300]) {
    const runs = divideTracks(tracks, length);
    expect(runs.flatMap(({ from, to }) => tracks.slice(from, to))).toEqual(tracks);
    for (const { from, to } of runs)
      if (to - from > 1)
        expect(tracks.slice(from, to).reduce((sum, { looks }) => sum + looks, 0)).toBeLessThanOrEqual(length);
  }
});

test('no tracks are no runs', () => {
  expect(divideTracks([], 100)).toEqual([]);
});
