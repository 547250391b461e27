// Damage of every file that a build relies on, disks that are full, and inputs that move while they
// are read: it is noticed, said, and the next build is right again.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testWorkspace, type World } from '../support/workspace.js';

const pipeline = `sa: 1
each: { ep: "v/{ep}.txt" }
rules:
  parts:
    run: "mkdir -p {outputs.parts}/deep && cp {inputs.v} {outputs.parts}/a && cp {inputs.v} {outputs.parts}/deep/b"
    inputs: { v: "v/{ep}.txt" }
    outputs: { parts: "o/{ep}/parts/" }
  upper:
    run: "tr a-z A-Z < {inputs.a} > {outputs.o}"
    inputs: { a: "o/{ep}/parts/deep/b" }
    outputs: { o: "o/{ep}/upper.txt" }
`;
const smallWorld = (): World => testWorkspace({ 'pipeline.yaml': pipeline, 'data/v/one.txt': 'text' });

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path));
  return entries.filter((path) => statSync(path).isFile()).sort();
}

function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  if (bytes.length === 0) return;
  bytes[at % bytes.length]! ^= 1;
  writeFileSync(path, bytes);
}

test('a flipped bit in any file of the state, a lockfile or an artifact does no lasting harm', async () => {
  const world = smallWorld();
  await world.build();
  const data = join(world.root, 'data');
  const clean = new Map(
    ['o', 'manifests'].flatMap((name) => filesBelow(join(data, name))).map((path) => [path, readFileSync(path)]),
  );
  const targets = filesBelow(data).filter((path) => !path.includes('/v/') && !path.includes('/corrupt/'));
  expect(targets.length).toBeGreaterThan(8);
  for (const [index, path] of targets.entries()) {
    flipBit(path, 7 + 31 * index);
    if (path.includes('.sa/store')) rmSync(join(data, 'o'), { recursive: true });
    const ran = await world.sa('build');
    expect([ran.code, path, ran.err]).toEqual([0, path, expect.any(String)]);
    for (const [artifact, bytes] of clean)
      expect(readFileSync(artifact).equals(bytes), `${artifact} after ${path}`).toBe(true);
    expect((await world.sa('verify')).code).toBe(0);
  }
});

test('a lockfile cut at any byte is written whole again without running anything', async () => {
  const world = smallWorld();
  await world.build();
  const lockfile = join(world.root, 'data/manifests/one/sa.lock');
  const whole = readFileSync(lockfile);
  for (let bytes = 0; bytes < whole.length - 1; bytes += 197) {
    writeFileSync(lockfile, whole.subarray(0, bytes));
    expect(await world.build()).toBe('parts@one restored, upper@one restored');
    expect(readFileSync(lockfile).equals(whole)).toBe(true);
  }
  for (const odd of [
    'null',
    '[]',
    '{"version":1,"actions":{"parts":null,"upper":{"fingerprint":"x","manifest":null,"outputs":null}}}',
  ]) {
    writeFileSync(lockfile, odd);
    expect(await world.build()).toBe('parts@one restored, upper@one restored');
  }
});

test('a store that is removed while an action runs costs nothing but itself', async () => {
  const world = smallWorld();
  await world.build();
  world.write({
    'pipeline.yaml': pipeline.replace('"tr a-z', '"rm -rf data/.sa/store; tr a-z').replace('A-Z', 'B-ZA'),
  });
  expect(await world.build()).toBe('parts@one fresh, upper@one built');
  world.remove('data/o/one/upper.txt');
  expect(await world.build()).toBe('parts@one fresh, upper@one restored');
});

test('code that changes while its action runs makes the result unrecorded, and says so', async () => {
  const world = smallWorld();
  world.write({
    'tool.sh': 'echo one',
    'pipeline.yaml': pipeline.replace(
      'run: "tr a-z A-Z < {inputs.a} > {outputs.o}"',
      'run: "sh tool.sh > {outputs.o}; echo echo two > tool.sh"\n    code: [tool.sh]',
    ),
  });
  const ran = await world.sa('build');
  expect([ran.code, ran.err]).toEqual([
    1,
    expect.stringContaining('upper@one failed: its code changed while it ran; the result is not recorded, build again'),
  ]);
  expect(await world.build()).toBe('parts@one fresh, upper@one built');
  expect(world.read('data/o/one/upper.txt')).toBe('two\n');
});

test.each([
  [
    'a folder where a file is to be',
    'mkdir {outputs.o}',
    'its output o (o/one.txt) is to be a file, but is none',
    'o/{ep}.txt',
  ],
  [
    'a file where a folder is to be',
    'rmdir {outputs.o}; echo > {outputs.o}',
    'its output o (o/one/) is to be a folder, but is none',
    'o/{ep}/',
  ],
  ['nothing', 'true', 'it ended without writing its output o (o/one.txt)', 'o/{ep}.txt'],
])('a command that leaves %s has failed', async (_, command, message, path) => {
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  odd:\n    run: "${command}"\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "${path}" }\n`,
    'data/v/one.txt': '',
  });
  const ran = await world.sa('build');
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining(message)]);
});

test('a removed rule and a moved input leave the lockfile that a clean build would write', async () => {
  const world = smallWorld();
  await world.build();
  const moved = pipeline
    .slice(0, pipeline.indexOf('  upper:'))
    .replace('inputs: { v: "v/{ep}.txt" }', 'inputs: { v: "w/{ep}.txt" }');
  world.write({ 'pipeline.yaml': moved, 'data/w/one.txt': 'text' });
  expect(await world.build()).toBe('parts@one fresh');
  const clean = testWorkspace({ 'pipeline.yaml': moved, 'data/v/one.txt': 'text', 'data/w/one.txt': 'text' });
  await clean.build();
  expect(world.read('data/manifests/one/sa.lock')).toBe(clean.read('data/manifests/one/sa.lock'));
});

test('one episode is built with what all episodes give to a rule that it needs', async () => {
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1
each: { ep: "v/{ep}.txt" }
rules:
  season: { run: "cat {inputs.all} > {outputs.o}", inputs: { all: "v/{ep}.txt" }, outputs: { o: "season.txt" } }
  share: { run: "cat {inputs.v} {inputs.season} > {outputs.o}", inputs: { v: "v/{ep}.txt", season: "season.txt" }, outputs: { o: "o/{ep}.txt" } }
`,
    'data/v/one.txt': '1',
    'data/v/two.txt': '2',
  });
  expect(await world.build('one')).toBe('season built, share@one built');
  expect(world.read('data/o/one.txt')).toBe('112');
});

test('a placeholder is what the pipeline says it is: dotted roles, and words in double braces', async () => {
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1
each: { ep: "v/{ep}.txt" }
rules:
  echo: { run: "echo {{ep}} {ep} {inputs.a.b} > {outputs.o}; cat {inputs.a.b} >> {outputs.o}", inputs: { a.b: "v/{ep}.txt" }, outputs: { o: "o/{ep}.txt" } }
`,
    'data/v/one.txt': 'x',
  });
  expect(await world.build()).toBe('echo@one built');
  expect(world.read('data/o/one.txt')).toBe(`{ep} one ${join(world.root, 'data/v/one.txt')}\nx`);
});

test('a link that leads out of the data folder gets no folder made behind it', async () => {
  const world = smallWorld();
  const outside = testWorkspace({ keep: '' });
  execFileSync('ln', ['-s', outside.root, join(world.root, 'data/o')]);
  const ran = await world.sa('build');
  expect([ran.code, ran.err]).toEqual([
    2,
    expect.stringContaining(
      `path-escapes: o/one is not under ${join(world.root, 'data')}: a link leads to ${outside.root}`,
    ),
  ]);
  expect(readdirSync(outside.root)).toEqual(['keep']);
});

test('a full disk fails the build in plain words; with room again the next one goes on', async (context) => {
  const world = testWorkspace({ 'pipeline.yaml': pipeline });
  const data = join(world.root, 'data');
  mkdirSync(data);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160k', 'none', data], { stdio: 'ignore' });
  } catch {
    context.skip('a small disk cannot be mounted here');
  }
  onTestFinished(() => void execFileSync('umount', ['-l', data]));
  world.write({ 'data/v/one.txt': 'text\n'.repeat(4000), 'data/v/two.txt': 'more\n'.repeat(2000) });
  const full = await world.sa('build', '--keep-going');
  expect([full.code, full.err]).toEqual([
    1,
    expect.stringMatching(/No space left on device|ENOSPC: no space left on device/),
  ]);
  expect(full.err).not.toContain('internal error');
  for (const path of filesBelow(join(data, 'o'))) expect([20_000, 10_000]).toContain(statSync(path).size);
  execFileSync('mount', ['-o', 'remount,size=4m', data]);
  expect((await world.sa('build')).code).toBe(0);
  expect(world.read('data/o/two/upper.txt')).toBe('MORE\n'.repeat(2000));
  expect((await world.sa('verify')).code).toBe(0);
});

test('a disk with no room at all is a problem of the disk, not a bug', async (context) => {
  const world = testWorkspace({ 'pipeline.yaml': pipeline });
  const data = join(world.root, 'data');
  mkdirSync(data);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', data], { stdio: 'ignore' });
  } catch {
    context.skip('a small disk cannot be mounted here');
  }
  onTestFinished(() => void execFileSync('umount', ['-l', data]));
  world.write({ 'data/v/one.txt': 'text' });
  try {
    writeFileSync(join(data, 'ballast'), Buffer.alloc(1 << 20));
  } catch {
    // it is full now
  }
  const ran = await world.sa('build');
  expect([1, 2]).toContain(ran.code);
  expect(ran.err).toMatch(/[Nn]o space left on device/);
  world.remove('data/ballast');
  expect((await world.sa('build')).code).toBe(0);
});
