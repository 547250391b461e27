import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ProblemError } from '../../src/base/problem.js';
import { readDeclaration } from '../../src/models/declaration.js';
import { cardOf, loadRegistry, modelDigest } from '../../src/models/registry.js';
import { listModels } from '../../src/models/list.js';
import { tinyRegistry, world } from './world.js';

const shipped = readFileSync(join(import.meta.dirname, '../../models/models.yaml'), 'utf8');

/** The message of the ProblemError that the shipped registry gives after `edit`. */
function problemsAfter(from: string, to: string): string {
  const text = shipped.replace(from, () => to);
  expect(text).not.toBe(shipped);
  try {
    readDeclaration({ text, file: 'models.yaml' });
  } catch (error) {
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
  return 'no problem';
}

test('a project without a registry of its own uses the one that comes with sa', async () => {
  const { registry } = await world();
  expect(registry.entries.map(({ name }) => name)).toEqual([
    'yunet-n',
    'retinaface-mnet025',
    'retinaface-mnet025-320',
    'yunet-2023mar',
    'yunet-2023mar-640',
    'ultralight-rfb320',
    'scrfd-10g',
    'scrfd-2.5g',
    'scrfd-500m',
    'mobilefacenet-512',
    'mobileface-v2',
    'mobilefacenet-128',
    'sface',
    'w600k-r50',
    'w600k-mbf',
    'w600k-mbf-float',
    'w600k-mbf-int8',
    'arcface-paddle-128',
  ]);
});

test('what was read once is remembered until models.yaml changes', async () => {
  const tiny = tinyRegistry({ name: 'one', content: 'one', sources: [] });
  const { root } = await world({ files: { 'models/models.yaml': tiny } });
  const memory = join(root, '.sa/models-registry.json');
  writeFileSync(memory, readFileSync(memory, 'utf8').replaceAll('"one"', '"remembered"'));
  const namesNow = async (): Promise<string[]> =>
    (await loadRegistry({ projectRoot: root })).entries.map(({ name }) => name);
  expect(await namesNow()).toEqual(['remembered']);
  writeFileSync(join(root, 'models/models.yaml'), tinyRegistry({ name: 'two', content: 'two', sources: [] }));
  expect(await namesNow()).toEqual(['two']);
  writeFileSync(memory, 'damaged');
  expect(await namesNow()).toEqual(['two']);
});

describe('names', () => {
  test('retinaface is the one of any size, and any SCRFD goes by its full name', async () => {
    const { registry } = await world();
    expect(registry.resolve('detector', 'retinaface')?.card.parts['net']?.file).toBe('retinaface_mnet025_dyn.onnx');
    expect(registry.resolve('detector', 'RetinaFace-2.5GF')?.card.parts['net']?.file).toBe('det_2.5g.onnx');
    expect(registry.resolve('detector', 'RetinaFace-10GF')?.name).toBe('scrfd-10g');
    expect(registry.resolve('detector', 'ultralight')?.card).toMatchObject({
      kind: 'ultralight',
      inputSize: [320, 240],
    });
  });

  test('a choice stands for nothing until models.lock pins it', async () => {
    const { registry } = await world();
    expect(registry.resolve('embedder', 'arcface')).toBeUndefined();
    const lock = { detector: {}, embedder: { arcface: 'mobileface-v2' } };
    expect(registry.resolve('embedder', 'arcface', { lock })?.card.dim).toBe(256);
  });

  test('a pin of a model that the registry lost is a problem', async () => {
    const { registry } = await world({
      files: { 'models/models.lock': '{"version":1,"detector":{"auto":"gone"},"embedder":{}}' },
    });
    expect(() => registry.resolve('detector', 'auto')).toThrow(
      expect.objectContaining({
        message: [
          `stale-models-lock: models/models.lock has "gone" for detector "auto", which is not in ${registry.file}`,
          '    remove that line, and the next build chooses again',
        ].join('\n'),
      }),
    );
  });

  test('an unknown name is answered with the nearest one', async () => {
    const { registry } = await world();
    expect(() => registry.resolve('detector', 'retinafase')).toThrow(
      expect.objectContaining({
        message: 'unknown-model: there is no detector "retinafase"\n    did you mean "retinaface"?',
      }),
    );
  });

  test('an embedder is no detector', async () => {
    const { registry } = await world();
    expect(() => registry.resolve('detector', 'sface')).toThrow(/"sface" is an embedder, not a detector/);
    expect(() => registry.resolve('embedder', 'yunet')).toThrow(/"yunet" is a detector, not an embedder/);
  });

  test('a pack names its models', async () => {
    const { registry } = await world();
    expect(registry.named('buffalo_sc').map(({ name }) => name)).toEqual(['scrfd-500m', 'w600k-mbf']);
  });
});

describe('faults of models.yaml', () => {
  test('an unknown key and a bad digest are shown where they stand', () => {
    const text = [
      'version: 1',
      'choices: { detector: {}, embedder: {} }',
      'packs: {}',
      'terms: {}',
      'speed: fast',
      'models:',
      ...tinyModelLines,
    ].join('\n');
    expect(() => readDeclaration({ text, file: 'models.yaml' })).toThrow(
      expect.objectContaining({
        message: [
          'models.yaml:5:8 bad-models-file: speed: there is no key "speed" here',
          '    speed: fast',
          '           ~~~~',
          'models.yaml:21:17 bad-models-file: models[0].parts.net.sha256: a sha256 has 64 lower-case hex digits',
          '            sha256: 6C02',
          '                    ~~~~',
        ].join('\n'),
      }),
    );
  });

  test.each([
    [
      'a name that is taken',
      'aliases: [yunet]',
      'aliases: [retinaface]',
      '"retinaface" names both yunet-n and retinaface-mnet025',
    ],
    [
      'a choice with terms',
      'auto: [yunet-n,',
      'auto: [scrfd-10g,',
      '"scrfd-10g" has terms, so it is used only when it is named',
    ],
    ['a choice of nothing', 'auto: [yunet-n,', 'auto: [yunet-m,', 'there is no detector "yunet-m"'],
    ['terms of no text', 'terms: insightface-research\n', 'terms: insightface\n', 'there are no terms "insightface"'],
    ['a part of another name', '      net:', '      nett:', 'its parts must be net, in this order'],
    [
      'a patch of no file',
      'model: retinaface-mnet025-320',
      'model: retinaface-mnet',
      'there is no part "net" of a model "retinaface-mnet"',
    ],
    ['calibration that falls', ', 0.5]', ', 0.001]', 'its knots must ascend in both numbers'],
    [
      'a version that floats',
      'faceplugin-face-recognition-js@0.0.1',
      'faceplugin-face-recognition-js@latest',
      'a package and its exact version',
    ],
    [
      'a source with a strange key',
      'member: model/fr_detect.onnx',
      'path: model/fr_detect.onnx',
      'there is no key "path" here',
    ],
    [
      'a file in another folder',
      'file: yunet_n_dynamic.onnx',
      'file: ../yunet_n_dynamic.onnx',
      'a plain file name, without a folder',
    ],
    ['pixels of one channel too few', 'mean: [104, 117, 123]', 'mean: [104, 117]', 'bgr has 3 channels'],
  ])('%s is a problem', (_what, from, to, message) => {
    expect(problemsAfter(from, to)).toContain(message);
  });
});

describe('a model digest', () => {
  test.each([
    ['bytes of a file', 'sha256: 104ee26c', 'sha256: 004ee26c', true],
    ['pixels', 'mean: [0, 0, 0]', 'mean: [0, 0, 1]', true],
    ['a threshold', 'nms_threshold: 0.3', 'nms_threshold: 0.31', true],
    [
      'the order of its outputs',
      '- { name: cls_8, dims: [null, null, 1] }\n          - { name: cls_16,',
      '- { name: cls_16, dims: [null, null, 1] }\n          - { name: cls_8,',
      true,
    ],
    ['its licence', 'licence: Apache-2.0', 'licence: Apache 2.0', false],
    ['where it is fetched', '/master/onnx/yunet_n_dynamic.onnx', '/main/onnx/yunet_n_dynamic.onnx', false],
    ['its file name', 'file: yunet_n_dynamic.onnx', 'file: yunet_n.onnx', false],
  ])('by %s', async (_what, from, to, changes) => {
    const edited = shipped.replace(from, to);
    expect(edited).not.toBe(shipped);
    const digests = await Promise.all(
      [shipped, edited].map(async (text) => {
        const { registry } = await world({ files: { 'models/models.yaml': text } });
        return modelDigest(registry.resolve('detector', 'yunet-n')!);
      }),
    );
    expect(new Set(digests).size).toBe(changes ? 2 : 1);
  });

  test('calibration is part of it', async () => {
    const digests = await Promise.all(
      [shipped, shipped.replaceAll(/\[([\d.]+), 0\.5\]/g, '[$1, 0.51]')].map(async (text) => {
        const { registry } = await world({ files: { 'models/models.yaml': text } });
        return modelDigest(registry.resolve('embedder', 'fr_feature')!);
      }),
    );
    expect(new Set(digests).size).toBe(2);
  });
});

test('a card says all that a stage needs', async () => {
  const { registry } = await world();
  expect(cardOf(registry.resolve('embedder', 'mobilefacenet-128')!)).toEqual({
    role: 'embedder',
    name: 'mobilefacenet-128',
    dim: 128,
    cropSize: 112,
    template: 'arcface',
    calibration: [
      [-1, 0],
      [-0.386, 0.02],
      [-0.104, 0.1],
      [0.078, 0.25],
      [0.261, 0.5],
      [0.443, 0.75],
      [0.626, 0.9],
      [0.907, 0.98],
      [1, 1],
    ],
    licence: 'MIT (repository); a mirror of the training project says Apache-2.0',
    training: 'MS-Celeb-1M',
    source: 'foamliu/MobileFaceNet, as in rit5k0005296-star/SmartStorage-RV1126B',
    parts: {
      net: {
        file: 'mobilefacenet_foamliu_128.onnx',
        bytes: 3981135,
        sha256: 'e0974ec4c84ae30781e9b0a320c37c6705944d4532bfa9fb0c083755b19dde14',
        pixels: { colour: 'rgb', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] },
        batchMax: 1,
        inputs: [{ name: 'input', dims: [1, 3, 112, 112] }],
        outputs: [{ name: 'output', dims: [1, 128] }],
      },
    },
  });
});

test('the list says of each model what it is, whether it is here and where it can be had', async () => {
  const tiny = tinyRegistry(
    { name: 'here', content: 'abc', sources: [] },
    { name: 'there', content: 'abcd', sources: [{ url: 'http://127.0.0.1/there.onnx' }], terms: 'look-only' },
  );
  const { registry } = await world({ files: { 'models/models.yaml': tiny, 'models/here.onnx': 'abc' } });
  const told = { role: 'detector', aliases: [], chosen_as: [], licence: 'MIT', training: 'none', source: 'this test' };
  expect(listModels(registry)).toEqual([
    {
      name: 'here',
      ...told,
      terms: null,
      installed: true,
      obtainable: true,
      files: [
        {
          part: 'net',
          file: 'here.onnx',
          bytes: 3,
          sha256: expect.any(String) as string,
          state: 'installed',
          where: 'models/here.onnx',
          sources: [],
        },
      ],
    },
    {
      name: 'there',
      ...told,
      terms: { name: 'look-only', text: 'To be looked at, not used.', accepted: false },
      installed: false,
      obtainable: true,
      files: [
        {
          part: 'net',
          file: 'there.onnx',
          bytes: 4,
          sha256: expect.any(String) as string,
          state: 'missing',
          where: null,
          sources: ['http://127.0.0.1/there.onnx'],
        },
      ],
    },
  ]);
});

const tinyModelLines = `
  - name: tiny
    role: detector
    aliases: []
    kind: yunet
    resize: letterbox
    input_size: null
    score_threshold: 0.6
    nms_threshold: 0.3
    licence: MIT
    training: none
    source: nowhere
    parts:
      net:
        file: tiny.onnx
        sha256: 6C02
        bytes: 1
        pixels: { colour: bgr, mean: [0, 0, 0], std: [1, 1, 1] }
        batch_max: 1
        inputs: [{ name: input, dims: [1] }]
        outputs: [{ name: output, dims: [1] }]
        sources: []`
  .split('\n')
  .slice(1);
