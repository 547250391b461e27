// Planning, running, restoring and verifying, on pipelines of shell commands.
import { chmodSync, existsSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testWorkspace, type World } from '../support/workspace.js';

/** upper <- video; count <- upper; both <- upper, count. `log` notes each run outside the data root. */
const threeRules = (limit = 3, comment = ''): string => `# ${comment}
sa: 1
data: data
each: { ep: "videos/{ep}/episode.*" }
params: { limit: ${limit}, word: ok, cluster_thresh: 0.75 }
profiles: { short: { limit: 1 } }
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
  both:
    run: "echo both >> log; cat {inputs.upper} {inputs.head} > {outputs.both}"
    inputs: { upper: "made/{ep}/upper.txt", head: "made/{ep}/head.txt" }
    outputs: { both: "made/{ep}/both.txt" }
groups: { tail: [head, both] }
`;

function threeRuleWorld(): World {
  return testWorkspace({ 'pipeline.yaml': threeRules(), 'data/videos/one/episode.txt': 'abcdef\n' });
}

const runs = (world: World): string =>
  existsSync(join(world.root, 'log')) ? world.read('log').trim().split('\n').join(' ') : '';
const all = (outcome: string): string => ['upper', 'head', 'both'].map((rule) => `${rule}@one ${outcome}`).join(', ');

test('a first build runs everything, a second one nothing', async () => {
  const world = threeRuleWorld();
  expect(await world.build('one')).toBe(all('built'));
  expect(world.read('data/made/one/both.txt')).toBe('ABCDEF\nABC');
  expect(await world.build('one')).toBe(all('fresh'));
  expect(runs(world)).toBe('upper head both');
});

test('a changed parameter runs its own action and what follows, nothing before', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  const plan = await world.sa('plan', 'one', '--set', 'limit=4');
  expect(plan.out.replaceAll(/ {2}\(about [\d.]+ s\)/g, '')).toBe(
    'fresh   upper@one\nrun     head@one   param-changed: limit 3 -> 4\nlater   both@one   after head@one; input-changed: made/one/head.txt (made by head)\n',
  );
  expect(await world.build('one', '--set', 'limit=4')).toBe('upper@one fresh, head@one built, both@one built');
});

test('a value that was built before is restored, not computed', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  await world.build('one', '--set', 'limit=4');
  expect(await world.build('one')).toBe('upper@one fresh, head@one restored, both@one restored');
  expect(world.read('data/made/one/both.txt')).toBe('ABCDEF\nABC');
  expect(runs(world)).toBe('upper head both head both');
});

test('a comment, a touched input and an unread parameter make nothing stale', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  world.write({ 'pipeline.yaml': threeRules(3, 'another remark') });
  const later = new Date(Date.now() + 5000);
  utimesSync(join(world.root, 'data/videos/one/episode.txt'), later, later);
  expect(await world.build('one', '--set', 'word=other')).toBe(all('fresh'));
});

test('a rebuilt output with the same bytes leaves everything after it fresh', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  world.write({ 'data/videos/one/episode.txt': 'ABCDEF\n' });
  expect(await world.build('one')).toBe('upper@one built, head@one fresh, both@one fresh');
});

test('an output that was deleted or altered is put back from the store, and verify says which it was', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  world.remove('data/made/one/head.txt');
  expect((await world.sa('verify')).out).toContain('stale head@one: output-missing: made/one/head.txt');
  expect(await world.build('one')).toBe('upper@one fresh, head@one restored, both@one fresh');
  world.write({ 'data/made/one/head.txt': 'ABX' });
  const found = await world.sa('verify');
  expect([found.code, found.out]).toEqual([1, expect.stringContaining('output-altered: made/one/head.txt')]);
  expect(await world.build('one')).toBe('upper@one fresh, head@one restored, both@one fresh');
  expect((await world.sa('verify')).code).toBe(0);
});

test('a damaged blob is noticed, set aside and its action run again', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  const blobs = join(world.root, 'data/.sa/store/blobs');
  for (const folder of readdirSync(blobs))
    for (const name of readdirSync(join(blobs, folder))) writeFileSync(join(blobs, folder, name), 'flipped');
  world.remove('data/made');
  expect(await world.build('one')).toBe(all('built'));
  expect(world.read('data/made/one/both.txt')).toBe('ABCDEF\nABC');
  expect(readdirSync(join(world.root, 'data/.sa/store/corrupt'))).toHaveLength(3);
});

test('a failing command leaves no output, skips what needs it and says its last words', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  world.write({
    'pipeline.yaml': threeRules().replace(
      'head -c {params.limit} {inputs.upper} > {outputs.head}',
      'echo half > {outputs.head}; echo went wrong >&2; exit 3',
    ),
  });
  const ran = await world.sa('build', 'one');
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('head@one failed: command failed: exit code 3\nwent wrong');
  expect(ran.err).toContain('both@one skipped: head@one failed');
  expect(world.read('data/made/one/head.txt')).toBe('ABC');
});

test('an input that changes while its action runs makes the result unrecorded, and says so', async () => {
  const world = threeRuleWorld();
  world.write({ 'pipeline.yaml': threeRules().replace('tr a-z', 'echo new > {inputs.video}; tr a-z') });
  const ran = await world.sa('build', 'one');
  expect(ran.code).toBe(1);
  expect(ran.err).toContain(
    'its input videos/one/episode.txt (video) changed while it ran; the result is not recorded',
  );
  expect(existsSync(join(world.root, 'data/made/one/upper.txt'))).toBe(false);
});

describe('force and trust', () => {
  test('--force runs a rule whatever its fingerprint says', async () => {
    const world = threeRuleWorld();
    await world.build('one');
    expect(await world.build('one', '--force', 'head')).toBe('upper@one fresh, head@one built, both@one fresh');
  });

  test('--trust believes what is on disk, marks it, and verify says so', async () => {
    const world = threeRuleWorld();
    await world.build('one');
    world.write({ 'data/made/one/head.txt': 'by hand' });
    expect(await world.build('one', '--set', 'limit=9', '--trust', 'head')).toBe(
      'upper@one fresh, head@one trusted, both@one built',
    );
    expect(world.read('data/made/one/both.txt')).toBe('ABCDEF\nby hand');
    const verified = await world.sa('verify', '--set', 'limit=9');
    expect([verified.code, verified.out]).toEqual([0, expect.stringContaining('trusted head@one')]);
  });
});

test('two builds from scratch write the same lockfile byte for byte', async () => {
  const [first, second] = [threeRuleWorld(), threeRuleWorld()];
  await first.build();
  await second.build('--jobs', '1');
  expect(second.read('data/manifests/one/sa.lock')).toBe(first.read('data/manifests/one/sa.lock'));
});

test('verify --allow-missing judges a checkout that has only lockfiles', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  for (const path of ['data/made', 'data/videos', 'data/.sa']) world.remove(path);
  expect((await world.sa('verify')).code).toBe(1);
  expect((await world.sa('verify', '--allow-missing')).code).toBe(0);
  const stale = await world.sa('verify', '--allow-missing', '--set', 'limit=5', '--json');
  expect(stale.code).toBe(1);
  expect(JSON.parse(stale.out)).toMatchObject({
    ok: false,
    checked: 3,
    stale: [
      { id: 'head@one', reasons: [{ kind: 'param-changed', name: 'limit', old: 3, new: 5 }] },
      { id: 'both@one' },
    ],
  });
});

test('a rule that gathers is made once and becomes stale when an episode comes', async () => {
  const world = threeRuleWorld();
  world.write({
    'pipeline.yaml': threeRules().replace(
      'groups:',
      '  season:\n    run: "cat {inputs.all} > {outputs.season}"\n    inputs: { all: "made/{ep}/head.txt" }\n    outputs: { season: "season.txt" }\ngroups:',
    ),
  });
  await world.build();
  expect(world.read('data/season.txt')).toBe('ABC');
  world.write({ 'data/videos/two/episode.txt': 'xyz\n' });
  expect(await world.build('season')).toContain('season built');
  expect(world.read('data/season.txt')).toBe('ABCXYZ');
});

test('a command sees only the variables it names, and their values are in its fingerprint', async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  show:\n    run: "echo $SHOWN-$HIDDEN > {outputs.o}"\n    env: [SHOWN]\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "o/{ep}.txt" }\n',
    'data/v/one.txt': '',
  });
  process.env['SHOWN'] = 'a';
  process.env['HIDDEN'] = 'b';
  await world.build();
  expect(world.read('data/o/one.txt')).toBe('a-\n');
  process.env['SHOWN'] = 'c';
  expect((await world.sa('plan')).out).toContain('env-changed: SHOWN a -> c');
});

test('names with spaces and quotes reach a command whole', async () => {
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  copy:\n    run: "cp {inputs.odd} {outputs.o}"\n    inputs: { v: "v/{ep}.txt", odd: "it's $HOME/a b.txt" }\n    outputs: { o: "o/{ep}.txt" }\n`,
    'data/v/one.txt': '',
    "data/it's $HOME/a b.txt": 'odd',
  });
  await world.build();
  expect(world.read('data/o/one.txt')).toBe('odd');
});

test('files that a depfile names are inputs from then on', async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  join:\n    run: "cat part.txt > {outputs.o}; echo out: part.txt > deps.d"\n    depfile: deps.d\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "o/{ep}.txt" }\n',
    'data/v/one.txt': '',
    'part.txt': 'first',
  });
  expect(await world.build()).toBe('join@one built');
  expect(await world.build()).toBe('join@one fresh');
  world.write({ 'part.txt': 'second' });
  expect((await world.sa('plan')).out).toContain('input-changed: ../part.txt');
  expect(await world.build()).toBe('join@one built');
  expect(world.read('data/o/one.txt')).toBe('second');
  world.write({ 'part.txt': 'first' });
  expect(await world.build()).toBe('join@one restored');
});

test('an output may be a folder; a file missing in it is noticed and put back', async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  split:\n    run: "mkdir {outputs.parts}/deep && echo a > {outputs.parts}/a && echo b > {outputs.parts}/deep/b"\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { parts: "parts/{ep}/" }\n',
    'data/v/one.txt': '',
  });
  await world.build();
  world.remove('data/parts/one/deep/b');
  expect((await world.sa('verify')).out).toContain('output-altered: parts/one/');
  expect(await world.build()).toBe('split@one restored');
  expect(world.read('data/parts/one/deep/b')).toBe('b\n');
});

test('an output is never written through a link that leads out of the data folder', async () => {
  const world = threeRuleWorld();
  const outside = testWorkspace({ 'keep.txt': '' });
  const { symlinkSync, mkdirSync } = await import('node:fs');
  mkdirSync(join(world.root, 'data/made'), { recursive: true });
  symlinkSync(outside.root, join(world.root, 'data/made/one'));
  const ran = await world.sa('build', 'one');
  expect(ran.code).toBe(2);
  expect(ran.err).toContain('path-escapes: made/one is not under');
  expect(readdirSync(outside.root)).toEqual(['keep.txt']);
});

test('an unknown word gets the nearest one, and exit code 2', async () => {
  const world = threeRuleWorld();
  expect(await world.sa('build', 'one', 'haed')).toEqual({
    code: 2,
    out: '',
    err: 'problem unknown-word: "haed" is no episode, artifact, rule, group or path of this project\n    did you mean "head"?\n',
  });
  expect(await world.sa('biuld')).toEqual({
    code: 2,
    out: '',
    err: 'problem unknown-verb: sa has no verb "biuld"\n    did you mean "build"?\n',
  });
});

test('a read-only checkout can be verified', async () => {
  const world = threeRuleWorld();
  await world.build('one');
  rmSync(join(world.root, 'data/.sa'), { recursive: true });
  chmodSync(join(world.root, 'data'), 0o555);
  expect((await world.sa('verify')).code).toBe(0);
  chmodSync(join(world.root, 'data'), 0o755);
  expect(statSync(join(world.root, 'data')).isDirectory()).toBe(true);
});

test("a folder of the user's own may be an input; a file that changes in it counts", async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  join:\n    run: "cat {inputs.parts}/* > {outputs.o}"\n    inputs: { v: "v/{ep}.txt", parts: "parts/{ep}/" }\n    outputs: { o: "o/{ep}.txt" }\n',
    'data/v/one.txt': '',
    'data/parts/one/a': 'a',
  });
  expect(await world.build()).toBe('join@one built');
  world.write({ 'data/parts/one/b': 'b' });
  expect((await world.sa('plan')).out).toContain('input-changed: parts/one/');
  expect(await world.build()).toBe('join@one built');
  expect(world.read('data/o/one.txt')).toBe('ab');
});

test('an episode whose last rule was removed is left without a lockfile, as a clean build would have none', async () => {
  const once = `  all: { run: "echo > {outputs.all}", outputs: { all: "all" } }\n`;
  const each = `  one: { run: "cat {inputs.v} > {outputs.one}", inputs: { v: "videos/{ep}.txt" }, outputs: { one: "one/{ep}" } }\n`;
  const head = 'sa: 1\neach: { ep: "videos/{ep}.txt" }\nrules:\n';
  const world = testWorkspace({ 'pipeline.yaml': head + each + once, 'data/videos/a.txt': 'a' });
  expect(await world.build()).toBe('one@a built, all built');
  world.write({ 'pipeline.yaml': head + once });
  expect(await world.build()).toBe('all fresh');
  expect(existsSync(join(world.root, 'data/manifests/a/sa.lock'))).toBe(false);
});
