// Projects made to break the program, against the built command line with little memory: each ends in a
// clear problem and exit code 2, soon, and nothing outside the project is touched.
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testWorkspace, type World } from '../support/workspace.js';

const program = join(import.meta.dirname, '../../dist/src/cli/main.js');
const pipeline = `sa: 1
each: { ep: "v/{ep}/e.*" }
rules:
  copy: { run: "cp {inputs.v} {outputs.o}; echo {ep} >> log", inputs: { v: "v/{ep}/e.*" }, outputs: { o: "o/{ep}/a.txt" } }
  folder: { run: "cp {inputs.v} {outputs.o}/a", inputs: { v: "v/{ep}/e.*" }, outputs: { o: "p/{ep}/" } }
`;
const small = (): World => testWorkspace({ 'pipeline.yaml': pipeline, 'data/v/one/e.txt': 'x' });

/** Seconds that no refusal comes near on a machine that is otherwise busy. */
const soonMs = 60_000;

function sa(root: string, ...words: string[]): { code: number | null; err: string } {
  const { status, stderr } = spawnSync(process.execPath, ['--max-old-space-size=256', program, ...words], {
    cwd: root,
    encoding: 'utf8',
    timeout: soonMs,
  });
  return { code: status, err: stderr };
}

/** A folder beside the project, with a file in it, and what then holds of it. */
function outside(): { path: string; unchanged: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'sa-outside-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  writeFileSync(join(path, 'keep'), 'as it was');
  writeFileSync(join(path, '.sa-tmp-keep'), 'as it was');
  return {
    path,
    unchanged() {
      expect(readdirSync(path).sort()).toEqual(['.sa-tmp-keep', 'keep']);
      expect(readFileSync(join(path, 'keep'), 'utf8')).toBe('as it was');
    },
  };
}

test('episodes whose names could steer a shell, a terminal or a path are refused by their names, all at once', () => {
  const names = [
    'a b',
    "it's",
    'q"q',
    'new\nline',
    'tab\there',
    '-dash',
    '--all',
    '*',
    'a?b',
    '$(touch pwned)',
    'x;y',
    '`id`',
    'épisode',
    '\u202eevil',
    '\u001b[31mred',
    '__proto__',
    'x'.repeat(200),
  ];
  const world = testWorkspace({
    'pipeline.yaml': pipeline,
    ...Object.fromEntries(names.map((name) => [`data/v/${name}/e.txt`, 'x'])),
  });
  const { code, err } = sa(world.root, 'build');
  expect([code, err.match(/^problem bad-episode-name: the folder name ".+" cannot be an episode$/gm)?.length]).toEqual([
    2,
    names.length,
  ]);

  expect(err).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  expect(readdirSync(world.root).sort()).toEqual(['.sa', 'data', 'pipeline.yaml']);
});

test('twins of one name, in case or in how a letter is composed, are told apart and refused', () => {
  const cased = testWorkspace({ 'pipeline.yaml': pipeline, 'data/v/Ep/e.txt': 'x', 'data/v/ep/e.txt': 'y' });
  expect(sa(cased.root, 'build')).toEqual({
    code: 2,
    err: 'problem same-episode: episodes Ep and ep differ in nothing but case\n    rename one of them\n',
  });
  const composed = testWorkspace({
    'pipeline.yaml': pipeline,
    'data/v/caf\u00e9/e.txt': 'x',
    'data/v/cafe\u0301/e.txt': 'y',
  });
  const { code, err } = sa(composed.root, 'build');
  expect([code, err.split('\n').filter((line) => line.startsWith('problem'))]).toEqual([
    2,
    [
      'problem bad-episode-name: the folder name "cafe\\u0301" cannot be an episode',
      'problem bad-episode-name: the folder name "caf\u00e9" cannot be an episode',
    ],
  ]);
});

test.each([
  'data/o',
  'data/o/one',
  'data/p',
  'data/manifests',
  'data/manifests/one',
  'data/.sa',
  'data/.sa/tmp',
  'data/.sa/store',
])('a link from %s out of the project is refused before anything runs', (link) => {
  const world = small();
  const { path, unchanged } = outside();
  mkdirSync(join(world.root, link, '..'), { recursive: true });
  symlinkSync(path, join(world.root, link));
  const { code, err } = sa(world.root, 'build');
  expect([code, err]).toEqual([2, expect.stringContaining(`a link leads to ${path}`)]);
  expect(readdirSync(world.root)).not.toContain('log');
  unchanged();
});

test.each([
  'data/.sa/lock',
  'data/.sa/store/lock',
  'data/o/one/a.txt',
  'data/manifests/one/sa.lock',
  'data/.sa/digests',
  'data/.sa/durations.json',
])('a link in the place of the file %s is not written through', (link) => {
  const world = small();
  const { path, unchanged } = outside();
  mkdirSync(join(world.root, link, '..'), { recursive: true });
  symlinkSync(join(path, 'keep'), join(world.root, link));
  expect([0, 1, 2]).toContain(sa(world.root, 'build').code);
  unchanged();
});

test('links in a circle, to nowhere and to themselves end in a problem or are no episode', () => {
  const world = small();
  symlinkSync('.', join(world.root, 'data/v/loop'));
  symlinkSync('nowhere', join(world.root, 'data/v/gone'));
  symlinkSync('o', join(world.root, 'data/o'));
  const { code, err } = sa(world.root, 'build');
  expect([code, err]).toEqual([2, expect.stringContaining('path-escapes')]);
});

test('a device, a folder, or a file without end in place of pipeline.yaml is not read', () => {
  const world = testWorkspace({ keep: '' });
  symlinkSync('/dev/zero', join(world.root, 'pipeline.yaml'));
  expect(sa(world.root, 'build')).toMatchObject({ code: 2, err: expect.stringContaining('is no file') as string });
  world.remove('pipeline.yaml');
  mkdirSync(join(world.root, 'pipeline.yaml'));
  expect(sa(world.root, 'build').code).toBe(2);
  world.remove('pipeline.yaml');
  world.write({ 'pipeline.yaml': '' });
  truncateSync(join(world.root, 'pipeline.yaml'), 3 * 2 ** 30);
  expect(sa(world.root, 'build')).toMatchObject({ code: 2, err: expect.stringContaining('too-large') as string });
});

test.each([
  [
    'an alias bomb',
    `a0: &a0 [${'x, '.repeat(10)}x]\n${Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n}, `.repeat(10)}1]`).join('\n')}`,
    'too-many-aliases',
  ],
  ['10 MB of nesting', '['.repeat(10 * 2 ** 20), 'too-deep'],
  ['10 MB of open maps', '{a: '.repeat(2.5 * 2 ** 20), 'too-deep'],
  ['keys that stand twice', `sa: 1\nsa: 1\n`, 'duplicate-key'],
  [
    'paths that leave the project',
    'sa: 1\neach: { ep: "v/{ep}/e.*" }\nrules: { a: { run: x, outputs: { o: "../../etc/passwd" } } }',
    'bad-path',
  ],
  [
    'absolute paths',
    'sa: 1\neach: { ep: "v/{ep}/e.*" }\nrules: { a: { run: x, outputs: { o: "/etc/passwd" } } }',
    'bad-path',
  ],
  ['a data root above the project', 'sa: 1\ndata: ../..\neach: { ep: "v/{ep}/e.*" }\nrules: {}', 'bad-path'],
  ['nothing but control characters', '\u0000\u0001\u0002'.repeat(1000), 'wrong-type'],
])('%s in pipeline.yaml is a problem of its own', (_, text, code) => {
  const world = testWorkspace({ 'pipeline.yaml': text, 'data/v/one/e.txt': 'x' });
  const ran = sa(world.root, 'build');
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(code)]);
});

test('a lockfile made to break its reader does no lasting harm', () => {
  const world = small();
  const deep = `{"version":1,"actions":{"copy":{"fingerprint":"x","manifest":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},"outputs":{},"counts":{}}}}`;
  for (const text of [
    deep,
    '['.repeat(2 ** 20),
    '{"version":1,"actions":{"__proto__":{"fingerprint":"x"},"copy":[]}}',
    '\u0000',
  ]) {
    world.write({ 'data/manifests/one/sa.lock': text });
    expect(sa(world.root, 'build')).toMatchObject({ code: 0 });
    expect(sa(world.root, 'verify')).toMatchObject({ code: 0 });
  }
});
