// Which GPU a model is opened on: the one that the chunk or the action holds of the pool `gpu`. Seen where models are
// opened, without a GPU: the problem of a device that is not there says which one was asked for.
import { expect, test } from 'vitest';
import { startSa } from '../support/cli.js';
import { tinyRegistry } from '../models/world.js';
import { testWorkspace, type World } from '../support/workspace.js';

// DirectML is on Windows alone, CUDA's libraries come with no npm package: one of them is missing anywhere.
const missing = process.platform === 'win32' ? 'cuda' : 'directml';

/** Each chunk, and the action that is one whole, writes what it holds and which device it was refused. */
const look = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const look = async (context) => {
  const why = await context.model('detector').then(() => 'opened', (error) => /device .*? cannot/.exec(error.message)[0]);
  return (context.resources.gpu?.members ?? []).join(',') + ': ' + why;
};
`;
const chunked = `${look}
export const stage = {
  chunks: {
    split: async () => [0, 1],
    async runChunk(context, chunk) {
      // Goes on only when the other has begun, so that both GPUs are held at once.
      const begun = (one) => join(process.cwd(), 'begun-' + one);
      writeFileSync(begun(chunk), '');
      while (!existsSync(begun(1 - chunk))) { context.signal.throwIfAborted(); await wait(5); }
      writeFileSync(join(context.part, 'seen'), await look(context));
      return {};
    },
    async merge({ outputs }, parts) {
      const seen = parts.map(({ folder }) => readFileSync(join(folder, 'seen'), 'utf8'));
      writeFileSync(outputs.path('o'), seen.sort().join('; '));
      return {};
    },
  },
};
`;
const whole = `${look}
export const stage = { async run(context) { writeFileSync(context.outputs.path('o'), await look(context)); return {}; } };
`;

const rule = (name: string, resources: string): string => `  ${name}:
    stage: ./${name}.mjs
    inputs: { v: "v/{ep}.txt" }
    outputs: { o: "${name}/{ep}.txt" }
    params: [detector, device, allow_cpu_fallback]
    models: [detector]
    resources: ${resources}
`;

function lookingWorld(rules: string): World {
  const model = { name: 'letters', content: 'not opened', sources: [] };
  return testWorkspace({
    'pipeline.yaml': `sa: 1
each: { ep: "v/{ep}.txt" }
resources: { cpu: 2, gpu: [4, 7] }
params: { detector: letters, device: ${missing}, allow_cpu_fallback: false }
rules:
${rules}`,
    'chunked.mjs': chunked,
    'whole.mjs': whole,
    'models/models.yaml': tinyRegistry(model),
    'models/letters.onnx': model.content,
    'data/v/one.txt': 'one',
  });
}

test('a chunk in a thread of its own opens its model on the GPU that it holds, and no lockfile names it', async () => {
  const world = lookingWorld(rule('chunked', '{ gpu: 1 }'));
  const { code, err } = await startSa(world.root, ['build', 'one']).ended;
  expect([code, err]).toEqual([0, expect.stringContaining('chunked@one built')]);
  expect(world.read('data/chunked/one.txt')).toBe(
    `4: device ${missing} (gpu 4) cannot; 7: device ${missing} (gpu 7) cannot`,
  );
  expect(world.read('data/manifests/one/sa.lock')).not.toContain('gpu');
  expect(await world.build('--resource', 'gpu=1,2')).toBe('chunked@one fresh');
});

test.each([
  ['{ gpu: 1 }', [], `4: device ${missing} (gpu 4) cannot`],
  ['{ gpu: 1 }', ['--resource', 'gpu=[9]'], `9: device ${missing} (gpu 9) cannot`],
  ['{ gpu: 2 }', [], `4,7: device ${missing} (gpu 4) cannot`],
  ['{ cpu: 1 }', [], `: device ${missing} cannot`],
])('an action that takes %s, with %j, opens its model there: %s', async (resources, words, expected) => {
  const world = lookingWorld(rule('whole', resources));
  expect(await world.build(...words)).toBe('whole@one built');
  expect(world.read('data/whole/one.txt')).toBe(expected);
});
