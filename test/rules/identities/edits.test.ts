// The log of edits: what it may say, what it does, and what becomes of edits that no longer apply.
import { describe, expect, test } from 'vitest';
import { applyEdits } from '../../../rules/identities/apply-edits.js';
import { ProblemError } from '../../../src/base/problem.js';
import { anchorOf, anchorsOf, findTrack } from '../../../src/stage/anchors.js';
import type { Bbox } from '../../../src/stage/artifacts.js';
import { parseEdits, type Edit } from '../../../src/stage/edits.js';

function read(text: string): Edit[] {
  return parseEdits({ text, file: 'edits.yaml' });
}

function problemsOf(text: string): string {
  try {
    read(text);
    return '';
  } catch (error) {
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
}

const t = (place: number): string => `{ track: track-${String(place).padStart(5, '0')} }`;

describe('parseEdits', () => {
  test('every kind of edit is read in its order, with its place in the log', () => {
    const edits = read(
      [
        '- name: { face: { at: 12.4, box: [0.1, 0.2, 0.3, 0.5] }, name: Ada }',
        `- merge: { faces: [${t(1)}, ${t(2)}] }`,
        `- split: { faces: [${t(3)}] }`,
        `- not_same: { faces: [${t(1)}, ${t(3)}] }`,
        `- lock: { faces: [${t(1)}] }`,
        `- hide: { face: ${t(4)} }`,
      ].join('\n'),
    );
    expect(edits.map(({ kind }) => kind)).toEqual(['name', 'merge', 'split', 'not_same', 'lock', 'hide']);
    expect(edits[0]).toEqual({
      kind: 'name',
      faces: [{ kind: 'place', at: 12.4, box: [0.1, 0.2, 0.3, 0.5] }],
      name: 'Ada',
      text: '1 {"name":{"face":{"at":12.4,"box":[0.1,0.2,0.3,0.5]},"name":"Ada"}}',
    });
  });

  test('an empty file is an empty log', () => {
    expect(read('')).toEqual([]);
    expect(read('# nothing yet\n')).toEqual([]);
  });

  test('every fault is shown at its line, with the nearest word', () => {
    const text = ['- nmae: { face: { track: track-00001 }, name: Ada }', '- hide: { faces: [] }'].join('\n');
    expect(problemsOf(text)).toBe(
      [
        'edits.yaml:1:3 bad-edit: unknown edit "nmae"',
        '    - nmae: { face: { track: track-00001 }, name: Ada }',
        '      ~~~~',
        '    did you mean "name"?',
        'edits.yaml:2:11 bad-edit: unknown key "faces" in hide',
        '    - hide: { faces: [] }',
        '              ~~~~~',
        '    did you mean "face"?',
      ].join('\n'),
    );
  });

  test.each([
    ['name: Ada', 'the edits are a list: each entry starts with "- "'],
    ['- 7', 'an edit is one of name, merge, split, not_same, lock, hide and what it is about'],
    [`- hide: ${t(1)}`, 'unknown key "track" in hide'],
    ['- hide: Ada', 'hide takes { face }'],
    [`- merge: { faces: [${t(1)}] }`, 'merge takes at least 2 of faces'],
    ['- merge: { faces: 3 }', 'faces is a list'],
    [`- not_same: { faces: [${t(1)}, ${t(2)}, ${t(3)}] }`, 'not_same takes two faces; write an entry for each pair'],
    [`- name: { face: ${t(1)} }`, '"name" is missing'],
    [`- name: { face: ${t(1)}, faces: [${t(2)}], name: Ada }`, 'name takes "face" or "faces", not both'],
    [`- merge: { faces: [${t(1)}, ${t(2)}], to: ${t(3)} }`, 'unknown key "to" in merge'],
    [`- name: { face: ${t(1)}, name: " " }`, 'name is the text of a name'],
    ['- hide: { face: { at: soon, box: [0, 0, 1, 1] } }', 'at is a number of seconds from the first frame'],
    ['- hide: { face: { at: 1, box: [0, 0, 1] } }', 'box is [x1, y1, x2, y2] in shares of the picture'],
    ['- hide: { face: { at: 1, box: [1, 0, 0, 1] } }', 'box has its upper left corner first'],
    ['- hide: { face: { track: 7 } }', 'a track is named by its id, like track-00001'],
    ['- hide: { face: { at: 1 } }', 'a face is { at: seconds, box: [x1, y1, x2, y2] } or { track: track-00001 }'],
  ])('%s is refused', (text, message) => {
    expect(problemsOf(text)).toContain(`edits.yaml:1:`);
    expect(problemsOf(text)).toContain(message);
  });
});

describe('anchors', () => {
  const box: Bbox = [0.1, 0.1, 0.2, 0.3];
  const tracks = [
    {
      track_id: 'track-00001',
      scene: 0,
      start_s: 0,
      end_s: 2,
      frames: [0, 10, 20].map((frame): [number, Bbox, number, 1] => [frame, box, 0.9, 1]),
    },
    {
      track_id: 'track-00002',
      scene: 0,
      start_s: 0,
      end_s: 2,
      frames: [0, 10, 20].map((frame): [number, Bbox, number, 1] => [frame, [0.6, 0.1, 0.7, 0.3], 0.9, 1]),
    },
  ];

  test('a track is found again by its own anchor, and by one taken a little beside and later', () => {
    for (const [place, track] of tracks.entries()) expect(findTrack({ tracks }, anchorOf(track))).toBe(place);
    expect(findTrack({ tracks }, { kind: 'place', at: 2.3, box: [0.58, 0.11, 0.69, 0.31] })).toBe(1);
  });

  test('a face is not looked for beyond a cut, however near', () => {
    const scenes = { scenes: [{ start_s: 0, end_s: 2.1, start_frame: 0, end_frame: 21 }, { start_s: 2.1, end_s: 9, start_frame: 21, end_frame: 90 }] }; // prettier-ignore
    const anchor = { kind: 'place', at: 2.2, box } as const;
    expect(findTrack({ tracks }, anchor)).toBe(0);
    expect(findTrack({ tracks, scenes }, anchor)).toEqual({ reason: 'no face at 2.2 s in that place' });
  });

  test('the surest picture of the middle half stands for a track, and one of each part for a long one', () => {
    const long = {
      track_id: 'track-00003',
      start_s: 0,
      end_s: 8,
      frames: Array.from({ length: 81 }, (_, frame): [number, Bbox, number, 1] => [
        frame,
        box,
        [0, 33, 75].includes(frame) ? 0.99 : 0.8,
        1,
      ]),
    };
    expect(anchorOf(long)).toEqual({ kind: 'place', at: 3.3, box });
    expect(anchorsOf(long, 8).map((anchor) => (anchor.kind === 'place' ? anchor.at : undefined))).toEqual([
      1, 3.3, 5, 7.5,
    ]);
    expect(anchorsOf(long, 1)).toEqual([anchorOf(long)]);
  });

  test('a place where no face is tells so', () => {
    expect(findTrack({ tracks }, { kind: 'place', at: 9, box })).toEqual({ reason: 'no face at 9 s in that place' });
    expect(findTrack({ tracks }, { kind: 'place', at: 1, box: [0.3, 0.5, 0.4, 0.7] })).toEqual({
      reason: 'no face at 1 s in that place',
    });
    expect(findTrack({ tracks }, { kind: 'track', trackId: 'track-00009' })).toEqual({
      reason: 'there is no track-00009',
    });
  });
});

/** Tracks are points on a line; the nearer, the more alike. */
function outcome(
  groups: readonly (readonly number[])[],
  lines: readonly string[],
  positions: readonly number[] = groups.flat(),
) {
  const result = applyEdits({
    groups,
    edits: read(lines.join('\n')),
    find: (anchor) => {
      const place = anchor.kind === 'track' ? Number(anchor.trackId.slice(6)) : -1;
      return place < positions.length && place >= 0 ? place : { reason: 'gone' };
    },
    similarity: (one, other) => -Math.abs(positions[one]! - positions[other]!),
  });
  return { groups: result.groups.map(({ tracks }) => tracks), result };
}

describe('applyEdits', () => {
  test('merge joins identities, split takes tracks out, the last word in the log counts', () => {
    const merge = `- merge: { faces: [${t(0)}, ${t(2)}] }`;
    expect(outcome([[0, 1], [2], [3]], [merge]).groups).toEqual([[0, 1, 2], [3]]);
    expect(outcome([[0, 1], [2], [3]], [merge, `- split: { faces: [${t(2)}, ${t(3)}] }`]).groups).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test('names and marks follow their identity; a merge keeps the first name', () => {
    const { result } = outcome(
      [[0], [1], [2]],
      [`- name: { face: ${t(1)}, name: Ada }`, `- merge: { faces: [${t(0)}, ${t(1)}] }`, `- hide: { face: ${t(2)} }`],
    );
    expect(result.groups).toEqual([
      { tracks: [0, 1], origin: 0, name: 'Ada', locked: false, hidden: false },
      { tracks: [2], origin: 2, locked: false, hidden: true },
    ]);
  });

  test('not_same parts an identity; each other track goes to the side it is more like', () => {
    expect(outcome([[0, 1, 2, 3]], [`- not_same: { faces: [${t(0)}, ${t(3)}] }`], [0, 1, 8, 9]).groups).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  test('a track between two people goes with the group that has grown towards it, as clustering would have it', () => {
    const edit = `- not_same: { faces: [${t(0)}, ${t(4)}] }`;
    expect(outcome([[0, 1, 2, 3, 4]], [edit], [0, 3, 4, 5, 9]).groups).toEqual([[0, 1, 2, 3], [4]]);
  });

  test('a name goes with the face it was given to when its identity parts', () => {
    const lines = [`- name: { face: ${t(2)}, name: Ada }`, `- not_same: { faces: [${t(0)}, ${t(1)}] }`];
    const { result } = outcome([[0, 1, 2]], lines, [0, 8, 9]);
    expect(result.groups.map(({ tracks, name }) => [tracks, name])).toEqual([
      [[0], undefined],
      [[1, 2], 'Ada'],
    ]);
  });

  test('tracks that an edit put together are not torn apart by a later not_same about others', () => {
    const lines = [`- merge: { faces: [${t(1)}, ${t(3)}] }`, `- not_same: { faces: [${t(0)}, ${t(3)}] }`];
    expect(outcome([[0, 1, 2], [3]], lines, [0, 1, 2, 9]).groups).toEqual([[0, 2], [1, 3]]); // prettier-ignore
  });

  test('two people stay two: a merge against an earlier not_same is set aside and says why', () => {
    const { groups, result } = outcome(
      [[0], [1], [2]],
      [
        `- not_same: { faces: [${t(0)}, ${t(1)}] }`,
        `- merge: { faces: [${t(0)}, ${t(2)}] }`,
        `- merge: { faces: [${t(2)}, ${t(1)}] }`,
      ],
    );
    expect(groups).toEqual([[0, 2], [1]]);
    expect(result.notApplied).toEqual([
      {
        edit: '3 {"merge":{"faces":[{"track":"track-00002"},{"track":"track-00001"}]}}',
        reason: 'it contradicts edit 1 {"not_same":{"faces":[{"track":"track-00000"},{"track":"track-00001"}]}}',
      },
    ]);
  });

  test('a locked identity is kept together and no later edit changes it', () => {
    const { groups, result } = outcome(
      [[0], [1], [2]],
      [
        `- lock: { faces: [${t(0)}, ${t(1)}] }`,
        `- split: { faces: [${t(1)}] }`,
        `- merge: { faces: [${t(0)}, ${t(2)}] }`,
        `- not_same: { faces: [${t(0)}, ${t(1)}] }`,
        `- name: { face: ${t(0)}, name: Ada }`,
      ],
    );
    expect(groups).toEqual([[0, 1], [2]]);
    expect(result.groups[0]).toMatchObject({ locked: true, name: 'Ada' });
    expect(result.notApplied.map(({ edit }) => edit[0])).toEqual(['2', '3', '4']);
  });

  test('an edit about a face that is gone is listed, and the others apply', () => {
    const { groups, result } = outcome(
      [[0], [1]],
      [`- hide: { face: ${t(7)} }`, `- merge: { faces: [${t(0)}, ${t(1)}] }`],
    );
    expect(groups).toEqual([[0, 1]]);
    expect(result.notApplied).toEqual([{ edit: '1 {"hide":{"face":{"track":"track-00007"}}}', reason: 'gone' }]);
  });

  test('a split that clustering has already made holds, and says nothing', () => {
    const lines = [`- split: { faces: [${t(0)}, ${t(1)}] }`, `- not_same: { faces: [${t(0)}, ${t(2)}] }`];
    const { groups, result } = outcome([[0, 1], [2]], lines);
    expect([groups, result.notApplied]).toEqual([[[0, 1], [2]], []]);
  });

  test('a not_same about one track is set aside', () => {
    const { result } = outcome([[0, 1]], [`- not_same: { faces: [${t(0)}, ${t(0)}] }`]);
    expect(result.notApplied.map(({ reason }) => reason)).toEqual(['both faces are in one track']);
  });

  test('tracks move to another identity with split and to', () => {
    const lines = [`- split: { faces: [${t(1)}, ${t(2)}], to: ${t(3)} }`];
    expect(
      outcome(
        [
          [0, 1, 2],
          [3, 4],
        ],
        lines,
      ).groups,
    ).toEqual([[0], [1, 2, 3, 4]]);
    const back = [...lines, `- split: { faces: [${t(1)}], to: ${t(0)} }`];
    expect(
      outcome(
        [
          [0, 1, 2],
          [3, 4],
        ],
        back,
      ).groups,
    ).toEqual([
      [0, 1],
      [2, 3, 4],
    ]);
    expect(outcome([[0, 1]], [`- split: { faces: [${t(1)}], to: ${t(1)} }`]).result.notApplied).toHaveLength(1);
  });

  test('a name follows most of the faces it was given to', () => {
    const name = `- name: { faces: [${t(0)}, ${t(1)}, ${t(2)}], name: Ada }`;
    expect(outcome([[0], [1, 2, 3]], [name]).result.groups.map(({ name: given }) => given)).toEqual([undefined, 'Ada']);
    // Nine is gone; the others are enough, and nothing is told.
    const some = outcome([[0, 1]], [`- name: { faces: [${t(9)}, ${t(1)}], name: Ada }`]).result;
    expect([some.groups[0]!.name, some.notApplied]).toEqual(['Ada', []]);
  });

  test('a split leaves the name behind, whichever face stood for it', () => {
    const lines = [`- name: { faces: [${t(0)}, ${t(1)}, ${t(2)}], name: Ada }`, `- split: { faces: [${t(0)}, ${t(1)}] }`]; // prettier-ignore
    expect(outcome([[0, 1, 2]], lines).result.groups.map(({ name }) => name)).toEqual([undefined, 'Ada']);
  });

  test('two names in one cluster are two people, and the others go to whom they are more like', () => {
    const lines = [`- name: { face: ${t(0)}, name: Ada }`, `- name: { face: ${t(3)}, name: Ben }`];
    const { result } = outcome([[0, 1, 2, 3]], lines, [0, 1, 8, 9]);
    expect(result.groups.map(({ tracks, name }) => [tracks, name])).toEqual([
      [[0, 1], 'Ada'],
      [[2, 3], 'Ben'],
    ]);
    const hidden = outcome([[0, 1, 2, 3]], [lines[0]!, `- hide: { face: ${t(3)} }`], [0, 1, 8, 9]).result;
    expect(hidden.groups.map(({ tracks, hidden: is }) => [tracks, is])).toEqual([[[0, 1], false], [[2, 3], true]]); // prettier-ignore
  });

  test('a second name for the same face is a correction', () => {
    const lines = [`- name: { face: ${t(0)}, name: Adda }`, `- name: { face: ${t(0)}, name: Ada }`];
    expect(outcome([[0, 1]], lines).result.groups.map(({ name }) => name)).toEqual(['Ada']);
    const merged = [`- merge: { faces: [${t(0)}, ${t(1)}] }`, `- name: { face: ${t(0)}, name: Adda }`, `- name: { face: ${t(1)}, name: Ada }`]; // prettier-ignore
    expect(outcome([[0], [1]], merged).result.groups.map(({ name }) => name)).toEqual(['Ada']);
  });

  test('not_same is the last word over an earlier merge, which is told', () => {
    const lines = [`- merge: { faces: [${t(0)}, ${t(1)}] }`, `- not_same: { faces: [${t(0)}, ${t(1)}] }`];
    const { groups, result } = outcome([[0, 2], [1]], lines, [0, 9, 8]);
    expect(groups).toEqual([[0], [1, 2]]);
    expect(result.notApplied).toMatchObject([{ reason: expect.stringMatching(/^overruled by edit 2 /) as string }]);
  });

  test('two locked people stay two when clustering puts them together, and keep what is theirs', () => {
    const lines = [`- lock: { faces: [${t(0)}, ${t(1)}] }`, `- lock: { faces: [${t(4)}, ${t(5)}] }`];
    const { groups, result } = outcome([[0, 2, 3, 4], [1], [5]], lines, [0, 9, 1, 8, 9, 0]); // prettier-ignore
    expect(groups).toEqual([[0, 1, 2], [3, 4, 5]]); // prettier-ignore
    expect([result.groups.map(({ locked }) => locked), result.notApplied]).toEqual([[true, true], []]);
  });

  test('what clustering put in with locked tracks may leave them', () => {
    const lines = [`- lock: { faces: [${t(0)}, ${t(1)}] }`, `- split: { faces: [${t(2)}] }`];
    expect(outcome([[0, 1, 2]], lines).groups).toEqual([[0, 1], [2]]);
    expect(outcome([[0, 1, 2]], [lines[0]!, `- not_same: { faces: [${t(0)}, ${t(2)}] }`]).groups).toEqual([[0, 1], [2]]); // prettier-ignore
  });

  test('an edit of several faces applies to those that are still there, and says so', () => {
    const { groups, result } = outcome([[0], [1]], [`- merge: { faces: [${t(0)}, ${t(7)}, ${t(1)}] }`]);
    expect(groups).toEqual([[0, 1]]);
    expect(result.notApplied.map(({ reason }) => reason)).toEqual(['applied to 2 of its 3 faces; gone']);
    expect(outcome([[0], [1]], [`- merge: { faces: [${t(0)}, ${t(7)}] }`]).result.notApplied[0]!.reason).toBe('gone');
  });

  test('an identity made by an edit goes on none, one that took others in goes on the first', () => {
    const { result } = outcome(
      [
        [0, 1],
        [2, 3],
      ],
      [`- merge: { faces: [${t(2)}, ${t(0)}] }`, `- split: { faces: [${t(1)}] }`],
    );
    expect(result.groups.map(({ tracks, origin }) => [tracks, origin])).toEqual([[[0, 2, 3], 1], [[1], undefined]]); // prettier-ignore
    expect(result.areApart([1], [0])).toBe(true);
    expect(result.areApart([2], [0])).toBe(false);
  });
});
