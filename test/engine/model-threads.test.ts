// Numbers too small for full precision make a processor ten times slower, so ONNX Runtime is told to take them
// for 0; that must hold in every thread that a chunk may run in, and shows in a graph that makes one.
import { expect, test } from 'vitest';
import { startSa } from '../support/cli.js';
import { squareWorld } from '../support/square-model.js';

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
  const world = squareWorld(pipeline, stage);
  const { code, err } = await startSa(world.root, ['build', 'one', '--jobs', '2']).ended;
  expect([code, err]).toEqual([0, expect.stringContaining('second@one built')]);
  expect(world.read('data/first/one.txt')).toBe('none none');
  expect(world.read('data/second/one.txt')).toBe('0 0');
});
