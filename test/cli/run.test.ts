// sa run and runEpisode give the Python engine's result, field by field.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runEpisode } from '../../src/index.js';
import { testWorkspace } from '../support/workspace.js';

const root = join(import.meta.dirname, '../..');

test('a wrong value throws, a video that is none resolves with an error', async () => {
  const world = testWorkspace({
    'pipeline.yaml': readFileSync(join(root, 'pipeline.yaml'), 'utf8'),
    'text.mp4': 'hello',
  });
  const video = join(world.root, 'text.mp4');
  await expect(runEpisode('ep', video, { stride: 0 }, { cwd: world.root })).rejects.toThrow('"stride"');
  const result = await runEpisode('ep', video, {}, { cwd: world.root });
  expect(result).toMatchObject({ episode_id: 'ep', success: false, identities_count: 0, stages: [] });
  expect(result.error).toContain('is no video that ffmpeg can read');
});

test('each stage says what it counted beside its times', async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  copy:\n    run: "cp {inputs.v} {outputs.o}"\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "o/{ep}.txt" }\n',
    'data/v/one.txt': 'x',
  });
  const ran = await world.sa('run', 'one', '--json');
  expect(ran.code, ran.err).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({
    episode_id: 'one',
    success: true,
    error: null,
    stages: [{ stage: 'copy', success: true, outcome: 'built', device: null }],
  });
});

test('an episode is never built from its old video when another one is named', async () => {
  const world = testWorkspace({
    'pipeline.yaml':
      'sa: 1\neach: { ep: "v/{ep}.txt" }\nrules:\n  copy:\n    run: "cp {inputs.v} {outputs.o}"\n    inputs: { v: "v/{ep}.txt" }\n    outputs: { o: "o/{ep}.txt" }\n',
    'data/v/one.txt': 'first',
    'same.txt': 'first',
    'other.txt': 'other',
  });
  for (const video of ['same.txt', 'data/v/one.txt', 'removed.txt'])
    expect((await world.sa('run', 'one', '--video', video)).code).toBe(0);
  const refused = await world.sa('run', 'one', '--video', 'other.txt');
  expect([refused.code, refused.err]).toMatchObject([
    2,
    expect.stringContaining('has another video already') as string,
  ]);
});
