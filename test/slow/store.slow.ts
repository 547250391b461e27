// Two projects build, toggle and collect at once in one store, as real processes, many rounds: whatever
// a lockfile names can be restored afterwards, and nothing is restored that is not what was built.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSa } from '../support/cli.js';
import { Dice } from '../support/history-model.js';
import { testWorkspace, type World } from '../support/workspace.js';

const seed = Number(process.env['SA_SEED'] ?? Date.now() % 100_000);
const rounds = Number(process.env['SA_ROUNDS'] ?? 150);

/** Both projects make the same bytes for the same size, so that they share blobs; not their traces. */
const pipeline = (size: number, word: string): string => `sa: 1
each: { ep: "v/{ep}.txt" }
params: { size: ${size}, word: ${word} }
rules:
  fill: { run: "yes {params.size} | head -c 2000 > {outputs.o}", inputs: { v: "v/{ep}.txt" }, outputs: { o: "fill/{ep}.txt" }, params: [size, word] }
  parts: { run: "cp {inputs.o} {outputs.p}/a; echo {params.size} > {outputs.p}/b", inputs: { o: "fill/{ep}.txt" }, outputs: { p: "parts/{ep}/" }, params: [size, word] }
`;
const expected = (size: number): string => `${size}\n`.repeat(2000).slice(0, 2000);

test(`two projects and their collectors share a store (SA_SEED=${seed})`, { timeout: 1_800_000 }, async () => {
  const dice = new Dice(seed);
  const store = join(testWorkspace({ keep: '' }).root, 'store');
  const projects = ['x', 'y'].map((word) => ({
    word,
    world: testWorkspace({ 'data/v/one.txt': word, 'data/v/two.txt': word }),
  }));
  const run = async (world: World, ...words: string[]): Promise<{ code: number | null; err: string }> =>
    startSa(world.root, [...words, '--store', store]).ended;
  for (let round = 0; round < rounds; round++) {
    const sizes = projects.map(() => 1 + dice.below(4));
    for (const [index, { world, word }] of projects.entries()) {
      world.write({ 'pipeline.yaml': pipeline(sizes[index]!, word) });
      if (dice.chance(0.5)) world.remove('data/fill');
    }
    const collecting = projects.map(({ world }) =>
      run(world, 'cache', 'gc', '--max-bytes', dice.chance(0.7) ? '0' : '20k'),
    );
    const ended = await Promise.all([...projects.map(({ world }) => run(world, 'build')), ...collecting]);
    for (const { code, err } of ended) expect([code, err], `round ${round}`).toEqual([0, expect.any(String)]);

    for (const [index, { world }] of projects.entries()) {
      for (const ep of ['one', 'two']) {
        expect(world.read(`data/fill/${ep}.txt`), `round ${round}`).toBe(expected(sizes[index]!));
        expect(world.read(`data/parts/${ep}/b`), `round ${round}`).toBe(`${sizes[index]!}\n`);
      }
      // Everything that its lockfiles name is still there.
      for (const made of ['fill', 'parts']) rmSync(join(world.root, 'data', made), { recursive: true });
      const again = await world.sa('build', '--json', '--store', store);
      const { actions } = JSON.parse(again.out) as { actions: { id: string; outcome: string }[] };
      expect(
        actions.map(({ outcome }) => outcome),
        `round ${round}`,
      ).toEqual(Array(4).fill('restored'));
    }
    const verified = await projects[0]!.world.sa('cache', 'verify', '--store', store);
    expect([verified.code, verified.out], `round ${round}`).toEqual([0, expect.stringContaining(' 0 damaged')]);
  }
});
