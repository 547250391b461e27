// Caring for the store: what it holds, what may go, what is damaged.
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Screen } from '../../src/cli/io.js';
import { main } from '../../src/cli/main.js';
import type { CacheVerifyJson } from '../../src/app/cache-verify.js';
import type { CacheStats, CollectJson } from '../../src/app/cache.js';
import { takeMutex } from '../../src/disk/lock.js';
import { until } from '../support/cli.js';
import { testWorkspace, type World } from '../support/workspace.js';

const pipeline = `sa: 1
data: data
each: { ep: "videos/{ep}/episode.*" }
params: { size: 100 }
rules:
  fill:
    run: "yes {params.size} | head -c {params.size} > {outputs.o}"
    inputs: { video: "videos/{ep}/episode.*" }
    outputs: { o: "made/{ep}/fill.txt" }
    params: [size]
  copy:
    run: "cat {inputs.o} {inputs.o} > {outputs.p}"
    inputs: { o: "made/{ep}/fill.txt" }
    outputs: { p: "made/{ep}/copy.txt" }
`;

const store = 'data/.sa/store';
const day = 24 * 60 * 60;

/** Every file of one kind in the store. */
function filesOf(world: World, kind: 'blobs' | 'traces'): string[] {
  const root = join(world.root, store, kind);
  return readdirSync(root).flatMap((group) => readdirSync(join(root, group)).map((name) => join(root, group, name)));
}

/** As if all that lies in the store were used last so long ago. */
function age(world: World, seconds: number, only: (path: string) => boolean = () => true): void {
  const then = Date.now() / 1000 - seconds;
  for (const path of [...filesOf(world, 'blobs'), ...filesOf(world, 'traces')])
    if (only(path)) utimesSync(path, then, then);
}

async function gc(world: World, ...words: readonly string[]): Promise<CollectJson> {
  const { out, err } = await world.sa('cache', 'gc', '--json', ...words);
  if (out === '') throw new Error(err);
  return JSON.parse(out) as CollectJson;
}

/** Built three times with 100, 2000 and 300: six traces and blobs, of which the lockfile names the last two. */
async function thrice(): Promise<World> {
  const world = testWorkspace({ 'pipeline.yaml': pipeline, 'data/videos/one/episode.txt': '' });
  for (const [index, size] of [100, 2000, 300].entries()) {
    const before = existsSync(join(world.root, store)) ? new Set(filesOf(world, 'blobs')) : new Set();
    const traces = existsSync(join(world.root, store)) ? new Set(filesOf(world, 'traces')) : new Set();
    await world.build('one', '--set', `size=${size}`);
    age(world, (30 - index * 10) * day, (path) => !before.has(path) && !traces.has(path));
  }
  return world;
}

test('stats count what is there and what lockfiles name', async () => {
  const world = await thrice();
  const { out } = await world.sa('cache', 'stats', '--json');
  const stats = JSON.parse(out) as CacheStats;
  expect(stats).toMatchObject({
    version: 1,
    blobs: 6,
    blob_bytes: 3 * (100 + 2000 + 300),
    traces: 6,
    locked: { traces: 2, blobs: 2, bytes: 900, missing: 0 },
    unnamed: { blobs: 0, bytes: 0 },
    by_rule: { copy: { traces: 3, bytes: 4800 }, fill: { traces: 3, bytes: 2400 } },
  });
  expect((await world.sa('cache', 'stats')).out).toContain('named by lockfiles: 900 bytes in 2 blobs, 2 traces\n');
});

test('gc by age removes what was not used for so long, and says why; what a lockfile names stays', async () => {
  const world = await thrice();
  age(world, 40 * day);
  const wouldGo = await gc(world, '--max-age', '30d', '--dry-run');
  expect(wouldGo.removed.map(({ action, reason }) => `${action ?? ''} ${reason}`).sort()).toEqual([
    'copy@one not used for 40 days',
    'copy@one not used for 40 days',
    'fill@one not used for 40 days',
    'fill@one not used for 40 days',
  ]);
  expect(filesOf(world, 'blobs')).toHaveLength(6);
  const gone = await gc(world, '--max-age', '30d');
  expect(gone).toEqual({ ...wouldGo, dry_run: false });
  expect([filesOf(world, 'blobs').length, filesOf(world, 'traces').length]).toEqual([2, 2]);
  world.remove('data/made');
  expect(await world.build('one', '--set', 'size=300')).toBe('fill@one restored, copy@one restored');
  expect(await world.build('one', '--set', 'size=100')).toBe('fill@one built, copy@one built');
});

test('gc by size removes what was used least recently, and no more than it must', async () => {
  const world = await thrice();
  const { kept_bytes: all } = await gc(world, '--dry-run');
  const { freed_bytes: oldest } = await gc(world, '--dry-run', '--max-age', '25d');
  const gone = await gc(world, '--max-bytes', String(all - oldest));
  expect(gone.removed.map(({ action, reason }) => `${action ?? ''} ${reason}`).sort()).toEqual([
    'copy@one least recently used (30 days ago), and room is needed',
    'fill@one least recently used (30 days ago), and room is needed',
  ]);
  expect(gone.kept_bytes).toBe(all - gone.freed_bytes);
  expect(await world.build('one', '--set', 'size=2000')).toBe('fill@one restored, copy@one restored');
});

test('a restore counts as a use', async () => {
  const world = await thrice();
  await world.build('one', '--set', 'size=100');
  await world.build('one', '--set', 'size=300');
  const { removed } = await gc(world, '--max-age', '5d');
  expect(removed.map(({ bytes }) => bytes > 1000)).toEqual([true, true]); // those of 2000
});

test('gc never removes what a lockfile names, and says how much that is too much', async () => {
  const world = await thrice();
  const ran = await world.sa('cache', 'gc', '--max-bytes', '0');
  expect(ran.code).toBe(0);
  expect(ran.out).toMatch(/still [\d.]+ kB too much: what is left is named by lockfiles, or in use\n$/);
  expect([filesOf(world, 'blobs').length, filesOf(world, 'traces').length]).toEqual([2, 2]);
});

test('a blob that two traces name stays as long as one of them does', async () => {
  const world = testWorkspace({ 'pipeline.yaml': pipeline, 'data/videos/one/episode.txt': 'a' });
  await world.build('one');
  world.write({ 'data/videos/one/episode.txt': 'b' });
  await world.build('one');
  age(world, 40 * day);
  const { removed } = await gc(world, '--max-age', '30d');
  expect(removed.map(({ action }) => action)).toEqual(['fill@one']);
  world.remove('data/made');
  expect(await world.build('one')).toBe('fill@one restored, copy@one restored');
});

test('a blob that no trace names goes only when no build can be about to name it', async () => {
  const world = await thrice();
  for (const name of ['a', 'b']) world.write({ [`${store}/blobs/${name.repeat(2)}/${name.repeat(64)}`]: name });
  age(world, 2 * day, (path) => path.endsWith('a'.repeat(64)));
  expect((await gc(world)).removed).toEqual([
    { kind: 'blob', name: 'a'.repeat(64), action: null, bytes: 1, reason: 'no trace names it' },
  ]);
});

test('gc refuses while it cannot read what a lockfile names', async () => {
  const world = await thrice();
  world.write({ 'data/manifests/one/sa.lock': `<<<<<<< ours\n${world.read('data/manifests/one/sa.lock')}` });
  const ran = await world.sa('cache', 'gc', '--max-bytes', '0');
  expect([ran.code, ran.err]).toEqual([
    2,
    'problem bad-lockfile: manifests/one/sa.lock cannot be read, so what it names is not known\n    finish the merge, or build the episode again: sa build\n',
  ]);
  expect(filesOf(world, 'blobs')).toHaveLength(6);
});

test('gc waits for a build that is under way', async () => {
  const world = await thrice();
  const mutex = await takeMutex(join(world.root, 'data/.sa/lock'), {
    signal: new AbortController().signal,
    onWait: () => undefined,
  });
  let collecting: Promise<number> | undefined;
  const said = await new Promise<string>((resolve) => {
    const silent: Screen = { write: () => undefined, live: false, colour: false, columns: 100 };
    collecting = main(['cache', 'gc', '--max-bytes', '0'], {
      cwd: world.root,
      env: process.env,
      out: silent,
      err: { ...silent, write: resolve },
      signal: new AbortController().signal,
    });
  });
  expect(said).toBe(`a build of this project is running (process ${process.pid}); waiting for it\n`);
  // A dry run needs nobody's leave; meanwhile nothing is removed.
  expect((await gc(world, '--max-bytes', '0', '--dry-run')).removed).toHaveLength(4);
  expect(filesOf(world, 'traces')).toHaveLength(6);
  mutex.release();
  expect(await collecting).toBe(0);
  expect(filesOf(world, 'traces')).toHaveLength(2);
});

const flip = (path: string): void => {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
};

/** The trace of a rule that the lockfile names, and the blob of its only output. */
function lockedIn(world: World, rule: string): { trace: string; fingerprint: string; blob: string; blobName: string } {
  const { actions } = JSON.parse(world.read('data/manifests/one/sa.lock')) as {
    actions: Record<string, { fingerprint: string }>;
  };
  const { fingerprint } = actions[rule]!;
  const trace = filesOf(world, 'traces').find((path) => path.includes(fingerprint))!;
  const { outputs } = JSON.parse(readFileSync(trace, 'utf8').split('\n')[1]!) as {
    outputs: Record<string, { blob: string }>;
  };
  const blobName = Object.values(outputs)[0]!.blob;
  return { trace, fingerprint, blob: filesOf(world, 'blobs').find((path) => path.endsWith(blobName))!, blobName };
}

async function verified(world: World): Promise<CacheVerifyJson & { code: number }> {
  const ran = await world.sa('cache', 'verify', '--json');
  return { ...(JSON.parse(ran.out) as CacheVerifyJson), code: ran.code };
}

test('verify sets aside what is damaged, and says what runs again where its artifact is gone too', async () => {
  const world = await thrice();
  expect(await world.sa('cache', 'verify')).toEqual({
    code: 0,
    out: '6 blobs and 6 traces read, 0 damaged\n',
    err: '',
  });
  const [fill, copy] = [lockedIn(world, 'fill'), lockedIn(world, 'copy')];
  flip(copy.trace);
  flip(fill.blob);
  world.remove('data/made');
  const found = await verified(world);
  expect([found.code, found.ok, found.rebuilt]).toEqual([1, false, ['copy@one', 'fill@one']]);
  expect(found.damaged.map(({ kind, name, repaired }) => [kind, name, repaired])).toEqual([
    ['trace', copy.fingerprint, false],
    ['blob', fill.blobName, false],
  ]);
  expect(readdirSync(join(world.root, store, 'corrupt'))).toHaveLength(2);
  expect((await world.sa('cache', 'verify')).code).toBe(0);
  expect(await world.build('one', '--set', 'size=300')).toBe('fill@one built, copy@one built');
  expect((await world.sa('cache', 'verify')).out).toBe('6 blobs and 6 traces read, 0 damaged\n');
});

test('verify keeps anew what is damaged from artifacts on disk that are still what they were', async () => {
  const world = await thrice();
  const [fill, copy] = [lockedIn(world, 'fill'), lockedIn(world, 'copy')];
  for (const path of [fill.trace, fill.blob, copy.blob]) flip(path);
  const found = await verified(world);
  expect([found.code, found.ok, found.rebuilt]).toEqual([0, true, []]);
  expect(found.damaged.map(({ kind, repaired }) => [kind, repaired])).toEqual([
    ['trace', true],
    ['blob', true],
    ['blob', true],
  ]);
  expect(await verified(world)).toMatchObject({ ok: true, damaged: [], blobs: 6, traces: 6 });
  world.remove('data/made');
  expect(await world.build('one', '--set', 'size=300')).toBe('fill@one restored, copy@one restored');
});

test('an artifact that was altered repairs nothing', async () => {
  const world = await thrice();
  const { blob } = lockedIn(world, 'copy');
  flip(blob);
  flip(join(world.root, 'data/made/one/copy.txt'));
  expect(await verified(world)).toMatchObject({ code: 1, ok: false, rebuilt: ['copy@one'] });
});

test('verify repairs a folder and what a depfile named', async () => {
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1
each: { ep: "videos/{ep}/episode.*" }
rules:
  pages:
    run: "mkdir -p {outputs.o}/deep; cat extra > {outputs.o}/deep/a; echo 'x: extra' > pages.d"
    depfile: pages.d
    inputs: { video: "videos/{ep}/episode.*" }
    outputs: { o: "made/{ep}/pages/" }
`,
    'data/videos/one/episode.txt': '',
    extra: 'more',
  });
  await world.build();
  const depends = join(world.root, store, 'depends');
  const [group] = readdirSync(depends);
  flip(join(depends, group!, readdirSync(join(depends, group!))[0]!));
  flip(lockedIn(world, 'pages').blob);
  expect((await verified(world)).damaged.map(({ kind, repaired }) => [kind, repaired])).toEqual([
    ['dependencies', true],
    ['blob', true],
  ]);
  world.remove('data/made');
  world.remove('data/manifests');
  expect(await world.build()).toBe('pages@one restored');
});

describe('a store that two projects share', () => {
  const shared = (): [World, World] => {
    const [a, b] = [0, 1].map(() => testWorkspace({ 'pipeline.yaml': pipeline, 'data/videos/one/episode.txt': '' }));
    return [a!, b!];
  };

  test('gc in one keeps what lockfiles of the other name', async () => {
    const [a, b] = shared();
    const at = ['--store', join(a.root, store)];
    await a.build('one', '--set', 'size=100', ...at);
    await b.build('one', '--set', 'size=200', ...at);
    await b.build('one', '--set', 'size=700', ...at);
    age(a, 40 * day);
    expect((await gc(a, '--max-bytes', '0', ...at)).removed.map(({ action }) => action).sort()).toEqual([
      'copy@one',
      'fill@one',
    ]);
    b.remove('data/made');
    expect(await b.build('one', '--set', 'size=700', ...at)).toBe('fill@one restored, copy@one restored');
    expect(await b.build('one', '--set', 'size=200', ...at)).toBe('fill@one built, copy@one built');
  });

  test('gc in one leaves alone what a build of the other, still under way, has kept', async () => {
    const [a, b] = shared();
    const at = ['--store', join(a.root, store)];
    await a.build('one', ...at);
    b.write({
      'pipeline.yaml': pipeline.replace(
        'cat {inputs.o} {inputs.o}',
        'while [ ! -e go ]; do sleep 0.05; done; cat {inputs.o}',
      ),
    });
    const building = b.build('one', '--set', 'size=500', ...at);
    await until(() => filesOf(a, 'traces').length === 3);
    expect((await gc(a, '--max-bytes', '0', ...at)).removed).toEqual([]);
    b.write({ go: '' });
    expect(await building).toBe('fill@one built, copy@one built');
    b.remove('data/made');
    expect(await b.build('one', '--set', 'size=500', ...at)).toBe('fill@one restored, copy@one restored');
  });

  test('one repairs what only the other still has', async () => {
    const [a, b] = shared();
    const at = ['--store', join(a.root, store)];
    await b.build('one', '--set', 'size=500', ...at);
    for (const path of filesOf(a, 'blobs')) flip(path);
    const { code, out } = await a.sa('cache', 'verify', ...at);
    expect([code, out.split('\n').at(-2)]).toEqual([0, '2 blobs and 2 traces read, 2 damaged']);
  });
});

test('an amount or an age that is none is refused with an example', async () => {
  const world = testWorkspace({ 'pipeline.yaml': pipeline });
  expect((await world.sa('cache', 'gc', '--max-bytes', '20X')).err).toContain('"20X" is no number of bytes');
  expect((await world.sa('cache', 'gc', '--max-age', 'old')).err).toContain('write e.g. --max-age 30d');
  expect((await world.sa('cache', 'tidy')).err).toContain('there are: stats, gc, verify');
  expect((await gc(world, '--max-bytes', '20G', '--max-age', '1.5w')).removed).toEqual([]);
});
