// Why a target is stale, root cause first, in text and as data.
import { expect, test } from 'vitest';
import type { ExplainJson } from '../../src/app/explain.js';
import { differencesWithin } from '../../src/engine/differences.js';
import { testWorkspace, type World } from '../support/workspace.js';

const pipeline = (more = ''): string => `sa: 1
each: { ep: "v/{ep}.txt" }
params: { det_scales: [1280, 640], word: x }
rules:
  first: { run: "cat {inputs.v} > {outputs.o}; echo {params.det_scales} >> {outputs.o}", inputs: { v: "v/{ep}.txt" }, outputs: { o: "first/{ep}.txt" }, params: [det_scales] }
  second: { run: "cat {inputs.a} > {outputs.o}", inputs: { a: "first/{ep}.txt" }, outputs: { o: "second/{ep}.txt" } }
  third: { run: "cat {inputs.b} > {outputs.o}; echo {params.word} >> {outputs.o}", inputs: { b: "second/{ep}.txt" }, outputs: { o: "third/{ep}.txt" }, params: [word] ${more}}
`;
const world = (): World => testWorkspace({ 'pipeline.yaml': pipeline(), 'data/v/one.txt': 'text\n' });

async function explained(at: World, ...words: string[]): Promise<ExplainJson> {
  const { out, err } = await at.sa('explain', '--json', ...words);
  if (out === '') throw new Error(err);
  return JSON.parse(out) as ExplainJson;
}

test('a fresh target has nothing to explain', async () => {
  const at = world();
  await at.build();
  expect(await at.sa('explain', 'one', 'third')).toEqual({
    code: 0,
    out: 'third@one: fresh; nothing differs from what built it\n',
    err: '',
  });
});

test('the change it all began with comes first, to the item of a list, and the chain to the target after it', async () => {
  const at = world();
  await at.build();
  at.write({ 'pipeline.yaml': pipeline().replace('640]', '960]') });
  expect((await at.sa('explain', 'one', 'third')).out).toBe(`third@one: later
  first@one (run)
    param-changed: det_scales[1] 640 -> 960
  then second@one (later), which reads first/one.txt (made by first@one)
  then third@one (later), which reads second/one.txt (made by second@one)
`);
  const { targets, actions } = await explained(at, 'one', 'third');
  expect(targets).toEqual([
    {
      id: 'third@one',
      verdict: 'later',
      causes: [
        {
          action: 'first@one',
          verdict: 'run',
          differences: [{ kind: 'param-changed', name: 'det_scales', path: 'det_scales[1]', old: 640, new: 960 }],
          chain: [
            { action: 'second@one', verdict: 'later', input: 'first/one.txt', made_by: 'first@one' },
            { action: 'third@one', verdict: 'later', input: 'second/one.txt', made_by: 'second@one' },
          ],
        },
      ],
    },
  ]);
  expect(actions.map(({ id, target }) => `${id} ${target}`)).toEqual([
    'first@one false',
    'second@one false',
    'third@one true',
  ]);
  expect(actions[0]!.built_with!.params).toEqual({ det_scales: [1280, 640] });
});

test('several causes are told in the order in which they come, each with its kind', async () => {
  const at = world();
  await at.build();
  at.write({
    'data/v/one.txt': 'other\n',
    'data/second/one.txt': 'by hand',
    'pipeline.yaml': pipeline(', env: [SA_TEST_WORD]').replace('word: x', 'word: y'),
  });
  const { targets } = await explained(at, 'one', 'third');
  expect(targets[0]!.causes.map(({ action, differences }) => [action, differences.map(({ kind }) => kind)])).toEqual([
    ['first@one', ['input-changed']],
    ['third@one', ['param-changed', 'env-changed']],
  ]);
  expect(targets[0]!.causes[0]!.differences[0]).toMatchObject({ path: 'v/one.txt', rule: null, made_by: null });
});

test('an input that was made otherwise since has a cause of its own, although its maker is fresh now', async () => {
  const at = world();
  await at.build();
  at.write({ 'pipeline.yaml': pipeline().replace('640]', '960]') });
  await at.build('one', 'first');
  expect((await at.sa('explain', 'one', 'second')).out).toBe(`second@one: run
  first@one (made otherwise since)
    param-changed: det_scales[1] 640 -> 960
  then second@one (run), which reads first/one.txt (made by first@one)
`);
  at.remove('data/.sa/store');
  expect((await at.sa('explain', 'one', 'second')).out).toBe(`second@one: run
    input-changed: first/one.txt (made by first)
`);
});

test('a target that was never built begins at the first action that was not', async () => {
  const at = world();
  expect((await at.sa('explain', 'one', 'second')).out).toBe(`second@one: later
  first@one (run)
    never-built
  then second@one (later), which reads first/one.txt (made by first@one)
`);
});

test('a chain of any length is explained', async () => {
  const rules = Array.from(
    { length: 900 },
    (_, n) =>
      `  r${n + 1}: { run: "cp {inputs.i} {outputs.o}", inputs: { i: "${n === 0 ? 'v' : `r${n}`}/{ep}.txt" }, outputs: { o: "r${n + 1}/{ep}.txt" } }\n`,
  );
  const at = testWorkspace({
    'pipeline.yaml': `sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n${rules.join('')}`,
    'data/v/one.txt': '',
  });
  const { targets } = await explained(at, 'one', 'r900');
  expect(targets[0]!.causes).toHaveLength(1);
  expect(targets[0]!.causes[0]!.chain).toHaveLength(899);
});

test('values are compared inside lists and maps', () => {
  expect(
    differencesWithin('p', { a: [1, { b: 2 }], 'odd key': 1, same: [1] }, { a: [1, { b: 3 }, 4], same: [1] }),
  ).toEqual([
    { path: 'p.a[1].b', old: 2, new: 3 },
    { path: 'p.a[2]', old: null, new: 4 },
    { path: 'p["odd key"]', old: 1, new: null },
  ]);
  expect(differencesWithin('p', [1], { 0: 1 })).toEqual([{ path: 'p', old: [1], new: { 0: 1 } }]);
});
