// Pools that running actions share, the order in which actions start, and how often and how long they
// are tried: seen from the command line, on real processes and modules.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSa, until } from '../support/cli.js';
import { testWorkspace, type World } from '../support/workspace.js';

const head = 'sa: 1\neach: { ep: "v/{ep}.txt" }\n';
const rule = (name: string, run: string, more = ''): string =>
  `  ${name}: { run: ${JSON.stringify(run)}, inputs: { v: "v/{ep}.txt" }, outputs: { o: "${name}/{ep}.txt" }${more} }\n`;

function worldOf(text: string, files: Readonly<Record<string, string>> = {}, env: NodeJS.ProcessEnv = {}): World {
  return testWorkspace({ 'pipeline.yaml': head + text, 'data/v/one.txt': 'x', ...files }, env);
}

test('a command sees which members it holds, and a stage of its own too; neither makes anything stale', async () => {
  const own = `export const stage = { async run({ outputs, resources }) {
    const { writeFileSync } = await import('node:fs');
    writeFileSync(outputs.path('o'), JSON.stringify(resources));
    return {};
  } };\n`;
  const world = worldOf(
    `resources: { gpu: [2, "b:1"], memory: 16G }
rules:
${rule('env', 'env | grep ^SA_ | sort > {outputs.o}', ', resources: { cpu: 2, gpu: 2, memory: 1.5G }')}  own: { stage: ./own.js, inputs: { v: "v/{ep}.txt" }, outputs: { o: "own/{ep}.json" }, resources: { gpu: 1 } }
`,
    { 'own.js': own },
  );
  expect(await world.build('-j', '2')).toBe('env@one built, own@one built');
  expect(world.read('data/env/one.txt')).toBe('SA_CPU=2\nSA_GPU=2,b:1\nSA_MEMORY=1500000000\n');
  expect(JSON.parse(world.read('data/own/one.json'))).toEqual({
    cpu: { amount: 1 },
    gpu: { amount: 1, members: ['2'] },
  });
  expect(await world.build('--resource', 'gpu=7', '-j', '1')).toBe('env@one fresh, own@one fresh');
  expect(world.read('data/manifests/one/sa.lock')).not.toMatch(/gpu|memory/);
});

test('more than pipeline.yaml says there is, and pools that it does not have, are problems of the file', async () => {
  const world = worldOf(
    `resources: { gpu: [0, 1], licence: 1, store: 3 }\nrules:\n${rule('a', 'true', ', resources: { gpu: 3, license: 1 }')}`,
  );
  const ran = await world.sa('build');
  expect([ran.code, ran.err.split('\n').filter((line) => !/^ *[~r]| {4}.*:/.test(line))]).toEqual([
    2,
    [
      'problem pipeline.yaml:3:39 bad-name: "store" is not a name of a pool: small letters, digits and "_", with a letter first, and none of sa\'s own',
      expect.stringMatching(/out-of-range: rule "a" takes 3 of "gpu", but "resources" says that there are 2$/),
      '    write at most 2',
      expect.stringMatching(/unknown-resource: rule "a" takes of "license", but "resources" declares no such pool$/),
      '    did you mean "licence"?',
      '',
    ],
  ]);
});

test.each([
  [['--resource', 'gpux=1'], '--resource: there is no pool "gpux"'],
  [['--resource', 'memory=lots'], '--resource: "lots" is no amount'],
  [['--resource', 'gpu=1,1'], '--resource: "gpu=1,1" names one twice'],
  [['-j', '0'], '0 actions at a time would build nothing'],
  [['-j', 'many'], 'NaN actions at a time would build nothing'],
])('words that say nothing of this machine are refused: %j', async (words, message) => {
  const world = worldOf(`rules:\n${rule('a', 'cp {inputs.v} {outputs.o}')}`);
  const ran = await world.sa('build', ...words);
  expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(message)]);
});

test('a machine with less than a rule asks for gives it all there is; the call wins over the environment', async () => {
  const text = `resources: { gpu: [0, 1, 2] }\nrules:\n${rule('a', 'echo $SA_GPU > {outputs.o}', ', resources: { gpu: 2 }')}`;
  const builtWith = async (env: NodeJS.ProcessEnv, ...words: string[]): Promise<string> => {
    const world = worldOf(text, {}, env);
    expect(await world.build(...words)).toBe('a@one built');
    return world.read('data/a/one.txt').trim();
  };
  expect(await builtWith({})).toBe('0,1');
  expect(await builtWith({ SA_RESOURCES: 'memory=1G; gpu=[2]' })).toBe('2');
  expect(await builtWith({ SA_RESOURCES: 'gpu=[2]' }, '--resource', 'gpu=0')).toBe('');
  expect(await builtWith({ SA_RESOURCES: 'gpu=1' })).toBe('0');
});

// Each notes when it begins and ends; two that hold one pool must not overlap.
const noted = (name: string): string =>
  `echo begin ${name} {ep} $SA_GPU >> log; sleep 0.15; echo end ${name} {ep} $SA_GPU >> log; touch {outputs.o}`;

test('two actions never hold one member, and memory bounds how many run', async () => {
  const world = worldOf(
    `resources: { cpu: 4, gpu: [0, 1], memory: 10G }\nrules:\n${rule('gpu', noted('gpu'), ', resources: { gpu: 1 }')}${rule('big', noted('big'), ', resources: { memory: 6G }')}`,
    { 'data/v/two.txt': '', 'data/v/three.txt': '' },
  );
  await world.build();
  const busy = new Set<string>();
  let most = 0;
  for (const line of world.read('log').trim().split('\n')) {
    const [what, name, , gpu] = line.split(' ');
    const held = name === 'gpu' ? `gpu ${gpu!}` : 'big';
    if (what === 'begin') {
      expect(busy).not.toContain(held);
      busy.add(held);
    } else busy.delete(held);
    most = Math.max(most, busy.size);
  }
  expect(most).toBe(3);
});

test('what most work waits for is started first, by what things took before', async () => {
  const text = (sleep: number): string =>
    `rules:\n${rule('short', 'echo short >> log; touch {outputs.o}')}${rule('first', 'echo first >> log; touch {outputs.o}')}  last: { run: "echo last >> log; sleep ${sleep}; touch {outputs.o}", inputs: { f: "first/{ep}.txt" }, outputs: { o: "last/{ep}.txt" } }
${rule('long', 'echo long >> log; sleep 0.3; touch {outputs.o}')}`;
  const world = worldOf(text(1));
  // Nothing is known yet: the longer chain counts for more, then the order of the file.
  await world.build('-j', '1');
  expect(world.read('log')).toBe('first\nshort\nlast\nlong\n');
  world.remove('log');
  await world.build('-j', '1', '--force', 'short', '--force', 'first', '--force', 'last', '--force', 'long');
  expect(world.read('log')).toBe('first\nlast\nlong\nshort\n');
  world.remove('log');
  world.write({ 'data/.sa/durations.json': 'damaged' });
  world.remove('data/.sa/store');
  await world.build('-j', '1', '--force', 'short', '--force', 'first', '--force', 'last', '--force', 'long');
  expect(world.read('log')).toBe('first\nshort\nlast\nlong\n');
});

test('without -k nothing is begun after a failure; with it all that does not need the failed one is', async () => {
  const text = `rules:\n${rule('bad', 'exit 1')}  after: { run: "touch {outputs.o}", inputs: { b: "bad/{ep}.txt" }, outputs: { o: "after/{ep}.txt" } }\n${rule('other', 'touch {outputs.o}')}`;
  const world = worldOf(text);
  expect(await world.build('-j', '1')).toBe('bad@one failed, after@one skipped, other@one skipped');
  expect(await world.build('-j', '1', '-k')).toBe('bad@one failed, after@one skipped, other@one built');
});

const stage = (body: string): string =>
  `import { appendFileSync, writeFileSync, existsSync } from 'node:fs';
export const stage = { async run({ outputs, signal }) { ${body}; return {}; } };\n`;
const ofModule = (limits: string): string =>
  `rules:\n  own: { stage: ./own.js, inputs: { v: "v/{ep}.txt" }, outputs: { o: "own/{ep}/" }, ${limits} }\n`;

test('a stage that fails is tried again from nothing, as often as its rule says', async () => {
  const body = `appendFileSync('TRIES', 'x');
    if (!existsSync('TRIES2')) { writeFileSync(outputs.path('o') + '/half', ''); writeFileSync('TRIES2', ''); throw new Error('not yet'); }
    writeFileSync(outputs.path('o') + '/whole', '')`;
  const world = worldOf(ofModule('retries: 1'));
  world.write({ 'own.js': stage(body.replaceAll('TRIES', join(world.root, 'tries'))) });
  expect(await world.build()).toBe('own@one built');
  expect(world.read('tries')).toBe('xx');
  expect([
    existsSync(join(world.root, 'data/own/one/half')),
    existsSync(join(world.root, 'data/own/one/whole')),
  ]).toEqual([false, true]);
});

test('a stage whose time is over is told to stop and has failed, also one that ends well in spite of it', async () => {
  const world = worldOf(ofModule('timeout: 0.3'), {
    'own.js': stage(`await new Promise((resolve) => signal.addEventListener('abort', resolve))`),
  });
  const ran = await world.sa('build');
  expect([ran.code, ran.err]).toEqual([1, expect.stringContaining('own@one failed: took longer than 0.3 s')]);
  expect(existsSync(join(world.root, 'data/own/one'))).toBe(false);
});

test('a stage that will not stop when its time is over holds up neither the build nor the program', async () => {
  const world = worldOf(ofModule('timeout: 0.3, retries: 3'), {
    'own.js': stage(`await new Promise((resolve) => setInterval(() => {}, 1000))`),
  });
  const { code, err } = await startSa(world.root, ['build']).ended;
  expect([code, err]).toEqual([1, expect.stringContaining('own@one failed: took longer than 0.3 s')]);
});

test('interrupted once, a build begins nothing more and keeps what is finished', async () => {
  const world = worldOf(
    `rules:\n${rule('done', 'touch {outputs.o}')}${rule('slow', 'touch started; while [ ! -e go ]; do sleep 0.05; done; touch {outputs.o}')}${rule('never', 'echo began >> log; touch {outputs.o}')}`,
  );
  const build = startSa(world.root, ['build', '-j', '1']);
  await until(() => existsSync(join(world.root, 'started')));
  build.child.kill('SIGINT');
  expect((await build.ended).code).toBe(130);
  expect(existsSync(join(world.root, 'log'))).toBe(false);
  writeFileSync(join(world.root, 'go'), '');
  expect(await world.build()).toBe('done@one fresh, slow@one built, never@one built');
});
