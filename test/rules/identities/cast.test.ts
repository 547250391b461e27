// Names by the cast gallery: who gets one, who only a suggestion, and what edits have to say.
import { describe, expect, test } from 'vitest';
import { castNames, type CastGroup, type CastInput } from '../../../rules/identities/cast.js';
import { castPeople, cosinesTo } from '../../../rules/identities/cast-vectors.js';

const group = (tracks: number[], marks: Partial<CastGroup> = {}): CastGroup => ({
  tracks,
  origin: tracks[0],
  locked: false,
  hidden: false,
  ...marks,
});

/** `likeness[track]` is how like Ada and Ben a track is; a group is as like as its first one. */
function named(
  groups: readonly CastGroup[],
  likeness: readonly (readonly [ada: number, ben: number])[],
  areApart: CastInput['areApart'] = () => false,
): CastGroup[] {
  return castNames({
    groups,
    people: ['Ada', 'Ben'],
    similarities: ([first]) => likeness[first!],
    areApart,
    weights: likeness.map((_, track) => 10 - track),
    nameSim: 0.68,
    lead: 0.1,
    suggestSim: 0.5,
  });
}

describe('castNames', () => {
  test('a clear likeness is a name, a fair one or an unclear one a suggestion, a faint one nothing', () => {
    const groups = [group([0]), group([1]), group([2]), group([3])];
    expect(
      named(groups, [
        [0.68, 0.58],
        [0.67, 0.1],
        [0.9, 0.85],
        [0.49, 0.2],
      ]),
    ).toEqual([
      // prettier-ignore
      { ...groups[0], name: 'Ada', nameFrom: 'cast', nameSimilarity: 0.68 },
      { ...groups[1], suggestions: [{ name: 'Ada', similarity: 0.67 }] },
      { ...groups[2], suggestions: [{ name: 'Ada', similarity: 0.9 }, { name: 'Ben', similarity: 0.85 }] }, // prettier-ignore
      groups[3],
    ]);
  });

  test('identities of one name become one, which goes on the heavier cluster', () => {
    expect(
      named(
        [group([0, 3]), group([2])],
        [
          [0.7, 0],
          [0, 0],
          [0.9, 0],
          [0, 0],
        ],
      ),
    ).toEqual([
      // prettier-ignore
      { ...group([0, 2, 3]), origin: 0, name: 'Ada', nameFrom: 'cast', nameSimilarity: 0.9 },
    ]);
  });

  test('two who cannot be one person do not share a name: the more similar has it', () => {
    const result = named([group([0]), group([1])], [[0.7, 0], [0.9, 0]], () => true); // prettier-ignore
    expect(result.map(({ name, suggestions }) => name ?? suggestions)).toEqual([[{ name: 'Ada', similarity: 0.7 }], 'Ada']); // prettier-ignore
  });

  test('what people said in edits stands', () => {
    const edited = [group([0], { name: 'Zoe' }), group([1], { hidden: true }), group([2], { name: 'ada', locked: true }), group([3])]; // prettier-ignore
    const result = named(edited, [[0.9, 0], [0.9, 0], [0.1, 0], [0.95, 0]]); // prettier-ignore
    expect(result.map(({ name, nameFrom, tracks }) => [tracks, name, nameFrom])).toEqual([
      [[0], 'Zoe', 'edit'],
      [[1], undefined, undefined],
      [[2], 'ada', 'edit'],
      [[3], undefined, undefined],
    ]);
    const joined = named([group([0], { name: 'ADA' }), group([1])], [[0.1, 0], [0.9, 0]]); // prettier-ignore
    expect(joined).toEqual([{ ...group([0, 1]), name: 'ADA', nameFrom: 'edit' }]);
  });
});

describe('cosinesTo', () => {
  const picture = (person: string, rejection_reason?: string) => ({ person, path: '', ...(rejection_reason === undefined ? {} : { rejection_reason }) }); // prettier-ignore
  const people = castPeople(
    { pictures: [picture('Ada'), picture('Ada', 'no face found'), picture('Ada'), picture('Ben')] },
    { rows: 3, dim: 2, data: Float32Array.from([1, 0, 0, 1, 0, -1]) },
  );

  test('people are the mean direction of their usable pictures', () => {
    expect(people.names).toEqual(['Ada', 'Ben']);
    expect([...people.vectors[0]!].map((value) => value.toFixed(3))).toEqual(['0.707', '0.707']);
  });

  test('the clearest third of the pictures counts, and one stray track does not', () => {
    const track = (weight: number, ...vector: number[]) => ({ weight, vector: Float32Array.from(vector) });
    const [clear] = cosinesTo(people, [track(4, 1, 0), track(3, Math.SQRT1_2, Math.SQRT1_2), track(2, -1, 0)])!;
    expect(clear).toBeCloseTo(1, 6);
    const [, ben] = cosinesTo(people, [track(9, 1, 0), track(1, 0, -1)])!;
    expect(ben).toBeLessThan(0.2);
    expect(cosinesTo(people, [])).toBeUndefined();
  });
});
