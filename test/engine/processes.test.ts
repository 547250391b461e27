// Real processes: what a build leaves behind when it is stopped, and what two builds do to each other.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runs, startSa, until } from '../support/cli.js';
import { testWorkspace, type World } from '../support/workspace.js';

/** One rule whose command notes its process ids outside the data root. */
function worldOf(command: string, more = ''): World {
  return testWorkspace({
    'pipeline.yaml': `sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  slow:\n    run: ${JSON.stringify(command)}\n${more}    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "o/{ep}.txt" }\n`,
    'data/v/one.txt': 'x',
  });
}

const waiting = 'echo half > {outputs.o}; sleep 300 & echo $! $$ > pids; wait';
/** Ends only when it is killed. */
const stubborn =
  "trap '' TERM INT HUP; echo half > {outputs.o}; (while :; do sleep 1; done) & echo $! $$ > pids; while :; do sleep 1; done";

async function pidsOf(world: World): Promise<number[]> {
  const path = join(world.root, 'pids');
  await until(() => existsSync(path) && readFileSync(path, 'utf8').endsWith('\n'));
  return readFileSync(path, 'utf8').trim().split(' ').map(Number);
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s once stops what runs, starts nothing more and exits with 130',
  async (signal) => {
    const world = worldOf(waiting);
    const build = startSa(world.root, ['build']);
    const pids = await pidsOf(world);
    build.child.kill(signal);
    const { code, err } = await build.ended;
    expect([code, err]).toEqual([130, expect.stringContaining('interrupted; what was finished is kept')]);
    expect(pids.filter(runs)).toEqual([]);
    expect(existsSync(join(world.root, 'data/o/one.txt'))).toBe(false);
  },
);

test('SIGINT twice exits at once, and a command that will not stop ends all the same', async () => {
  const world = worldOf(stubborn);
  const build = startSa(world.root, ['build']);
  const pids = await pidsOf(world);
  build.child.kill('SIGINT');
  await delay(200);
  build.child.kill('SIGINT');
  expect((await build.ended).code).toBe(130);
  await until(() => !pids.some(runs));
});

test('a command that will not stop is killed after a while', async () => {
  const world = worldOf(stubborn);
  const build = startSa(world.root, ['build']);
  const pids = await pidsOf(world);
  build.child.kill('SIGINT');
  expect((await build.ended).code).toBe(130);
  expect(pids.filter(runs)).toEqual([]);
});

test.each([
  ['waits', waiting],
  ['ignores signals', stubborn],
])('no command outlives a build that was killed, even one that %s', async (_, command) => {
  const world = worldOf(command);
  const build = startSa(world.root, ['build']);
  const pids = await pidsOf(world);
  build.child.kill('SIGKILL');
  await until(() => !pids.some(runs));
  world.write({
    'pipeline.yaml': world.read('pipeline.yaml').replace(JSON.stringify(command), '"cp {inputs.v} {outputs.o}"'),
  });
  expect(await world.build()).toBe('slow@one built');
  expect(world.read('data/o/one.txt')).toBe('x');
});

test('a command that takes longer than its timeout is ended with all it started', async () => {
  const world = worldOf(waiting, '    timeout: 1\n');
  const ran = await world.sa('build');
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('slow@one failed: took longer than 1 s')]);
  expect((await pidsOf(world)).filter(runs)).toEqual([]);
});

test('what a command leaves running cannot write into its published output', async () => {
  const world = worldOf('(sleep 0.3; echo late) >> {outputs.o} & echo done >> {outputs.o}');
  expect(await world.build()).toBe('slow@one built');
  await delay(600);
  expect(world.read('data/o/one.txt')).toBe('done\n');
  expect((await world.sa('verify')).code).toBe(0);
});

test('a process that left its group writes where no later build looks', async () => {
  const world = worldOf("setsid sh -c 'while :; do echo orphan > {outputs.o}; done' & echo $! > pids; sleep 300");
  const build = startSa(world.root, ['build']);
  const [orphan] = await pidsOf(world);
  build.child.kill('SIGKILL');
  await build.ended;
  try {
    world.write({
      'pipeline.yaml': world.read('pipeline.yaml').replace(/run: .*/, 'run: "cp {inputs.v} {outputs.o}; sleep 0.2"'),
    });
    expect(await world.build()).toBe('slow@one built');
    expect(world.read('data/o/one.txt')).toBe('x');
  } finally {
    process.kill(orphan!, 'SIGKILL');
  }
});

test('a retried command starts without what its last attempt wrote', async () => {
  const world = worldOf(
    'if [ -e tried ]; then exit 0; fi; touch tried; echo half > {outputs.o}; exit 1',
    '    retries: 1\n',
  );
  const ran = await world.sa('build');
  expect([ran.code, ran.err]).toEqual([
    1,
    expect.stringContaining('it ended without writing its output o (o/one.txt)'),
  ]);
});

test('a second build of a project waits, says so, and then finds everything done', async () => {
  const world = worldOf('touch started; while [ ! -e go ]; do sleep 0.05; done; cp {inputs.v} {outputs.o}');
  const first = startSa(world.root, ['build']);
  await until(() => existsSync(join(world.root, 'started')));
  const second = startSa(world.root, ['build']);
  await until(() => second.said().includes('waiting for it'));
  expect(second.said()).toContain(
    `another build of this project is running (process ${first.child.pid}); waiting for it`,
  );
  writeFileSync(join(world.root, 'go'), '');
  expect((await first.ended).err).toContain('1 run');
  const { code, err } = await second.ended;
  expect([code, err]).toEqual([0, expect.stringContaining('0 run, 1 fresh')]);
});

test('a build that waits can be interrupted', async () => {
  const world = worldOf('touch started; while [ ! -e go ]; do sleep 0.05; done; cp {inputs.v} {outputs.o}');
  const first = startSa(world.root, ['build']);
  await until(() => existsSync(join(world.root, 'started')));
  const second = startSa(world.root, ['build']);
  await until(() => second.said().includes('waiting for it'));
  second.child.kill('SIGINT');
  expect((await second.ended).code).toBe(130);
  writeFileSync(join(world.root, 'go'), '');
  expect((await first.ended).code).toBe(0);
});
