// edits.yaml as a text: what is added or taken back leaves every other byte alone.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withEntry, withoutEntry } from '../../src/app/edit-log.js';
import type { Change } from '../../src/stage/edits.js';
import { parseEdits } from '../../src/stage/edits.js';

const file = 'edits.yaml';
const face = { kind: 'place', at: 12.40049, box: [0.1, 0.20001, 0.3, 0.5] } as const;
const hide: Change = { kind: 'hide', face };
const add = (text: string, change: Change = hide, remark = 'id_0003'): string =>
  withEntry({ text, file }, change, remark);
const undo = (text: string, number?: number): string => withoutEntry({ text, file }, number).text;

describe('withEntry', () => {
  test('an entry names its faces on lines of their own, with a remark for people', () => {
    const name: Change = { kind: 'name', name: 'Lisa "L" Simpson: yes', faces: [face, { kind: 'track', trackId: 'track-00007' }] }; // prettier-ignore
    const text = add(add('', name), { kind: 'split', faces: [face], to: face }, 'track-00007\n- hide: {}');
    expect(text).toBe(
      [
        '- name: # id_0003',
        '    name: "Lisa \\"L\\" Simpson: yes"',
        '    faces:',
        '      - { at: 12.4, box: [0.1, 0.2, 0.3, 0.5] }',
        '      - { track: track-00007 }',
        '- split: # track-00007 - hide: {}',
        '    to: { at: 12.4, box: [0.1, 0.2, 0.3, 0.5] }',
        '    faces:',
        '      - { at: 12.4, box: [0.1, 0.2, 0.3, 0.5] }',
        '',
      ].join('\n'),
    );
    expect(parseEdits({ text, file }).map(({ kind }) => kind)).toEqual(['name', 'split']);
  });

  test.each([
    ['', ''],
    ['# mine', '# mine\n'],
    ['[] # none yet', ' # none yet\n'],
    ['- hide: { face: { track: track-00001 } }', '- hide: { face: { track: track-00001 } }\n'],
    ['---\n\n  - hide: { face: { track: track-00001 } } # a\n\n# end', '---\n\n  - hide: { face: { track: track-00001 } } # a\n\n# end\n'], // prettier-ignore
  ])('%j stays as it is before it', (before, kept) => {
    const text = add(before);
    expect(text.slice(0, kept.length)).toBe(kept);
    expect(parseEdits({ text, file }).at(-1)).toMatchObject({ kind: 'hide' });
  });

  test.each([
    '[{ hide: { face: { track: track-00001 } } }]',
    '- hide: { face: { track: track-00001 } }\n...\n',
    '- { hide: { face: { track: track-00001 } } }\n... # end',
  ])('%j is not rewritten: it says what to do', (before) => {
    expect(() => add(before)).toThrow(/^odd-edits: edits.yaml is written in a way that sa edit cannot change/);
  });

  test('a log with a fault is left alone', () => {
    expect(() => add('- hide: {}\n')).toThrow(/bad-edit/);
  });
});

describe('withoutEntry', () => {
  const log = [
    '# who is who',
    '- hide: { face: { track: track-00001 } } # a poster',
    '# the twins',
    '- not_same:',
    '    faces: # two',
    '      - { track: track-00002 }',
    '      - { track: track-00003 }',
    '',
    '- hide: { face: { track: track-00004 } }',
    '# end',
  ].join('\n');

  test('the last entry goes, or the one with a number; comments on lines of their own stay', () => {
    expect(undo(log)).toBe(log.replace('- hide: { face: { track: track-00004 } }\n', ''));
    expect(undo(log, 1)).toBe(log.replace('- hide: { face: { track: track-00001 } } # a poster\n', ''));
    expect(undo(log, 2)).toBe(log.replace(/- not_same:\n.*\n.*\n.*\n/, ''));
    expect(undo(undo(undo(log)))).toBe('# who is who\n# the twins\n\n# end');
  });

  test('nothing to undo, and no such number, are told', () => {
    expect(() => undo('# mine\n')).toThrow('no-such-edit: edits.yaml is empty: nothing to undo');
    expect(() => undo(log, 4)).toThrow('no-such-edit: edits.yaml has 3 entries, none with number 4');
  });
});

test('any series of changes keeps the log whole, and undoing all gives the first text back', () => {
  const anchor = fc.oneof(
    fc.record({ kind: fc.constant('track' as const), trackId: fc.constant('track-00001') }),
    fc.record({
      kind: fc.constant('place' as const),
      at: fc.float({ min: 0, max: 9e4, noNaN: true }),
      box: fc.constant([0, 0.25, 0.5, 1] as const),
    }),
  );
  const faces = fc.array(anchor, { minLength: 2, maxLength: 4 });
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant('name' as const), faces, name: fc.string({ minLength: 1, unit: 'grapheme' }).filter((name) => name.trim() === name) }), // prettier-ignore
    fc.record({ kind: fc.constantFrom('merge' as const, 'split' as const, 'lock' as const), faces }),
    fc.record({ kind: fc.constant('hide' as const), face: anchor }),
  );
  const start = '# mine\n- hide: { face: { track: track-00001 } } # first\n';
  fc.assert(
    fc.property(fc.array(fc.tuple(change, fc.string({ unit: 'binary' })), { maxLength: 5 }), (entries) => {
      const texts = [start];
      for (const [one, remark] of entries) texts.push(add(texts.at(-1)!, one, remark));
      const edits = parseEdits({ text: texts.at(-1)!, file });
      expect(edits.slice(1).map(({ kind }) => kind)).toEqual(entries.map(([{ kind }]) => kind));
      expect(edits.slice(1).map((edit) => (edit.kind === 'name' ? edit.name : ''))).toEqual(
        entries.map(([one]) => (one.kind === 'name' ? one.name : '')),
      );
      while (texts.length > 1) {
        const last = texts.pop()!;
        expect(undo(last)).toBe(texts.at(-1));
      }
    }),
    { numRuns: 30 },
  );
});
