// Rules that work in chunks: the same bytes however they are divided, and nothing finished is done twice.
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesIn } from '../../src/disk/file-digests.js';
import { startSa, until } from '../support/cli.js';
import { testWorkspace, type World } from '../support/workspace.js';

/** Turns each letter of its input into a line; a chunk is a run of `chunk_frames` letters. Notes each chunk in `log`. */
const spell = `import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
const here = (name) => new URL(name, import.meta.url);
export const stage = {
  chunks: {
    async split({ inputs }, { frames = 3, processors }) {
      if (!(processors >= 1)) throw new Error('how many processors there are is not said');
      const { length } = readFileSync(inputs.path('text'), 'utf8');
      return Array.from({ length: Math.ceil(length / frames) }, (_, at) => ({ from: at * frames, to: Math.min(length, (at + 1) * frames) }));
    },
    async runChunk({ inputs, params, part, signal, progress }, { from, to }) {
      appendFileSync(here('begun'), from + '\\n');
      const letters = [...readFileSync(inputs.path('text'), 'utf8')].slice(from, to);
      // Later chunks end first, so that nothing can rest on the order in which they end.
      await delay(existsSync(here('slow')) ? 20 * (10 - from) : 0);
      while (existsSync(here('hold-' + from))) { signal.throwIfAborted(); await delay(10); }
      if (existsSync(here('fail-' + from))) throw Object.assign(new Error('chunk ' + from + ' is made to fail'), { code: 'EMADE' });
      writeFileSync(part + '/lines', letters.map((letter) => letter + params.mark + '\\n').join(''));
      appendFileSync(here('log'), from + '-' + to + '\\n');
      progress(to - from, to - from);
      return { letters_count: letters.length };
    },
    async merge({ outputs }, parts) {
      writeFileSync(outputs.path('lines'), parts.map(({ folder }) => readFileSync(folder + '/lines', 'utf8')).join(''));
      appendFileSync(here('log'), 'merge\\n');
      return { letters_count: parts.reduce((sum, { counts }) => sum + counts.letters_count, 0) };
    },
  },
};
`;
const pipeline = (mark = '!'): string =>
  JSON.stringify({
    sa: 1,
    each: { ep: 'texts/{ep}.txt' },
    params: { mark },
    rules: {
      spell: {
        stage: './spell.mjs',
        inputs: { text: 'texts/{ep}.txt' },
        outputs: { lines: 'lines/{ep}.txt' },
        params: ['mark'],
      },
    },
  });
const text = 'abcdefghij';
const lines = text.replaceAll(/./g, '$&!\n');

function spellWorld(): World {
  return testWorkspace({ 'pipeline.yaml': pipeline(), 'spell.mjs': spell, 'data/texts/one.txt': text });
}

/** The chunks that have run since it was last asked, in order, and whether they were merged. */
function ran(world: World): string[] {
  const log = existsSync(join(world.root, 'log')) ? world.read('log').trim().split('\n') : [];
  world.remove('log');
  return log
    .map((line) => ({ line, from: line === 'merge' ? Infinity : parseInt(line) }))
    .sort((a, b) => a.from - b.from)
    .map(({ line }) => line);
}

function kept(world: World, kind: 'blobs' | 'traces'): string[] {
  const files = filesIn(join(world.root, 'data/.sa/store', kind)) ?? [];
  return files.filter((path) => !path.includes('.sa-tmp-')); // one that is still being written is not yet kept
}

test.each([
  [1, 10],
  [2, 5],
  [3, 4],
  [7, 2],
  [10, 1],
  [1, 11],
])('the result is the same in %i chunks and more, in any order, by any number of jobs', async (_, length) => {
  const world = spellWorld();
  world.write({ slow: '' });
  for (const jobs of ['1', '2', '4']) {
    expect(await world.build('--set', `chunk_frames=${length}`, '--jobs', jobs, '--force', 'spell')).toBe(
      'spell@one built',
    );
    expect(world.read('data/lines/one.txt')).toBe(lines);
    expect(ran(world)).toHaveLength(Math.ceil(10 / length) + 1);
  }
  const lock = world.read('data/manifests/one/sa.lock');
  const plain = spellWorld();
  await plain.build();
  expect(plain.read('data/manifests/one/sa.lock')).toBe(lock);
  expect(JSON.parse(lock)).toMatchObject({ actions: { spell: { counts: { letters_count: 10 } } } });
});

test('more chunks side by side than a signal likes listeners say nothing of it', async () => {
  const world = testWorkspace({
    'pipeline.yaml': pipeline(),
    'spell.mjs': spell,
    'data/texts/one.txt': 'abcdefghijklmn',
  });
  const names = Array.from({ length: 14 }, (_, at) => `hold-${at}`);
  world.write(Object.fromEntries(names.map((name) => [name, ''])));
  const build = startSa(world.root, ['build', '--set', 'chunk_frames=1', '--jobs', '14']);
  await until(() => existsSync(join(world.root, 'begun')) && world.read('begun').split('\n').length > 14);
  for (const name of names) world.remove(name);
  expect(await build.ended).toMatchObject({ code: 0, err: expect.not.stringContaining('Warning') as string });
});

test('how long chunks are makes nothing stale', async () => {
  const world = spellWorld();
  await world.build('--set', 'chunk_frames=2');
  expect(await world.build('--set', 'chunk_frames=5')).toBe('spell@one fresh');
});

test('no chunk is left in the store once its action is kept', async () => {
  const world = spellWorld();
  await world.build();
  expect([kept(world, 'traces').length, kept(world, 'blobs').length]).toEqual([1, 1]);
});

test('a build that is killed between chunks goes on after the last one that was finished', async () => {
  const world = spellWorld();
  world.write({ 'hold-6': '' });
  const build = startSa(world.root, ['build', '--jobs', '1']);
  await until(() => kept(world, 'traces').length === 2);
  build.child.kill('SIGKILL');
  await build.ended;
  expect(ran(world)).toEqual(['0-3', '3-6']);
  world.remove('hold-6');
  expect(await world.build('--jobs', '2')).toBe('spell@one built');
  expect(ran(world)).toEqual(['6-9', '9-10', 'merge']);
  expect(world.read('data/lines/one.txt')).toBe(lines);
  expect((await world.sa('verify')).code).toBe(0);
});

test('chunks run in threads of their own, which end with the program and with an interruption', async () => {
  const world = spellWorld();
  const built = await startSa(world.root, ['build', '--jobs', '3']).ended;
  expect([built.code, world.read('data/lines/one.txt')]).toEqual([0, lines]);
  world.write({ 'pipeline.yaml': pipeline('?'), 'hold-3': '' });
  const stopped = startSa(world.root, ['build', '--jobs', '2']);
  await until(() => kept(world, 'traces').length >= 2);
  stopped.child.kill('SIGINT');
  expect((await stopped.ended).code).toBe(130);
  world.remove('hold-3');
  ran(world);
  expect((await startSa(world.root, ['build']).ended).code).toBe(0);
  expect(ran(world)).not.toContain('0-3');
  expect(world.read('data/lines/one.txt')).toBe(lines.replaceAll('!', '?'));
});

test.each(['in this thread', 'in threads of their own'])(
  'a chunk that fails says why, and the others need not run again: %s',
  async (where) => {
    const world = spellWorld();
    world.write({ 'fail-6': '' });
    const failed =
      where === 'in this thread' ? await world.sa('build', '-j1') : await startSa(world.root, ['build', '-j1']).ended;
    expect([failed.code, failed.err]).toEqual([
      1,
      expect.stringContaining('spell@one failed: chunk 6 is made to fail'),
    ]);
    expect(existsSync(join(world.root, 'data/lines/one.txt'))).toBe(false);
    expect(readdirSync(join(world.root, 'data/.sa/tmp'))).toEqual([]);
    expect(ran(world)).toEqual(['0-3', '3-6']);
    world.remove('fail-6');
    expect(await world.build()).toBe('spell@one built');
    expect(ran(world)).toEqual(['6-9', '9-10', 'merge']);
    expect(world.read('data/lines/one.txt')).toBe(lines);
  },
);

/** Leaves a build unfinished with its first two chunks kept. */
async function unfinished(): Promise<World> {
  const world = spellWorld();
  world.write({ 'fail-6': '' });
  expect((await world.sa('build', '-j1')).code).toBe(1);
  ran(world);
  world.remove('fail-6');
  return world;
}

test('a damaged chunk is noticed, set aside and made again', async () => {
  const world = await unfinished();
  const blobs = join(world.root, 'data/.sa/store/blobs');
  const first = filesIn(blobs)!.find((name) => readFileSync(join(blobs, name), 'utf8').includes('a!'))!;
  writeFileSync(join(blobs, first), readFileSync(join(blobs, first), 'utf8').replace('a!', 'b!'));
  expect(await world.build()).toBe('spell@one built');
  expect(ran(world)).toEqual(['0-3', '6-9', '9-10', 'merge']);
  expect(world.read('data/lines/one.txt')).toBe(lines);
  expect(readdirSync(join(world.root, 'data/.sa/store/corrupt'))).toHaveLength(1);
});

test('chunks of other code, params or input are not taken for these', async () => {
  const changes: readonly Readonly<Record<string, string>>[] = [
    { 'pipeline.yaml': pipeline('?') },
    { 'spell.mjs': `${spell}// another version\n` },
    { 'data/texts/one.txt': text.toUpperCase() },
  ];
  for (const change of changes) {
    const world = await unfinished();
    world.write(change);
    await world.build();
    expect(ran(world)).toContain('0-3');
  }
});

test('with --no-cache nothing is kept of chunks, and with --force nothing is taken from them', async () => {
  const world = await unfinished();
  expect(await world.build('--force', 'spell')).toBe('spell@one built');
  expect(ran(world)).toHaveLength(5);
  const bare = spellWorld();
  await bare.sa('build', '--no-cache');
  expect([kept(bare, 'traces'), kept(bare, 'blobs')]).toEqual([[], []]);
});

test('an input that changes while chunks run is in no chunk that is kept', async () => {
  const world = spellWorld();
  world.write({ 'hold-3': '' });
  const build = world.sa('build', '-j1');
  await until(() => kept(world, 'traces').length === 1);
  appendFileSync(join(world.root, 'data/texts/one.txt'), 'k');
  world.remove('hold-3');
  const { code, err } = await build;
  expect([code, err]).toEqual([1, expect.stringContaining('its input texts/one.txt (text) changed while it ran')]);
  expect(kept(world, 'traces')).toHaveLength(1);
  world.write({ 'data/texts/one.txt': text });
  ran(world);
  expect(await world.build()).toBe('spell@one built');
  expect(ran(world)).not.toContain('0-3');
  expect(world.read('data/lines/one.txt')).toBe(lines);
});
