import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pinAuto } from '../../src/models/choose.js';
import { loadRegistry } from '../../src/models/registry.js';
import { describeWithShared, shared } from '../support/shared.js';
import { serve, tinyRegistry, world } from './world.js';

describe('auto', () => {
  test('takes the first that is installed or can be fetched, and pins it for everybody', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/second.onnx') response.end('second');
      else response.writeHead(404).end();
    });
    const yaml = tinyRegistry(
      { name: 'first', content: 'first', sources: [{ url: `${url}/first.onnx` }] },
      { name: 'second', content: 'second', sources: [{ url: `${url}/second.onnx` }] },
      { name: 'third', content: 'third', sources: [] },
      { name: 'bound', content: 'bound', sources: [{ url: `${url}/second.onnx` }], terms: 'look-only' },
    );
    const { root, registry, installed } = await world({
      files: { 'models/models.yaml': yaml, 'models/third.onnx': 'third' },
    });
    expect(registry.resolve('detector', 'auto')).toBeUndefined();
    expect((await pinAuto(registry, 'detector', 'auto')).name).toBe('second');
    expect(registry.resolve('detector', 'auto')?.name).toBe('second');
    expect(readFileSync(join(root, 'models/models.lock'), 'utf8')).toBe(
      '{\n "detector": {\n  "auto": "second"\n },\n "embedder": {},\n "version": 1\n}\n',
    );
    expect(installed()).toEqual(['models.lock', 'second.onnx', 'third.onnx']);
  });

  test('keeps its pin when a better one turns up', async () => {
    const yaml = tinyRegistry(
      { name: 'first', content: 'first', sources: [] },
      { name: 'second', content: 'second', sources: [] },
    );
    const { root, registry } = await world({
      files: {
        'models/models.yaml': yaml,
        'models/first.onnx': 'first',
        'models/models.lock': '{"version":1,"detector":{"auto":"second"},"embedder":{}}',
      },
    });
    expect((await pinAuto(registry, 'detector', 'auto')).name).toBe('second');
    expect((await loadRegistry({ projectRoot: root })).resolve('detector', 'auto')?.name).toBe('second');
  });

  test('says of each model why it cannot be had', async () => {
    const yaml = tinyRegistry({ name: 'first', content: 'first', sources: [] });
    const { registry, installed } = await world({ files: { 'models/models.yaml': yaml } });
    await expect(pinAuto(registry, 'detector', 'auto')).rejects.toThrow(
      /^no-model: none of the models that detector "auto" may stand for can be had here\n {4}model first needs first\.onnx \(5 bytes\)/,
    );
    expect(installed()).toEqual([]);
  });

  test('a models.lock that sa did not write is a problem', async () => {
    await expect(world({ files: { 'models/models.lock': '{"detector":"auto"}' } })).rejects.toThrow(
      /^bad-models-lock: models\/models\.lock is not what sa writes\n/,
    );
  });
});

describeWithShared('with the real files installed', ['models/yunet_n_dynamic.onnx', 'models/fr_feature.onnx'], () => {
  test('auto and arcface are decided without asking anybody', async () => {
    const { registry } = await world({ search: [shared('models'), shared('models/research-only')] });
    expect((await pinAuto(registry, 'detector', 'auto', { offline: true })).name).toBe('yunet-n');
    expect((await pinAuto(registry, 'embedder', 'auto', { offline: true })).name).toBe('mobilefacenet-512');
    expect((await pinAuto(registry, 'embedder', 'arcface', { offline: true })).name).toBe('mobilefacenet-512');
    expect(registry.lock).toEqual({
      detector: { auto: 'yunet-n' },
      embedder: { auto: 'mobilefacenet-512', arcface: 'mobilefacenet-512' },
    });
  });
});
