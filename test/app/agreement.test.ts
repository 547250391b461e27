import { expect, test } from 'vitest';
import { adjustedRand, agreement, type Grouping } from '../../src/app/sweep/agreement.js';
import type { Bbox, Identities, Track } from '../../src/stage/artifacts.js';

const box = (left: number): Bbox => [left, 0.2, left + 0.1, 0.4];

/** Tracks as id -> [left edge, frames]; identities as lists of track ids. */
function grouping(tracks: Record<string, readonly [number, readonly number[]]>, groups: readonly string[][]): Grouping {
  return {
    tracks: Object.entries(tracks).map(([track_id, [left, frames]]) => ({
      track_id,
      frames: frames.map((frame) => [frame, box(left), 0.9, 1] as const),
    })) as unknown as Track[],
    identities: {
      identities: groups.map((track_ids, index) => ({ identity_id: `id_${index}`, track_ids })),
    } as unknown as Identities,
  };
}

const perFrame = (_from: number, frames: number): number => frames * 0.1;
const tracks = { a: [0.1, [0, 1, 2]], b: [0.5, [0, 1, 2]], c: [0.1, [6, 7, 8, 9]] } as const;

test('the adjusted Rand index is the one of the literature', () => {
  const table = (ones: readonly number[], others: readonly number[]): number =>
    adjustedRand(ones.map((one, at) => [String(one), String(others[at]), 1] as const));
  // Merged cells of equal names, as scikit-learn's adjusted_rand_score gives for these.
  const merged = (cells: readonly (readonly [string, string, number])[]): number => adjustedRand(cells);
  expect(merged([['0', '0', 2], ['1', '1', 1], ['1', '2', 1]])).toBeCloseTo(0.571429, 6); // prettier-ignore
  expect(merged([['0', '0', 2], ['0', '1', 1], ['1', '1', 3]])).toBeCloseTo(0.324324, 6); // prettier-ignore
  expect(table([0, 1, 2, 3], [0, 1, 2, 3])).toBe(1);
  expect(merged([['0', '0', 1], ['0', '1', 1], ['0', '2', 1]])).toBe(0); // prettier-ignore
  expect(adjustedRand([])).toBe(1);
});

test('the same groups under other ids agree wholly', () => {
  const before = grouping(tracks, [['a', 'c'], ['b']]);
  expect(agreement(grouping(tracks, [['b'], ['a', 'c']]), before, perFrame)).toEqual({ adjusted_rand: 1, moved_s: 0 });
});

test('what left its identity has moved, the larger part stays', () => {
  const before = grouping(tracks, [['a', 'c'], ['b']]);
  const { adjusted_rand: rand, moved_s: moved } = agreement(grouping(tracks, [['a'], ['c'], ['b']]), before, perFrame);
  expect(moved).toBeCloseTo(0.3, 9);
  expect(rand).toBeLessThan(1);
});

test('faces are told by frame and box, whatever their tracks are called; one that is lacking has moved', () => {
  const before = grouping(tracks, [['a', 'c'], ['b']]);
  const renamed = { x: [0.104, [0, 1, 2]], y: [0.1, [6, 7, 8]], z: [0.9, [9]], b: [0.5, [0, 1, 2]] } as const;
  const { adjusted_rand: rand, moved_s: moved } = agreement(
    grouping(renamed, [['x', 'y'], ['b'], ['z']]),
    before,
    perFrame,
  );
  expect(rand).toBe(1);
  expect(moved).toBeCloseTo(0.2, 9); // frame 9: c's face is gone, z's is new
});

test('a grouping of every second frame is compared on the frames that both looked at', () => {
  const before = grouping({ a: [0.1, [0, 1, 2, 3, 4]] }, [['a']]);
  const now = grouping({ a: [0.1, [0, 2, 4]] }, [['a']]);
  expect(agreement(now, before, perFrame)).toEqual({ adjusted_rand: 1, moved_s: 0 });
});
