// What a plan expects, and the trace of what ran when.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PlanJson } from '../../src/app/json.js';
import { startSa, until } from '../support/cli.js';
import { faultsOfTrace } from '../support/trace-format.js';
import { testWorkspace, type World } from '../support/workspace.js';

const pipeline = (sleep: number, last = 'cat {inputs.a} {inputs.b} > {outputs.o}'): string => `sa: 1
each: { ep: "v/{ep}.txt" }
rules:
  a: { run: "sleep ${sleep}; touch {outputs.o}", inputs: { v: "v/{ep}.txt" }, outputs: { o: "a/{ep}.txt" } }
  b: { run: "sleep ${sleep}; touch {outputs.o}", inputs: { v: "v/{ep}.txt" }, outputs: { o: "b/{ep}.txt" } }
  both: { run: "${last}", inputs: { a: "a/{ep}.txt", b: "b/{ep}.txt" }, outputs: { o: "both/{ep}.txt" } }
`;
const world = (text: string): World => testWorkspace({ 'pipeline.yaml': text, 'data/v/one.txt': 'x' });
const planned = async (at: World): Promise<PlanJson> => JSON.parse((await at.sa('plan', '--json')).out) as PlanJson;

test('a plan says what each action will take, by what it took before here or where it was built', async () => {
  const at = world(pipeline(0.2));
  const before = await planned(at);
  expect(before.actions.map(({ expected_sec: seconds }) => seconds)).toEqual([null, null, null]);
  expect(before.expected).toEqual({ work_sec: 0, path_sec: 0, unknown: 3 });
  await at.build();
  expect((await planned(at)).expected).toEqual({ work_sec: 0, path_sec: 0, unknown: 0 });
  at.write({ 'pipeline.yaml': pipeline(0.3) });
  const { actions, expected } = await planned(at);
  for (const { expected_sec: seconds } of actions.slice(0, 2)) expect(seconds).toBeGreaterThan(0.2);
  const [a, b, both] = actions.map(({ expected_sec: seconds }) => seconds!);
  expect(expected.work_sec).toBeCloseTo(a! + b! + both!, 2);
  expect(expected.path_sec).toBeCloseTo(Math.max(a!, b!) + both!, 2);
  expect((await at.sa('plan')).out).toMatch(/^run {5}a@one {5}rule-changed: command .* {2}\(about 0\.\d s\)$/m);
  // Another machine knows them from the store alone.
  at.remove('data/.sa/durations.json');
  expect((await planned(at)).expected.unknown).toBe(0);
  at.remove('data/.sa/store');
  expect((await planned(at)).expected.unknown).toBe(3);
});

interface Trace {
  readonly traceEvents: readonly {
    readonly name: string;
    readonly ph: string;
    readonly ts: number;
    readonly dur: number;
    readonly tid: number;
    readonly args: Readonly<Record<string, unknown>>;
  }[];
}
function eventsIn(at: World, file: string): Trace['traceEvents'] {
  expect(faultsOfTrace(at.read(file))).toEqual([]);
  return (JSON.parse(at.read(file)) as Trace).traceEvents.filter(({ ph }) => ph === 'X');
}

test('--trace writes what ran when, a row a slot, also of a build that fails', async () => {
  const at = world(pipeline(0.1, 'exit 1'));
  expect((await at.sa('build', '-j', '2', '--trace', 'traces/build.json')).code).toBe(1);
  const events = eventsIn(at, 'traces/build.json');
  expect(events.map(({ name, args }) => `${name} ${String(args['outcome'])}`).sort()).toEqual([
    'a@one built',
    'b@one built',
    'both@one failed',
  ]);
  const [a, b, both] = ['a@one', 'b@one', 'both@one'].map((id) => events.find(({ name }) => name === id)!);
  expect([a!.tid, b!.tid].sort()).toEqual([0, 1]);
  expect(both!.ts).toBeGreaterThanOrEqual(Math.max(a!.ts + a!.dur, b!.ts + b!.dur));
  expect(a!.dur).toBeGreaterThan(100_000);
  // No two of one row overlap.
  for (const one of events)
    for (const other of events)
      if (one !== other && one.tid === other.tid)
        expect(one.ts + one.dur <= other.ts || other.ts + other.dur <= one.ts).toBe(true);
});

test('an action that runs in chunks has an event a chunk, and a row of its own', async () => {
  const at = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  own: { stage: ./own.mjs, inputs: { v: "v/{ep}.txt" }, outputs: { o: "o/{ep}.txt" } }\n',
    'own.mjs': `import { writeFileSync } from 'node:fs';
export const stage = { chunks: {
  async split() { return [1, 2, 3]; },
  async runChunk({ part }, n) { writeFileSync(part + '/n', String(n)); return {}; },
  async merge({ outputs }, parts) { writeFileSync(outputs.path('o'), String(parts.length)); return {}; },
} };
`,
    'data/v/one.txt': 'x',
  });
  expect((await at.sa('build', '-j', '2', '--trace', 'build.json')).code).toBe(0);
  const events = eventsIn(at, 'build.json');
  expect(events.map(({ name }) => name).sort()).toEqual([
    'own@one',
    'own@one chunk 1',
    'own@one chunk 2',
    'own@one chunk 3',
  ]);
  const whole = events.find(({ name }) => name === 'own@one')!;
  for (const one of events.filter((event) => event !== whole)) {
    expect([0, 1]).toContain(one.tid);
    expect(one.ts).toBeGreaterThanOrEqual(whole.ts);
    expect(one.ts + one.dur).toBeLessThanOrEqual(whole.ts + whole.dur);
  }
  expect(whole.tid).toBeGreaterThan(1);
});

test('an interrupted build has its trace too', async () => {
  const at = world(pipeline(300));
  const build = startSa(at.root, ['build', '--trace', 'build.json']);
  await until(() => existsSync(join(at.root, 'data/.sa/tmp')) && build.said().includes('a@one'));
  build.child.kill('SIGINT');
  expect((await build.ended).code).toBe(130);
  expect(eventsIn(at, 'build.json').map(({ args }) => args['outcome'])).toContain('interrupted');
});
