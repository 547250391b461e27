// Ids: one for each group, the same for the same person, whatever clustering did around them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coreOf } from '../../../rules/identities/core.js';
import { assignIds, type IdInput } from '../../../rules/identities/ids.js';

/** Groups of track places; the core of a group is its heaviest track. */
function ids(
  groups: IdInput['groups'],
  { clusters = [], weights, kept = [] }: Partial<Pick<IdInput, 'clusters' | 'kept'>> & { readonly weights: readonly number[] }, // prettier-ignore
): string[] {
  const numbers = weights.map((_, place) => place + 1);
  const heaviest = (tracks: readonly number[]): number =>
    tracks.reduce((best, track) => (weights[track]! > weights[best]! ? track : best));
  return assignIds({ groups, clusters, numbers, weights, coreOf: heaviest, kept });
}

const made = (...tracks: number[]): IdInput['groups'][number] => ({ tracks, origin: undefined });

describe('assignIds', () => {
  test('an identity has the number of its core track', () => {
    expect(ids([made(0, 2), made(1)], { weights: [1, 5, 9] })).toEqual(['id_0003', 'id_0002']);
  });

  test('what goes on a cluster keeps its id, also when an edit took its core away', () => {
    const groups = [made(2), { tracks: [0, 1], origin: 0 }];
    const weights = [4, 5, 9];
    // The core leaves: its number stays behind, and the new identity has one past all tracks.
    expect(ids(groups, { clusters: [[0, 1, 2]], weights })).toEqual(['id_0006', 'id_0003']);
  });

  test('kept ids are given so that the seconds shared are most in all', () => {
    const kept = [
      { id: 'id_0050', tracks: [{ track: 0, seconds: 5 }, { track: 1, seconds: 4 }] }, // prettier-ignore
      { id: 'id_0060', tracks: [{ track: 0, seconds: 4 }] },
    ];
    expect(ids([made(0), made(1)], { weights: [1, 1], kept })).toEqual(['id_0060', 'id_0050']);
  });

  test('any groups have ids of their own, and a kept id of somebody who is gone is not given away', () => {
    const world = fc.nat({ max: 11 }).chain((last) => {
      const places = Array.from({ length: last + 1 }, (_, place) => place);
      return fc.record({
        owner: fc.array(fc.nat({ max: 4 }), { minLength: last + 1, maxLength: last + 1 }),
        weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: last + 1, maxLength: last + 1 }),
        keptTracks: fc.array(fc.subarray(places), { maxLength: 4 }),
        keptNumbers: fc.uniqueArray(fc.integer({ min: 1, max: 15 }), { minLength: 4, maxLength: 4 }),
      });
    });
    fc.assert(
      fc.property(world, ({ owner, weights, keptTracks, keptNumbers }) => {
        const groups = [...new Set(owner)].map((one) => made(...owner.flatMap((other, at) => (one === other ? [at] : [])))); // prettier-ignore
        const kept = keptTracks.map((tracks, at) => ({
          id: `id_00${String(keptNumbers[at]!).padStart(2, '0')}`,
          tracks: tracks.map((track) => ({ track, seconds: 1 })),
        }));
        const given = ids(groups, { weights, kept });
        expect(new Set(given).size).toBe(groups.length);
        for (const { id, tracks } of kept) {
          const group = given.indexOf(id);
          if (group >= 0) expect(groups[group]!.tracks.some((at) => tracks.some(({ track }) => track === at))).toBe(true); // prettier-ignore
        }
      }),
    );
  });
});

describe('coreOf', () => {
  const track = (weight: number, ...vector: number[]) => ({ weight, vector: Float32Array.from(vector) });

  test('it is in the heaviest part of the heaviest part, not simply the heaviest track', () => {
    expect(coreOf([track(3, 1, 0), track(9, 0, 1), track(4, 1, 0.1), track(4, 1, 0.2)])).toBe(2);
    expect(coreOf([track(3, 1, 0), track(12, 0, 1), track(4, 1, 0.1), track(4, 1, 0.2)])).toBe(1);
  });

  test('of equals it is the earlier one; a track without a vector counts only among its like', () => {
    expect(coreOf([track(3, 1, 0), track(3, 0, 1)])).toBe(0);
    expect(coreOf([{ weight: 9, vector: undefined }, track(1, 1, 0)])).toBe(1);
    expect(coreOf([{ weight: 1, vector: undefined }, { weight: 9, vector: undefined }])).toBe(1); // prettier-ignore
  });
});
