// Watching a project of shell commands, with real files and real file system events.
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startSa, until } from '../support/cli.js';
import { testWorkspace, type World } from '../support/workspace.js';
import { startWatch } from './watched.js';

/** Long enough for events to come and a build of these to end. */
const quietMs = 1000;

/** upper <- video; head <- upper; notes <- upper and, when it is there, edits.yaml. `log` notes each run. */
const pipeline = (limit = '3', more = ''): string => `sa: 1
data: data
each: { ep: "videos/{ep}/episode.*" }
params: { limit: ${limit} }
rules:
  upper:
    run: "echo upper >> log; tr a-z A-Z < {inputs.video} > {outputs.upper}"
    inputs: { video: "videos/{ep}/episode.*" }
    outputs: { upper: "made/{ep}/upper.txt" }
  head:
    run: "echo head >> log; head -c {params.limit} {inputs.upper} > {outputs.head}"
    inputs: { upper: "made/{ep}/upper.txt" }
    outputs: { head: "made/{ep}/head.txt" }
    params: [limit]
  notes:
    run: "echo notes >> log; cat {inputs.upper} {inputs.edits} > {outputs.notes}"
    inputs: { upper: "made/{ep}/upper.txt", edits: { path: "manifests/{ep}/edits.yaml", optional: true } }
    outputs: { notes: "made/{ep}/notes.txt" }
${more}`;

const project = (files: Readonly<Record<string, string>> = {}): World =>
  testWorkspace({ 'pipeline.yaml': pipeline(), 'data/videos/one/episode.txt': 'abcdef\n', ...files });
const withoutTime = (line: string | undefined): string | undefined => line?.replace(/ in [\d.]+ s/, '');
const runs = (world: World): string => world.read('log').trim().split('\n').join(' ');

test('the first round builds, an edit builds what it makes stale, and each is one line', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  const [first] = await watched.rounds(1);
  expect(withoutTime(first)).toBe('never built: built upper, head, notes');
  world.write({ 'pipeline.yaml': pipeline('3.50') });
  expect(withoutTime((await watched.rounds(2))[1])).toBe('limit 3.0 -> 3.5: failed head');
  world.write({ 'pipeline.yaml': pipeline('4') });
  expect(withoutTime((await watched.rounds(3))[2])).toBe('limit 3 -> 4: built head');
  expect(world.read('data/made/one/head.txt')).toBe('ABCD');
  world.write({ 'pipeline.yaml': pipeline('3') });
  expect(withoutTime((await watched.rounds(4))[3])).toBe('limit 4 -> 3: restored head');
  expect(await watched.stop()).toBe(130);
});

test('its own writes start no second round', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  await delay(quietMs);
  world.write({ 'data/videos/one/episode.txt': 'xyz\n' });
  await watched.rounds(2);
  await delay(quietMs);
  expect(watched.lines()).toHaveLength(2);
  expect(watched.said()).toBe('');
  expect(runs(world).split(' ').sort()).toEqual(['head', 'head', 'notes', 'notes', 'upper', 'upper']);
});

test('a burst of saves of several files is gathered, and its last state is what is built', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  const limits = ['1', '2', '4', '5'];
  for (const limit of limits) {
    world.write({ 'pipeline.yaml': pipeline(limit), 'data/videos/one/episode.txt': `abcdef${limit}\n` });
    await delay(5);
  }
  await watched.rounds(2);
  await delay(quietMs);
  // One round on a quiet machine; a busy one may tear the burst apart, but never into its single saves.
  const rounds = watched.lines().map(withoutTime).slice(1);
  expect(rounds.length).toBeLessThan(limits.length);
  expect(rounds.at(-1)).toContain('-> 5');
  expect((await world.sa('verify', 'one')).code).toBe(0);
});

test('a file that is replaced by a rename, again and again, is seen each time', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  for (const [index, limit] of ['1', '2', '4', '5'].entries()) {
    world.write({ '.pipeline.yaml.swp': pipeline(limit) });
    // As vim does it: the old file steps aside first.
    renameSync(join(world.root, 'pipeline.yaml'), join(world.root, 'pipeline.yaml~'));
    renameSync(join(world.root, '.pipeline.yaml.swp'), join(world.root, 'pipeline.yaml'));
    await watched.rounds(index + 2);
  }
  expect(watched.lines().map(withoutTime).slice(1)).toEqual([
    'limit 3 -> 1: built head',
    'limit 1 -> 2: built head',
    'limit 2 -> 4: built head',
    'limit 4 -> 5: built head',
  ]);
});

test('a broken pipeline.yaml shows its problem and waits; mended, it goes on', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  world.write({ 'pipeline.yaml': pipeline().replace('params: [limit]', 'params: [limti]') });
  await watched.says('waiting for the next edit');
  expect(watched.said()).toContain('pipeline.yaml:14:14 unknown-param');
  world.write({ 'pipeline.yaml': pipeline('2') });
  expect(withoutTime((await watched.rounds(2))[1])).toBe('limit 3 -> 2: built head');
});

test('one that is broken from the start is waited for; so is an input that it names', async () => {
  const world = testWorkspace({ 'pipeline.yaml': 'sa: 1\nrules: [', 'data/videos/one/episode.txt': 'abc\n' });
  const watched = startWatch(world.root, 'one');
  await watched.says('waiting for the next edit');
  const extra =
    '  more:\n    run: "cat {inputs.list} > {outputs.o}"\n    inputs: { video: "videos/{ep}/episode.*", list: "lists/words.txt" }\n    outputs: { o: "made/{ep}/more.txt" }\n';
  world.write({ 'pipeline.yaml': pipeline('3', extra) });
  await watched.says('unknown-artifact: rule "more" reads "lists/words.txt"');
  expect(watched.lines()).toEqual([]);
  world.write({ 'data/lists/words.txt': 'word\n' });
  expect(withoutTime((await watched.rounds(1))[0])).toBe('never built: built upper, head, notes, more');
});

test('an input that appears, and goes again, is an edit', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  world.write({ 'data/manifests/one/edits.yaml': 'names\n' });
  expect(withoutTime((await watched.rounds(2))[1])).toBe('manifests/one/edits.yaml added: built notes');
  expect(world.read('data/made/one/notes.txt')).toBe('ABCDEF\nnames\n');
  rmSync(join(world.root, 'data/manifests/one/edits.yaml'));
  expect(withoutTime((await watched.rounds(3))[2])).toBe('manifests/one/edits.yaml removed: restored notes');
});

test('without an episode, one that is added is built, and several are told apart', async () => {
  const world = project();
  const watched = startWatch(world.root);
  await watched.rounds(1);
  world.write({ 'data/videos/two/episode.txt': 'two\n' });
  expect(withoutTime((await watched.rounds(2))[1])).toBe('two: never built: built upper, head, notes');
  world.write({ 'data/videos/one/episode.txt': '1\n', 'data/videos/two/episode.txt': '2\n' });
  expect((await watched.rounds(4)).slice(2).map(withoutTime)).toEqual([
    'one: videos/one/episode.txt changed: built upper, head, notes',
    'two: videos/two/episode.txt changed: built upper, head, notes',
  ]);
});

test('an edit that makes nothing stale builds nothing, and says so', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  world.write({ 'pipeline.yaml': `# a remark\n${pipeline()}` });
  await watched.says('pipeline.yaml: nothing is stale');
  expect(watched.lines()).toHaveLength(1);
});

test('what failed is not tried again until something changes', async () => {
  const world = project();
  world.write({ 'pipeline.yaml': pipeline().replace('echo head >> log;', 'echo head >> log; exit 3;') });
  const watched = startWatch(world.root, 'one', '--keep-going');
  expect(withoutTime((await watched.rounds(1))[0])).toBe('never built: built upper, notes; failed head');
  expect(watched.said()).toContain('head@one failed: command failed: exit code 3');
  world.write({ 'data/manifests/one/edits.yaml': 'x\n' });
  expect(withoutTime((await watched.rounds(2))[1])).toContain('built notes; failed head');
  world.write({ 'data/videos/two/episode.txt': 'of no concern\n' });
  await watched.says('nothing is stale');
  expect(watched.lines()).toHaveLength(2);
});

test('a git checkout that changes many files is one round', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `code/${index}.txt`);
  const files = (word: string): Record<string, string> => Object.fromEntries(names.map((name) => [name, `${word}\n`]));
  const more = `  list:\n    run: "cat code/* | sort -u > {outputs.o}"\n    code: [${names.join(', ')}]\n    inputs: { video: "videos/{ep}/episode.*" }\n    outputs: { o: "made/{ep}/list.txt" }\n`;
  const world = project({
    'pipeline.yaml': pipeline('3', more),
    '.gitignore': 'log\n.sa/\ndata/made/\ndata/manifests/\n',
    ...files('old'),
  });
  const git = (...words: string[]): void =>
    void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...words], {
      cwd: world.root,
      stdio: 'ignore',
    });
  git('init', '-b', 'main');
  git('add', '.');
  git('commit', '-m', 'old');
  git('checkout', '-b', 'other');
  world.write({ ...files('new'), 'data/videos/one/episode.txt': 'other\n' });
  git('commit', '-am', 'new');
  git('checkout', 'main');
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  git('checkout', 'other');
  await watched.rounds(2);
  await delay(quietMs);
  expect(watched.lines().slice(1).map(withoutTime)).toEqual([
    'videos/one/episode.txt changed, code/0.txt changed, code/1.txt changed, code/10.txt changed, 197 more: built upper, head, notes, list',
  ]);
  expect(world.read('data/made/one/list.txt')).toBe('new\n');
});

test("an edited stage of the user's own, and what it imports, runs as it is now", async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  say:\n    stage: ./mine/stage.js\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "o/{ep}.txt" }\n',
    'package.json': '{ "type": "module" }',
    'mine/stage.js':
      "import { writeFileSync } from 'node:fs';\nimport { word } from '../words/word.js';\nexport const stage = { async run({ outputs }) { writeFileSync(outputs.path('o'), `first ${word}`); return {}; } };\n",
    'words/word.js': "export const word = 'one';\n",
    'data/v/a.txt': '',
  });
  const made = (): string => (existsSync(join(world.root, 'data/o/a.txt')) ? world.read('data/o/a.txt') : '');
  // A process of its own: the hooks by which a module is loaded anew have no effect inside the test runner.
  const started = startSa(world.root, ['watch', 'a']);
  await until(() => made() === 'first one');
  world.write({ 'mine/stage.js': world.read('mine/stage.js').replace('first', 'second') });
  await until(() => made() === 'second one');
  world.write({ 'words/word.js': "export { word } from './other.js';\n" });
  await until(() => started.said().includes('words/other.js is not there'));
  world.write({ 'words/other.js': "export const word = 'two';\n" });
  await until(() => made() === 'second two');
  world.write({ 'words/other.js': "export const word = 'three';\n" });
  await until(() => made() === 'second three');
  started.child.kill('SIGINT');
  expect(await started.ended).toMatchObject({ code: 130 });
});

test('names and screen time before and after are told', async () => {
  const identities = (...tracks: number[]): string =>
    JSON.stringify({ identities: tracks.map((count) => ({ track_ids: Array.from({ length: count }, () => 't') })) });
  const times = (people: Record<string, number>): string =>
    JSON.stringify({ identities: Object.entries(people).map(([name, time]) => ({ name, screen_time_s: time })) });
  const copy = (name: string): string =>
    `  ${name}:\n    run: "cp {inputs.from} {outputs.o}"\n    inputs: { from: "from/{ep}/${name}.json" }\n    outputs: { o: "manifests/{ep}/${name}.json" }\n`;
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1\neach: { ep: "videos/{ep}/episode.*" }\nrules:\n${copy('identities')}${copy('screentime')}`,
    'data/videos/one/episode.txt': '',
    'data/from/one/identities.json': identities(1, 1, 3),
    'data/from/one/screentime.json': times({ Lisa: 10, Kyle: 5.5 }),
  });
  const watched = startWatch(world.root, 'one');
  expect((await watched.rounds(1))[0]).toMatch(/; identities 3, singletons 2, Lisa \+10.0 s, Kyle \+5.5 s$/);
  world.write({
    'data/from/one/identities.json': identities(1, 4),
    'data/from/one/screentime.json': times({ Lisa: 51.2 }),
  });
  expect((await watched.rounds(2))[1]).toMatch(
    /; identities 3 -> 2, singletons 2 -> 1, Lisa \+41.2 s, Kyle -5.5 s \(gone\)$/,
  );
});

describe('an edit while a build is under way', () => {
  // Runs until it is let go; `started` and `ended` are written to the log.
  const slow = (limit: number, word: string): string => `sa: 1
data: data
each: { ep: "videos/{ep}/episode.*" }
params: { limit: ${limit}, word: ${word} }
rules:
  long:
    run: "echo started {params.limit} >> log; while [ ! -e go ]; do sleep 0.02; done; echo ended {params.limit} >> log; echo {params.limit} > {outputs.o}"
    inputs: { video: "videos/{ep}/episode.*" }
    outputs: { o: "made/{ep}/long.txt" }
    params: [limit]
  after:
    run: "echo after {params.word} >> log; cat {inputs.o} > {outputs.p}"
    inputs: { o: "made/{ep}/long.txt" }
    outputs: { p: "made/{ep}/after.txt" }
    params: [word]
`;
  const log = (world: World): string => (existsSync(join(world.root, 'log')) ? runs(world) : '');

  test('stops what it makes stale and starts it again', async () => {
    const world = project({ 'pipeline.yaml': slow(1, 'x') });
    const watched = startWatch(world.root, 'one');
    await until(() => log(world) === 'started 1');
    world.write({ 'pipeline.yaml': slow(2, 'x') });
    await until(() => log(world) === 'started 1 started 2');
    world.write({ go: '' });
    expect((await watched.rounds(1)).map(withoutTime)).toEqual(['never built: built long, after']);
    expect(watched.said()).toBe('pipeline.yaml: changes what is being built; starting again\n');
    expect(log(world)).toBe('started 1 started 2 ended 2 after x');
  });

  test('lets what it does not concern run to its end, and what follows already uses it', async () => {
    const world = project({ 'pipeline.yaml': slow(1, 'x') });
    const watched = startWatch(world.root, 'one');
    await until(() => log(world) === 'started 1');
    world.write({ 'pipeline.yaml': slow(1, 'y') });
    await delay(quietMs);
    expect(log(world)).toBe('started 1');
    world.write({ go: '' });
    await until(() => log(world).endsWith('after y'));
    await watched.rounds(1);
    expect(log(world).match(/ended/g)).toHaveLength(1);
    await delay(quietMs);
    expect(world.read('data/made/one/after.txt')).toBe('1\n');
    expect((await world.sa('verify', 'one')).code).toBe(0);
  });

  test('Ctrl-C ends the build with exit code 130, and what was finished is kept', async () => {
    const world = project({ 'pipeline.yaml': slow(1, 'x') });
    const watched = startWatch(world.root, 'one');
    await until(() => log(world) === 'started 1');
    expect(await watched.stop()).toBe(130);
    expect(watched.said()).toContain('interrupted');
    expect(existsSync(join(world.root, 'data/made/one/long.txt'))).toBe(false);
  });
});

test('words that name nothing end it at once', async () => {
  const world = project();
  expect(await world.sa('watch', 'one', 'haed')).toMatchObject({
    code: 2,
    err: expect.stringContaining('did you mean "head"?') as string,
  });
});

test('--poll sees edits too', async () => {
  const world = project();
  const watched = startWatch(world.root, 'one', '--poll');
  await watched.rounds(1);
  world.write({ 'pipeline.yaml': pipeline('4') });
  expect(withoutTime((await watched.rounds(2))[1])).toBe('limit 3 -> 4: built head');
});

test("pictures in a folder that is an input, also in folders that only just appear, are edits; the folder's own outputs are none", async () => {
  const more = `  faces:
    run: "find {inputs.cast} -type f | sort > {outputs.o}"
    inputs: { video: "videos/{ep}/episode.*", cast: { path: "cast/", optional: true } }
    outputs: { o: "manifests/{ep}/cast.txt" }
`;
  const world = project({ 'pipeline.yaml': pipeline('3', more), 'data/cast/Lisa/1.jpg': '1' });
  const watched = startWatch(world.root, 'one');
  await watched.rounds(1);
  world.write({ 'data/cast/Lisa/2.jpg': '2' });
  expect(withoutTime((await watched.rounds(2))[1])).toBe('cast/ changed: built faces');
  world.write({ 'data/cast/Kyle/1.jpg': '3' });
  await watched.rounds(3);
  rmSync(join(world.root, 'data/cast/Lisa/1.jpg'));
  await watched.rounds(4);
  expect(world.read('data/manifests/one/cast.txt').match(/(Lisa|Kyle)\/\d/g)).toEqual(['Kyle/1', 'Lisa/2']);
  await delay(quietMs);
  expect(watched.lines()).toHaveLength(4);
});
