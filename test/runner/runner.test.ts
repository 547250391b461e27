import { expect, test } from 'vitest';
import { StageRunner, type RunnerWorld } from '../../src/runner/runner.js';

test('chunks of which none is wanted any more are run without a word', async () => {
  expect(await new StageRunner({} as RunnerWorld).runChunks([])).toEqual([]);
});
