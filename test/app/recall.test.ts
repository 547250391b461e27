// What is remembered of a judgement must never say more than judging everything would.
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { quickPlan } from '../../src/app/quick.js';
import { fromMemory } from '../../src/cli/from-memory.js';
import { testWorkspace, type World } from '../support/workspace.js';

const pipeline = `sa: 1
each: { ep: "videos/{ep}/episode.*" }
rules:
  copy:
    run: "cat {inputs.video} > {outputs.copy}"
    inputs: { video: "videos/{ep}/episode.*" }
    outputs: { copy: "made/{ep}/copy" }
    env: [SA_TEST_WORD]
  parts:
    stage: ./split.mjs
    inputs: { copy: "made/{ep}/copy" }
    outputs: { parts: "made/{ep}/parts/" }
  count:
    run: "ls {inputs.parts} > {outputs.count}"
    inputs: { parts: "made/{ep}/parts/", notes: { path: "notes/{ep}.txt", optional: true } }
    outputs: { count: "made/{ep}/count" }
  depends:
    run: "cat {inputs.copy} \\"$PWD/data/found.txt\\" > {outputs.all}; echo \\"x: $PWD/data/found.txt\\" > deps-{ep}.d"
    inputs: { copy: "made/{ep}/copy" }
    outputs: { all: "made/{ep}/all" }
    depfile: deps-{ep}.d
`;

const split = `import { readFileSync, writeFileSync } from 'node:fs';
import { word } from './word.mjs';
export const stage = {
  async run({ inputs, outputs }) {
    writeFileSync(outputs.path('parts') + '/a', readFileSync(inputs.path('copy')));
    writeFileSync(outputs.path('parts') + '/b', word);
    return {};
  },
};
`;

afterEach(() => {
  delete process.env['SA_TEST_WORD'];
});

/** A project in which all is fresh and remembered so. */
async function remembered(): Promise<World> {
  const files = {
    'pipeline.yaml': pipeline,
    'split.mjs': split,
    'word.mjs': `export const word = 'one';\n`,
    'data/videos/a/episode.mp4': 'video of a\n',
    'data/videos/b/episode.mp4': 'video of b\n',
    'data/found.txt': 'found\n',
  };
  // In CI a verify is asked once, and so not remembered.
  const world = testWorkspace(files, { CI: '' });
  // Files must be a moment old before a look can vouch for them.
  await delay(50);
  expect((await world.sa('build')).code).toBe(0);
  await delay(50);
  expect((await world.sa('build')).err).toMatch(/^0 run, 8 fresh/);
  expect(await recalled(world)).toEqual({});
  return world;
}

/** Verdicts of what is judged again by id; undefined when everything must be. */
async function recalled({ root }: World): Promise<Record<string, string> | undefined> {
  const options = { cwd: root, env: {} };
  const choice = { explicit: {}, force: [], trust: [] };
  const quick = await quickPlan(
    { words: [], all: false, lockedToo: false, allowMissing: false, options, choice },
    choice,
  );
  return quick && Object.fromEntries(quick.judged.steps.map(({ action, verdict }) => [action.id, verdict.kind]));
}

test('an edited input is judged again with all that comes after it, and nothing else', async () => {
  const world = await remembered();
  world.write({ 'data/videos/a/episode.mp4': 'another video\n' });
  expect(await recalled(world)).toEqual({
    'copy@a': 'run',
    'parts@a': 'later',
    'count@a': 'later',
    'depends@a': 'later',
  });
  expect((await world.sa('build')).err).toMatch(/4 run, 4 fresh, in/);
  expect(world.read('data/made/a/all')).toBe('another video\nfound\n');
});

test('a write of the same length within one tick of the clock is not missed', async () => {
  const world = await remembered();
  for (const text of ['video of A\n', 'video of B\n', 'video of C\n']) {
    world.write({ 'data/videos/a/episode.mp4': text });
    expect((await world.sa('build')).code).toBe(0);
    expect(world.read('data/made/a/copy')).toBe(text);
  }
});

test('a touched file is looked into once, and nothing runs', async () => {
  const world = await remembered();
  utimesSync(join(world.root, 'data/videos/a/episode.mp4'), new Date(), new Date());
  await delay(50);
  expect((await world.sa('build')).err).toMatch(/^0 run, 8 fresh/);
  expect(await recalled(world)).toEqual({});
});

test.each([
  [
    'an output that is gone',
    (root: string) => rmSync(join(root, 'data/made/a/copy')),
    { 'copy@a': 'restore', 'parts@a': 'fresh' },
  ],
  [
    'an altered output',
    (root: string) => writeFileSync(join(root, 'data/made/b/count'), 'no\n'),
    { 'count@b': 'restore' },
  ],
  [
    'a file that a depfile named',
    (root: string) => appendFileSync(join(root, 'data/found.txt'), 'more\n'),
    { 'depends@a': 'run', 'depends@b': 'run' },
  ],
  [
    'an optional input that appeared',
    (root: string) => {
      mkdirSync(join(root, 'data/notes'));
      writeFileSync(join(root, 'data/notes/b.txt'), 'x');
    },
    { 'count@b': 'run' },
  ],
])('%s is noticed', async (_what, edit, verdicts) => {
  const world = await remembered();
  edit(world.root);
  expect(await recalled(world)).toMatchObject(verdicts);
  const whole = JSON.parse((await world.sa('plan', '--json')).out) as { actions: { id: string; verdict: string }[] };
  for (const { id, verdict } of whole.actions) expect((await recalled(world))![id] ?? 'fresh', id).toBe(verdict);
});

test.each([
  ['pipeline.yaml', (root: string) => appendFileSync(join(root, 'pipeline.yaml'), '# a comment\n')],
  ['the code of a stage', (root: string) => writeFileSync(join(root, 'word.mjs'), `export const word = 'two';\n`)],
  [
    'a lockfile',
    (root: string) => {
      const lock = join(root, 'data/manifests/a/sa.lock');
      writeFileSync(lock, readFileSync(lock, 'utf8').replace('copy', 'copx'));
    },
  ],
  [
    'a new episode',
    (root: string) => {
      mkdirSync(join(root, 'data/videos/c'));
      writeFileSync(join(root, 'data/videos/c/episode.mp4'), 'c');
    },
  ],
  ['a second video of an episode', (root: string) => writeFileSync(join(root, 'data/videos/a/episode.mkv'), 'a')],
  ['a video that is gone', (root: string) => rmSync(join(root, 'data/videos/a/episode.mp4'))],
  ['a file more in an output folder', (root: string) => writeFileSync(join(root, 'data/made/a/parts/c'), 'c')],
  [
    'a variable that a command sees',
    () => {
      process.env['SA_TEST_WORD'] = 'set';
    },
  ],
  [
    'what is left of a killed build',
    (root: string) => mkdirSync(join(root, 'data/.sa/tmp/1-left'), { recursive: true }),
  ],
  [
    'a damaged memory',
    (root: string) => {
      for (const name of readdirSync(join(root, '.sa/judged'))) {
        const path = join(root, '.sa/judged', name);
        const bytes = readFileSync(path);
        bytes[bytes.length >> 1]! ^= 4;
        writeFileSync(path, bytes);
      }
    },
  ],
])('%s has everything judged anew', async (_what, edit) => {
  const world = await remembered();
  edit(world.root);
  expect(await recalled(world)).toBeUndefined();
});

test('a question with other words or other values is another question', async () => {
  const world = await remembered();
  world.write({ 'data/videos/b/episode.mp4': 'new\n' });
  expect((await world.sa('build', 'a')).err).toMatch(/^0 run, 4 fresh/);
  expect((await world.sa('build', 'b')).err).toMatch(/4 run, in/);
  expect((await world.sa('build')).err).toMatch(/^0 run, 8 fresh/);
});

/** What the shortest way answers and prints; undefined where it leaves the answer to a look at everything. */
async function answered({ root }: World, ...argv: string[]): Promise<string | undefined> {
  let printed = '';
  const screen = { write: (text: string) => void (printed += text), live: false, colour: false, columns: 80 };
  const signal = new AbortController().signal;
  const code = await fromMemory(argv, { cwd: root, env: {}, out: screen, err: screen, signal });
  return code === undefined ? undefined : `${code} ${printed}`;
}

test.each([[['verify']], [['verify', '--all', '--allow-missing']], [['status']], [['status', 'b']]])(
  '%j is answered at once when asked again, in the same words, and looks at everything after an edit',
  async (argv) => {
    const world = await remembered();
    expect(await answered(world, ...argv)).toBeUndefined();
    const whole = await world.sa(...argv);
    expect(await answered(world, ...argv)).toBe(`${whole.code} ${whole.out}`);
    world.write({ 'data/videos/b/episode.mp4': 'new\n' });
    expect(await answered(world, ...argv)).toBeUndefined();
    expect((await world.sa(...argv)).out).toMatch(/stale/);
  },
);

test('verify names what somebody vouched for each time it is asked', async () => {
  const world = await remembered();
  world.write({ 'data/made/a/copy': 'by hand\n' });
  expect((await world.sa('build', '--trust', 'copy')).code).toBe(0);
  for (let asked = 0; asked < 2; asked++) expect((await world.sa('verify')).out).toMatch(/trusted copy@a/);
  expect(await answered(world, 'verify')).toBeUndefined();
});

test.each([[['verify', '--json']], [['verify', '--format', 'junit']], [['status', '--json']], [['verify', '-n']]])(
  '%j is read as usual',
  async (argv) => {
    const world = await remembered();
    for (let asked = 0; asked < 2; asked++) await world.sa(...argv);
    expect(await answered(world, ...argv)).toBeUndefined();
  },
);
