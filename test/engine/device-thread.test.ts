// One thread holds the device that others run their models on: ONNX Runtime's WebGPU, used by two threads at once, ends the process.
import { expect, test } from 'vitest';
import { startSa } from '../support/cli.js';
import { squareWorld } from '../support/square-model.js';
import { noPlayedGpu, playedGpu } from '../support/vulkan.js';

// Each chunk goes on only when the other has begun: two threads, or none would end.
const stage = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
export const stage = {
  chunks: {
    split: async () => [0, 1],
    async runChunk(context, chunk) {
      writeFileSync(join(process.cwd(), 'begun-' + chunk), '');
      while (!existsSync(join(process.cwd(), 'begun-' + (1 - chunk)))) { context.signal.throwIfAborted(); await wait(5); }
      const { net } = (await context.model('detector')).sessions;
      let wrong = 0;
      for (let round = 0; round < 20; round++) {
        const data = Uint8Array.from({ length: 3 * 32 * 32 }, (_, at) => (at * 7 + round * 31 + chunk * 101) % 256);
        const inputs = [Float32Array.from(data), ...(net.takesPixels ? [data] : [])];
        // Side by side, as a detector has them, and the caller's buffer is its own again.
        const both = await Promise.all(inputs.map((data) => net.run({ input: { data, dims: [1, 3, 32, 32] } })));
        for (const { output } of both) wrong += output.data.filter((value, at) => value !== data[at] ** 2).length + (output.dims.join() !== '1,3,32,32');
        wrong += inputs.filter(({ length }) => length !== 3 * 32 * 32).length;
      }
      writeFileSync(join(context.part, 'said'), net.takesPixels + ' ' + wrong);
      return {};
    },
    async merge({ outputs }, parts) {
      writeFileSync(outputs.path('o'), parts.map(({ folder }) => readFileSync(join(folder, 'said'), 'utf8')).join(', '));
      return {};
    },
  },
};
`;

const pipeline = `sa: 1
each: { ep: "v/{ep}.txt" }
resources: { cpu: 2 }
params: { detector: square, device: webgpu, allow_cpu_fallback: false }
rules:
  square:
    stage: ./square.mjs
    inputs: { v: "v/{ep}.txt" }
    outputs: { o: "square/{ep}.txt" }
    params: [detector, device, allow_cpu_fallback]
    models: [detector]
`;

/** For a program: what it says when it ends by itself, which is not when it is held up and then ended by force. */
const saysThatItEnds = `
import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.on('beforeExit', () => process.stderr.write('nothing is left to do'));
`;
const noGpu = { VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' };

test('two threads run a model on one WebGPU device, with pixels and with floats, and the process ends when they have', async ({
  skip,
}) => {
  if (playedGpu === undefined) return skip(noPlayedGpu);
  const world = squareWorld(pipeline, stage);
  const told = { ...playedGpu, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(saysThatItEnds)}` };
  const { code, err } = await startSa(world.root, ['build', 'one', '--jobs', '2'], told).ended;
  expect([code, err]).toEqual([0, expect.stringContaining('square@one built')]);
  expect(world.read('data/square/one.txt')).toBe('true 0, true 0');
  expect(err).toContain('nothing is left to do');
});

test('where there is no GPU, webgpu is refused with the reason, or the processor runs what it would have run', async () => {
  const world = squareWorld(pipeline, stage);
  const { code, err } = await startSa(world.root, ['build', 'one', '--jobs', '2'], noGpu).ended;
  expect(code).toBe(1);
  expect(err).toContain('device-missing: device webgpu cannot be used by ONNX Runtime on this machine');
  expect(err).toContain('or use auto, or allow_cpu_fallback: true');
  const words = ['build', 'one', '--jobs', '2', '--set', 'allow_cpu_fallback=true'];
  expect(await startSa(world.root, words, noGpu).ended).toMatchObject({ code: 0 });
  expect(world.read('data/square/one.txt')).toBe('false 0, false 0');
});

test.for([
  ['a GPU', playedGpu, 'devices: cpu, webgpu\n'],
  ['none', noGpu, 'devices: cpu, not webgpu (Failed to get a WebGPU adapter: No supported adapters)\n'],
] as const)('doctor tries the device, where there is %s', async ([, env, said], { skip }) => {
  if (env === undefined) return skip(noPlayedGpu);
  const doctor = startSa(squareWorld(pipeline, stage).root, ['doctor'], env);
  await doctor.ended;
  expect(doctor.wrote()).toContain(said);
});
