import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { devicesToTry, providerOf } from '../../src/models/devices.js';
import { closeModels, openModel } from '../../src/models/open.js';
import { loadableProviders } from '../../src/models/session.js';
import { acceptTerms } from '../../src/models/terms.js';
import type { Tensor } from '../../src/stage/model.js';
import { describeWithShared, shared } from '../support/shared.js';
import { world, type World } from './world.js';

const shipped = readFileSync(join(import.meta.dirname, '../../models/models.yaml'), 'utf8');
const search = [shared('models'), shared('models/research-only')];
const cpu = { device: 'cpu', offline: true } as const;

afterAll(closeModels);

/** A world with the shared models and the shipped registry, some of its text replaced. */
async function sharedWorld(from = '', to = ''): Promise<World> {
  const here = await world({ search, files: { 'models/models.yaml': shipped.replace(from, to) } });
  acceptTerms(here.registry, 'insightface-research');
  return here;
}

/** A tensor of zeros; what is free in `dims` becomes `free`, a free batch 1. */
function zeros(dims: readonly (number | null)[], free: number): Tensor {
  const whole = dims.map((dim, at) => dim ?? (at === 0 ? 1 : free));
  return { dims: whole, data: new Float32Array(whole.reduce((product, dim) => product * dim, 1)) };
}

describeWithShared('models opened by their declared contract', ['models/models.md', 'models/fr_detect.onnx'], () => {
  test('every shared model opens and returns what is declared', async () => {
    const { registry } = await sharedWorld();
    const opened: string[] = [];
    for (const entry of registry.entries) {
      if (['scrfd-10g', 'sface', 'w600k-r50', 'w600k-mbf'].includes(entry.name)) continue;
      const { sessions, card, deviceAsked, deviceResolved } = await openModel(registry, entry, cpu);
      expect([deviceAsked, deviceResolved]).toEqual(['cpu', 'cpu']);
      for (const [part, { inputs, outputs }] of Object.entries(card.parts)) {
        const feeds = Object.fromEntries(inputs.map(({ name, dims }) => [name, zeros(dims, 96)]));
        const results = await sessions[part]!.run(feeds);
        expect(Object.keys(results).sort()).toEqual(outputs.map(({ name }) => name).sort());
        if (card.role === 'embedder') expect(results[outputs[0]!.name]!.dims).toEqual([1, card.dim]);
      }
      opened.push(entry.name);
    }
    expect(opened.length).toBe(14);
  });

  test('a session is opened once for a model, device and thread count', async () => {
    const { registry } = await sharedWorld();
    const entry = registry.resolve('detector', 'ultralight')!;
    const [first, again, two] = [
      await openModel(registry, entry, cpu),
      await openModel(registry, entry, { ...cpu, device: 'auto' }),
      await openModel(registry, entry, { ...cpu, threads: 2 }),
    ];
    expect(again.sessions).toBe(first.sessions);
    expect(two.sessions).not.toBe(first.sessions);
    expect(Object.keys(first.sessions)).toEqual(['detect', 'landmark']);
  });

  test('on the CPU it is the same session whichever GPU is held, also one whose name is no number', async () => {
    const { registry } = await sharedWorld();
    const entry = registry.resolve('detector', 'ultralight')!;
    const { sessions } = await openModel(registry, entry, cpu);
    for (const gpu of ['0', '1', 'b:1'])
      expect((await openModel(registry, entry, { ...cpu, gpu })).sessions).toBe(sessions);
  });

  test('calls that overlap give each its own result', async () => {
    const { registry } = await sharedWorld();
    const { sessions } = await openModel(registry, registry.resolve('embedder', 'mobileface-v2')!, cpu);
    const feed = (value: number): Record<string, Tensor> => {
      const tensor = zeros([1, 3, 112, 112], 0);
      return { data: { dims: tensor.dims, data: new Float32Array(tensor.data.length).fill(value) } };
    };
    const [dark, light] = await Promise.all([sessions['net']!.run(feed(10)), sessions['net']!.run(feed(200))]);
    expect(dark['fc5_bn']!.data).not.toEqual(light['fc5_bn']!.data);
    expect((await sessions['net']!.run(feed(10)))['fc5_bn']).toEqual(dark['fc5_bn']);
  });

  test('a graph that is not what is declared is refused with both shapes', async () => {
    const { registry } = await sharedWorld('dims: [1, 3, 240, 320]', 'dims: [1, 3, 320, 240]');
    await expect(openModel(registry, registry.resolve('detector', 'ultralight')!, cpu)).rejects.toMatchObject({
      message:
        'model-contract: fr_detect.onnx is not what is declared for ultralight-rfb320 (detect): ' +
        'input "input" is 1x3x240x320, declared is 1x3x320x240',
    });
  });

  test('an output under another name is refused with the names that there are', async () => {
    const { registry } = await sharedWorld('{ name: output, dims: [1, 136] }', '{ name: points, dims: [1, 136] }');
    await expect(openModel(registry, registry.resolve('detector', 'ultralight')!, cpu)).rejects.toMatchObject({
      message:
        'model-contract: fr_landmark.onnx is not what is declared for ultralight-rfb320 (landmark): ' +
        'it has no output "points" of 1x136, but "output" of 1x136',
    });
  });

  test('a tensor of another shape, type or name is refused before the graph runs', async () => {
    const { registry } = await sharedWorld();
    const { sessions } = await openModel(registry, registry.resolve('detector', 'ultralight')!, cpu);
    const { landmark } = sessions;
    await expect(landmark!.run({ input: zeros([1, 3, 64, 64], 0) })).rejects.toThrow(
      'ultralight-rfb320 (landmark): "input" is declared 1x1x64x64 and was given as 1x3x64x64',
    );
    await expect(landmark!.run({ input: { dims: [1, 1, 64, 64], data: new Uint8Array(4096) } })).rejects.toThrow(
      'ultralight-rfb320 (landmark): "input" is declared float32 and was given as Uint8Array',
    );
    await expect(landmark!.run({})).rejects.toThrow('ultralight-rfb320 (landmark): input "input" was not given');
  });

  test('auto says which device it became; a named one that is not there is no CPU in disguise', async () => {
    const { registry } = await sharedWorld();
    const entry = registry.resolve('detector', 'ultralight')!;
    const auto = await openModel(registry, entry, { ...cpu, device: 'auto' });
    expect(auto.deviceAsked).toBe('auto');
    expect(loadableProviders()).toContain(auto.deviceResolved);
    await expect(openModel(registry, entry, { ...cpu, device: 'openvino' })).rejects.toThrow(
      /^device-missing: device openvino cannot be used by ONNX Runtime on this machine \(\w+ \w+\)\n {4}there is: cpu/,
    );
    const fallen = await openModel(registry, entry, { ...cpu, device: 'openvino', allowCpuFallback: true });
    expect([fallen.deviceAsked, fallen.deviceResolved]).toEqual(['openvino', 'cpu']);
  });
});

describe('devices to try', () => {
  const both = ['cpu', 'cuda'] as const;
  test.each([
    ['auto', both, false, ['cuda', 'cpu']],
    ['auto', ['cpu'], false, ['cpu']],
    ['cpu', both, true, ['cpu']],
    ['cuda', both, false, ['cuda']],
    ['cuda', both, true, ['cuda', 'cpu']],
    ['cuda', ['cpu'], true, ['cpu']],
    // Part of every runtime, whatever the machine has: for those who ask.
    ['auto', ['cpu', 'webgpu'], false, ['cpu']],
    ['webgpu', ['cpu', 'webgpu'], true, ['webgpu', 'cpu']],
  ] as const)('%s among %j, fallback %s: %j', (asked, available, allowCpuFallback, expected) => {
    expect(devicesToTry(asked, { available, allowCpuFallback })).toEqual(expected);
  });

  test('a device that is not there is a problem that says what there is', () => {
    expect(() => devicesToTry('cuda', { available: ['cpu'], allowCpuFallback: false })).toThrow(
      expect.objectContaining({
        message: [
          `device-missing: device cuda cannot be used by ONNX Runtime on this machine (${process.platform} ${process.arch})`,
          '    there is: cpu; or use auto, or allow_cpu_fallback: true; cuda also needs CUDA 12, cuDNN 9 and: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
        ].join('\n'),
      }),
    );
  });
});

describe('what ONNX Runtime is told of a device', () => {
  test.each([
    ['cpu', '1', { name: 'cpu' }],
    ['cuda', undefined, { name: 'cuda' }],
    ['cuda', '0', { name: 'cuda', deviceId: 0 }],
    ['cuda', '11', { name: 'cuda', deviceId: 11 }],
    ['tensorrt', '2', { name: 'tensorrt', deviceId: 2 }],
    ['directml', '1', { name: 'dml', deviceId: 1 }],
    ['coreml', '1', { name: 'coreml' }],
    ['openvino', 'b:1', { name: 'openvino' }],
    ['webgpu', '1', { name: 'webgpu' }],
  ] as const)('%s holding GPU %s: %j', (device, gpu, expected) => {
    expect(providerOf(device, gpu)).toEqual(expected);
  });

  test.each(['b:1', '', '-1', '1.5', '0x1'])('a GPU named "%s" cannot be told to a device that has a number', (gpu) => {
    expect(() => providerOf('cuda', gpu)).toThrow(
      expect.objectContaining({
        message: [
          `gpu-id: gpu "${gpu}" is no number, and cuda knows its devices by number`,
          '    name them as the driver counts them: resources: { gpu: [0, 1] }',
        ].join('\n'),
      }),
    );
  });
});
