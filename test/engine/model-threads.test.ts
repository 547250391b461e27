// Numbers too small for full precision make a processor ten times slower, so ONNX Runtime is told to take them
// for 0; that must hold in every thread that a chunk may run in, and shows in a graph that makes one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startSa } from '../support/cli.js';
import { testWorkspace } from '../support/workspace.js';
import { tinyRegistry } from '../models/world.js';

/** y = x * x, both 1x3x?x?, as ONNX's own bytes. */
const squareGraph = Buffer.from(
  'CAg6ZwobCgVpbnB1dAoFaW5wdXQSBm91dHB1dCIDTXVsEgFnWiEKBWlucHV0EhgKFggBEhIKAggBCgIIAwoDEgFoCgMSAXdiIgoGb3V0cHV0EhgKFggBEhIKAggBCgIIAwoDEgFoCgMSAXdCAhAN',
  'base64',
);

// Each chunk goes on only when the other has begun: two threads, or none would end.
const stage = `
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
export const stage = {
  chunks: {
    split: async () => [0, 1],
    async runChunk(context, chunk) {
      const begun = (one) => join(process.cwd(), context.outputs.relative('o').split('/')[0] + '-' + one);
      writeFileSync(begun(chunk), '');
      while (!existsSync(begun(1 - chunk))) { context.signal.throwIfAborted(); await wait(5); }
      if (context.outputs.relative('o').startsWith('first')) return {};
      const { sessions } = await context.model('detector');
      const data = new Float32Array(3).fill(1e-20);
      const { output } = await sessions.net.run({ input: { data, dims: [1, 3, 1, 1] } });
      // As bits: what compares numbers in such a thread takes the smallest for 0, too.
      writeFileSync(join(context.part, 'bits'), String(new Uint32Array(output.data.buffer, output.data.byteOffset, 1)[0]));
      return {};
    },
    async merge({ outputs }, parts) {
      const { readFileSync } = await import('node:fs');
      const read = (part) => existsSync(join(part.folder, 'bits')) ? readFileSync(join(part.folder, 'bits'), 'utf8') : 'none';
      writeFileSync(outputs.path('o'), parts.map(read).join(' '));
      return {};
    },
  },
};
`;

const pipeline = `sa: 1
each: { ep: "v/{ep}.txt" }
resources: { cpu: 2 }
params: { detector: square, device: cpu, allow_cpu_fallback: false }
rules:
  first: { stage: ./square.mjs, inputs: { v: "v/{ep}.txt" }, outputs: { o: "first/{ep}.txt" } }
  second:
    stage: ./square.mjs
    inputs: { v: "first/{ep}.txt" }
    outputs: { o: "second/{ep}.txt" }
    params: [detector, device, allow_cpu_fallback]
    models: [detector]
`;

test('every thread that runs a model takes numbers too small for full precision for 0', async () => {
  const model = { name: 'square', content: squareGraph.toString('latin1'), sources: [] };
  // Its answer has the shape of its input.
  const registry = tinyRegistry(model).replace('[1,null]', '[1,3,null,null]');
  const world = testWorkspace({
    'pipeline.yaml': pipeline,
    'square.mjs': stage,
    'models/models.yaml': registry,
    'data/v/one.txt': 'one',
  });
  writeFileSync(join(world.root, 'models/square.onnx'), squareGraph);
  const { code, err } = await startSa(world.root, ['build', 'one', '--jobs', '2']).ended;
  expect([code, err]).toEqual([0, expect.stringContaining('second@one built')]);
  expect(world.read('data/first/one.txt')).toBe('none none');
  expect(world.read('data/second/one.txt')).toBe('0 0');
});
