// Files written to break the reader: each must end in a problem (or a pipeline) and nothing else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { complaints, withRules } from './pipelines.js';

const mebi = 1024 * 1024;
const first = (text: string): string => complaints(text).split('\n')[0]!;

test('an alias bomb is refused before it unfolds', () => {
  const rows = Array.from({ length: 30 }, (_, row) => `a${row + 1}: &a${row + 1} [${`*a${row}, `.repeat(9)}*a${row}]`);
  expect(first(`a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n${rows.join('\n')}`)).toMatch(
    /^pipeline\.yaml:\d+:\d+ too-many-aliases: the aliases up to here unfold to more than 1048576 characters$/,
  );
});

test('aliases are fine where they unfold to little; one inside its own value is not', () => {
  const text = withRules(
    '  a: { run: x, inputs: &in { i: "videos/{ep}.mp4" }, outputs: { o: "o/{ep}" } }\n  b: { run: x, inputs: *in, outputs: { o: "p/{ep}" } }\n',
  );
  expect(complaints(text)).toBe('no problem');
  expect(complaints('sa: &a [*a]').split('\n')).toContain(
    'pipeline.yaml:1:9 bad-alias: no value named "&a" ends before this alias',
  );
});

test.each(['[', '- ', '{a: ', '? '])('nesting by %j ends at a limit, not at the end of the stack', (open) => {
  expect(first(open.repeat(200_000))).toMatch(/too-deep: here more than 60 levels lie inside each other$/);
});

test('a file that is too large is not looked into', () => {
  expect(first('[ '.repeat(25 * mebi))).toBe(
    'pipeline.yaml:1:1 too-large: the file has 52428800 characters; at most 50331648 are read',
  );
});

test('ten megabytes of nesting end at the first sixty levels', () => {
  expect(first('['.repeat(10 * mebi))).toMatch(/too-deep: here more than 60 levels lie inside each other$/);
});

test('more mistakes than anyone reads are counted', () => {
  const lines = complaints(withRules(Array.from({ length: 200 }, (_, n) => `  r${n}:\n`).join(''))).split('\n');
  expect(lines.filter((line) => line.startsWith('pipeline.yaml:'))).toHaveLength(100);
  expect(lines.at(-1)).toBe('too-many-problems: 100 more problems are not shown');
  expect(first(withRules(Array.from({ length: 1001 }, (_, n) => `  r${n}: {run: x}\n`).join('')))).toMatch(
    /no-outputs/,
  );
});

test('a long line is cut around the caret', () => {
  expect(
    complaints(`${'x'.repeat(300)}: 1\n`)
      .split('\n')
      .slice(1, 3),
  ).toEqual([`    ${'x'.repeat(159)}…`, `    ${'~'.repeat(160)}`]);
  const lines = complaints(`sa: [${'1, '.repeat(200)}\t.nan]`).split('\n');
  const [source, caret] = lines.slice(lines.findIndex((line) => line.includes('bad-number')) + 1);
  expect(source!.slice(caret!.indexOf('~'), caret!.lastIndexOf('~') + 1)).toBe('.nan');
  expect(source).toHaveLength(164);
});

test('what could steer a terminal is not printed', () => {
  const said = complaints('sa: 1\n"\u009b31m\u202e": 1\n');
  expect(said).toContain('unknown key "\\u009b31m\\u202e"');
  expect(said).not.toMatch(/[\u0080-\u009f\u202e]/);
});

test.each([
  ['a: 1\na: 2', 'pipeline.yaml:2:1 duplicate-key: the key "a" stands here a second time'],
  ['b: {<<: {a: 1}}', 'pipeline.yaml:1:5 merge-key: merge keys (<<) are no part of YAML 1.2; write the keys out'],
  ['a: !own x', 'pipeline.yaml:1:4 yaml-syntax: unresolved tag: !own'],
  ['a: 1\n---\nb: 1', 'pipeline.yaml:2:1 yaml-syntax: a second document starts here; one file is one document'],
  ['[a]: 1', 'pipeline.yaml:1:1 bad-key: a key is a plain name here, not a list, a map or an alias'],
  ['sa: .inf', 'pipeline.yaml:1:5 bad-number: ".inf" is no number that JSON could hold'],
  ['a:\n\tb: 1', 'pipeline.yaml:2:1 yaml-syntax: tabs are not allowed as indentation'],
])('YAML that means nothing here: %j', (text, message) => {
  expect(complaints(text).split('\n')).toContain(message);
});

const words = fc.constantFrom(
  'sa',
  'each',
  'ep',
  'params',
  'profiles',
  'episodes',
  'rules',
  'groups',
  'stage',
  'run',
  'inputs',
  'outputs',
  'models',
  'params',
  'path',
  'optional',
  'stride',
  'video',
  '__proto__',
  'constructor',
  'toString',
  '',
  'find',
  'videos/{ep}.mp4',
  'o/{ep}/',
  '*',
  '{inputs.x}',
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    words,
    fc.constantFrom<unknown>(1, 0, -1, 0.5, true, null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.array(fc.tuple(words, tie('tree')), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs)),
  ),
}));

test('any structure of words that mean something ends in a pipeline or in problems', () => {
  fc.assert(
    fc.property(tree, (value) => void complaints(JSON.stringify(value))),
    { numRuns: 200 },
  );
});

test('rules of any structure end in a pipeline or in problems', () => {
  const rules = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.dictionary(words, tree, { maxKeys: 5 }));
  fc.assert(
    fc.property(rules, (value) => void complaints(withRules(`  ${JSON.stringify(value)}\n`))),
    { numRuns: 200 },
  );
});

test('any text ends in a pipeline or in problems', () => {
  const mark = fc.constantFrom(
    '[',
    ']',
    '{',
    '}',
    ':',
    '- ',
    '? ',
    ': ',
    '\n',
    '\n  ',
    '"',
    "'",
    '|\n',
    '>',
    '&a',
    '*a',
    '!',
    '#',
    '%',
    '<<',
    '\t',
    '\r\n',
    '---',
    '...',
    'sa',
    'rules',
    '\0',
    '\ufeff',
    '\ud800',
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(mark, fc.string({ maxLength: 4 })), { maxLength: 40 }),
      (parts) => void complaints(parts.join('')),
    ),
    { numRuns: 500 },
  );
});
