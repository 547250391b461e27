// A little project that was built once and then edited, and what must hold after the build of the
// edit was cut short by a fault at one of its writes.
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Inventory } from '../../src/store/inventory.js';
import { startSa, type Ended } from './cli.js';
import { testWorkspace, type World } from './workspace.js';

const pipeline = (limit: number): string => `sa: 1
data: data
each: { ep: "videos/{ep}.txt" }
params: { limit: ${limit} }
rules:
  head:
    run: "head -c {params.limit} {inputs.video} > {outputs.head}; echo head >> log"
    inputs: { video: "videos/{ep}.txt" }
    outputs: { head: "made/{ep}/head.txt" }
    params: [limit]
  split:
    run: "mkdir -p {outputs.parts}/deep; cat {inputs.head} > {outputs.parts}/a; cat {inputs.head} {inputs.head} > {outputs.parts}/deep/b; wc -c < {inputs.head} > {outputs.size}; echo split >> log"
    inputs: { head: "made/{ep}/head.txt" }
    outputs: { parts: "made/{ep}/parts/", size: "made/{ep}/size.txt" }
  both:
    run: "cat {inputs.a} {inputs.size} > {outputs.both}; echo both >> log"
    inputs: { a: "made/{ep}/parts/a", size: "made/{ep}/size.txt" }
    outputs: { both: "made/both.txt" }
  spell:
    stage: ./spell.mjs
    inputs: { head: "made/{ep}/head.txt" }
    outputs: { spelt: "made/{ep}/spelt.txt" }
`;

/** Works in chunks of two letters. Notes each chunk when it is done, in a file of its own: notes must not be cut. */
const spell = `import { readFileSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
const log = new URL('log', import.meta.url);
export const stage = {
  chunks: {
    async split({ inputs }) {
      const { length } = readFileSync(inputs.path('head'), 'utf8');
      return Array.from({ length: Math.ceil(length / 2) }, (_, at) => at * 2);
    },
    async runChunk({ inputs, part }, from) {
      writeFileSync(part + '/letters', readFileSync(inputs.path('head'), 'utf8').slice(from, from + 2).replace(/./g, '$&.'));
      await appendFile(log, 'chunk ' + from + '\\n');
      return {};
    },
    async merge({ outputs }, parts) {
      writeFileSync(outputs.path('spelt'), parts.map(({ folder }) => readFileSync(folder + '/letters', 'utf8')).join(''));
      await appendFile(log, 'spell\\n');
      return {};
    },
  },
};
`;

const artifacts = (limit: number): Record<string, string> => {
  const head = 'abcdefghij'.slice(0, limit);
  return {
    'one/head.txt': head,
    'one/parts/a': head,
    'one/parts/deep/b': head + head,
    'one/size.txt': `${limit}\n`,
    'one/spelt.txt': head.replace(/./g, '$&.'),
    'both.txt': `${head}${limit}\n`,
  };
};

export interface FaultWorld {
  /** A copy that was built with the old limit and edited to the new one. */
  readonly fresh: () => World;
  /** Number of writes in a build of the edit that nothing cuts short. */
  readonly writes: number;
}

export async function faultWorld(): Promise<FaultWorld> {
  const built = testWorkspace({
    'pipeline.yaml': pipeline(3),
    'spell.mjs': spell,
    'data/videos/one.txt': 'abcdefghij',
  });
  expect((await built.sa('build')).code).toBe(0);
  const fresh = (): World => {
    const world = testWorkspace({});
    cpSync(built.root, world.root, { recursive: true });
    world.write({ 'pipeline.yaml': pipeline(5) });
    world.remove('log');
    return world;
  };
  const counting = fresh();
  const count = join(counting.root, 'count');
  expect((await startSa(counting.root, ['build'], { SA_FAULT_COUNT: count }).ended).code).toBe(0);
  return { fresh, writes: Number(readFileSync(count, 'utf8')) };
}

/** Cuts a build short at write number `at`; then the next build must converge and lose nothing finished. */
export async function survive({ fresh }: FaultWorld, at: number, fault: string): Promise<Ended> {
  const world = fresh();
  const ended = await startSa(world.root, ['build'], { SA_FAULT: fault, SA_FAULT_AT: String(at) }).ended;
  expect(ended.err, `${fault} at write ${at}`).not.toContain('internal error');
  wholeFiles(world);
  const finished = ['head', 'split', 'both', 'spell'].filter((rule) =>
    new RegExp(`${rule}(@one)? built`).test(ended.err),
  );
  finished.push(...keptChunks(world, finished));
  world.remove('log');

  const next = await world.sa('build');
  expect([next.code, next.err], `the build after ${fault} at write ${at}`).toEqual([0, expect.any(String)]);
  const again = existsSync(join(world.root, 'log')) ? world.read('log').trim().split('\n') : [];
  expect(again.filter((rule) => finished.includes(rule))).toEqual([]);
  for (const [path, text] of Object.entries(artifacts(5))) expect(world.read(`data/made/${path}`)).toBe(text);
  expect((await world.sa('verify')).code).toBe(0);
  expect(readdirSync(join(world.root, 'data/.sa/tmp'))).toEqual([]);
  expect(leftOvers(join(world.root, 'data'))).toEqual([]);
  return ended;
}

/** The notes of chunks that no build needs to make again: all of a rule that is done, and those in the store. */
function keptChunks(world: World, finished: readonly string[]): string[] {
  if (finished.includes('spell')) return ['chunk 0', 'chunk 2', 'chunk 4'];
  const traces = new Inventory(join(world.root, 'data/.sa/store')).traces().flatMap(({ trace }) => trace?.action ?? []);
  return traces.flatMap((action) => {
    const number = /^spell@one chunk (\d+)$/.exec(action)?.[1];
    return number === undefined ? [] : [`chunk ${2 * (Number(number) - 1)}`];
  });
}

/** Under an artifact's name stand the old bytes, the new ones, or nothing. */
function wholeFiles(world: World): void {
  const [old, now] = [artifacts(3), artifacts(5)];
  for (const path of Object.keys(old)) {
    if (!existsSync(join(world.root, 'data/made', path))) continue;
    expect([old[path], now[path]], path).toContain(world.read(`data/made/${path}`));
  }
}

// Temporary names outside the store, whose own are swept when they are a day old.
function leftOvers(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.includes('.sa-tmp-') && !path.startsWith('.sa/'),
  );
}
