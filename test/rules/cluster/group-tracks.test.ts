// Cannot-link, blur, self-calibration and grouping on small arrays.
import { describe, expect, test } from 'vitest';
import type { Bbox } from '../../../src/stage/artifacts.js';
import { blurOfTracks, sharedByBlur, withoutBlur } from '../../../rules/cluster/blur.js';
import { groupTracks } from '../../../rules/cluster/group-tracks.js';
import type { GroupableTrack, GroupingOptions } from '../../../rules/cluster/group-tracks.js';
import { selfCalibrate } from '../../../rules/cluster/self-calibrate.js';
import { meansByTrack } from '../../../rules/cluster/track-means.js';
import { seenTogether } from '../../../rules/cluster/together.js';

/** A unit vector in the plane. */
function at(degrees: number): Float32Array {
  return Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
}

function tracks(...degrees: readonly (number | undefined)[]): GroupableTrack[] {
  return degrees.map((angle) => ({ vector: angle === undefined ? undefined : at(angle), seconds: 1 }));
}

const options: GroupingOptions = {
  cosine: Math.cos(Math.PI / 6),
  apart: [],
  calibrated: (cosine) => cosine,
  minIdentitySim: 0.5,
  minClusterSize: 1,
  secondPass: false,
};

function members(list: readonly GroupableTrack[], changes: Partial<GroupingOptions> = {}): (readonly number[])[] {
  return groupTracks(list, { ...options, ...changes }).map((group) => group.tracks);
}

describe('groupTracks', () => {
  test('near tracks are one group, and a pair seen apart never is', () => {
    expect(members(tracks(0, 90, 4, 93))).toEqual([[0, 2], [1, 3]]); // prettier-ignore
    expect(members(tracks(0, 90, 4, 93), { apart: [[1, 3]] })).toEqual([[0, 2], [1], [3]]);
  });

  test('a track without a vector stands alone and says why', () => {
    expect(groupTracks(tracks(0, undefined, 3), options)).toEqual([
      { tracks: [0, 2], similarities: [expect.closeTo(0.99966, 5), expect.closeTo(0.99966, 5)] },
      { tracks: [1], similarities: [0], outlierReason: 'no_embedding' },
    ]);
  });

  test('no tracks make no groups', () => {
    expect(groupTracks([], options)).toEqual([]);
  });

  test('a track unlike its group leaves it once, with its similarity in the reason', () => {
    const groups = groupTracks(tracks(0, 2, 4, 60), { ...options, cosine: 0.3, minIdentitySim: 0.75 });
    expect(groups.map((group) => [group.tracks, group.outlierReason])).toEqual([
      [[0, 1, 2], undefined],
      [[3], 'low_identity_similarity_0.713'],
    ]);
  });

  test('a group below the least size becomes single tracks, none is lost', () => {
    expect(members(tracks(0, 90, 1, 2, 91), { minClusterSize: 3 })).toEqual([[0, 2, 3], [1], [4]]);
  });

  test('in the second pass a small group joins a large one that is near and clearly nearest', () => {
    const list = tracks(0, 2, 4, 45, 120);
    expect(members(list)).toEqual([[0, 1, 2], [3], [4]]);
    expect(members(list, { secondPass: true })).toEqual([[0, 1, 2, 3], [4]]);
    expect(members(list, { secondPass: true, apart: [[1, 3]] })).toEqual([[0, 1, 2], [3], [4]]);
    const torn = [...tracks(0, 2, 4), ...tracks(86, 88, 90), ...tracks(45)];
    expect(members(torn, { secondPass: true })).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
  });
});

describe('seenTogether', () => {
  const left: Bbox = [0.1, 0.1, 0.2, 0.3];
  const right: Bbox = [0.6, 0.1, 0.7, 0.3];
  const track = (box: Bbox, ...frames: readonly number[]) => ({
    frames: frames.map((frame): [number, Bbox, number, 1] => [frame, box, 0.9, 1]),
  });

  test('two common frames with boxes apart make two people, one frame does not', () => {
    expect(seenTogether([track(left, 0, 2, 4), track(right, 2, 4, 6), track(right, 0)])).toEqual([[0, 1]]);
  });

  test('one face found twice is not two people', () => {
    expect(seenTogether([track(left, 0, 2), track([0.11, 0.1, 0.21, 0.3], 0, 2)])).toEqual([]);
  });
});

describe('blur', () => {
  const soft = { det: 1, size: 1, sharpness: 0.01, frontality: 1, exposure: 1 };

  test('a track is as blurred as its median embedded face', () => {
    const faces = [
      { track_id: 'a', quality: { ...soft, sharpness: 0.02 } },
      { track_id: 'a', quality: { ...soft, sharpness: 0.08 } },
      { track_id: 'a', quality: { ...soft, sharpness: 1 } },
      { track_id: 'b', quality: { ...soft, sharpness: 0 }, rejection_reason: 'off_frame' },
    ];
    expect(blurOfTracks(['a', 'b'], faces)).toEqual([0.5, 0]);
  });

  test('what blurred strangers share is taken out, and sharp tracks stay as they are', () => {
    // Two people (x and y) whose blurred faces both lean far towards z.
    const unit = (...values: readonly number[]): Float32Array => {
      const norm = Math.hypot(...values);
      return Float32Array.from(values, (value) => value / norm);
    };
    const people = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => ({
      vector: index % 2 === 0 ? unit(1, 0, 1.5) : unit(0, 1, 1.5),
      blur: 1,
    }));
    const pairs = [0, 2, 4, 6].map((index): [number, number] => [index, index + 1]);
    const cosine = (one: Float32Array, other: Float32Array): number =>
      one.reduce((sum, value, index) => sum + value * other[index]!, 0);
    const shared = sharedByBlur(people, pairs);
    const [x, y, again] = people.map((person) => withoutBlur(person, shared)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    expect(cosine(people[0]!.vector, people[1]!.vector)).toBeGreaterThan(0.6);
    expect(cosine(x, y)).toBeLessThan(0.2);
    expect(cosine(x, again)).toBeCloseTo(1, 6);
    expect(withoutBlur({ vector: at(10), blur: 0 }, Float64Array.of(0.5, 0.5))).toEqual(at(10));
  });

  test('without two people side by side nothing is known to be shared, so nothing is taken out', () => {
    const one = { vector: at(30), blur: 1 };
    expect([...sharedByBlur([one, one, one], [])]).toEqual([0, 0]);
    expect(withoutBlur(one, sharedByBlur([one, one], []))[0]).toBeCloseTo(one.vector[0]!, 6);
  });
});

describe('meansByTrack', () => {
  const face = (track_id: string, degrees: number, quality_score: number) => ({
    face: { track_id, quality_score, ts_s: 0 },
    vector: at(degrees),
  });

  test('every face of a track counts by its quality; faces that cancel out leave no vector', () => {
    const means = meansByTrack([
      face('a', 0, 0.5),
      face('b', 10, 0.9),
      face('b', 190, 0.9),
      face('a', 90, 0.5),
      face('c', 0, 1),
      face('c', 90, 0),
    ]);
    expect([...means.keys()]).toEqual(['a', 'c']);
    expect(means.get('a')![0]).toBeCloseTo(Math.SQRT1_2, 6);
    expect(means.get('c')![0]).toBeCloseTo(1, 5);
  });
});

describe('selfCalibrate', () => {
  const faces = (centre: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ vector: at(centre + index), timeS: index }));

  test('the cut lies just above all but one in a thousand of the different-person pairs', () => {
    const found = selfCalibrate([faces(0, 16), faces(60, 16)], [[0, 1]])!;
    expect(found.cosine).toBeCloseTo(Math.cos((45 * Math.PI) / 180), 5);
    expect(found).toMatchObject({ negatives: 256, positives: 240, missed: 0 });
  });

  test('with fewer than 200 pairs it says nothing', () => {
    expect(selfCalibrate([faces(0, 10), faces(60, 10)], [[0, 1]])).toBeUndefined();
  });
});
