import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { forPixels, joinedOutputs, partsOf, pixelsInput, takesPixels } from '../../src/models/pixel-graph.js';
import { planesOf } from '../../rules/media/pixels.js';
import { describeWithShared, shared } from '../support/shared.js';
import { world } from './world.js';

const models = [
  ['detector', 'yunet-n', 'net', 'models/yunet_n_dynamic.onnx', [2, 3, 96, 160]],
  ['detector', 'retinaface-mnet025', 'net', 'models/retinaface_mnet025_dyn.onnx', [1, 3, 96, 160]],
  ['detector', 'scrfd-2.5g', 'net', 'models/research-only/det_2.5g.onnx', [1, 3, 96, 160]],
  ['detector', 'ultralight', 'detect', 'models/fr_detect.onnx', [1, 3, 240, 320]],
  ['embedder', 'mobileface-v2', 'net', 'models/mobileface_v2_256.onnx', [1, 3, 112, 112]],
] as const;

describeWithShared(
  'a graph that takes pixels',
  models.map(([, , , file]) => file),
  () => {
    test.each(models)(
      'gives the outputs of %s %s (%s), each in its shape',
      async (role, name, partName, file, dims) => {
        const part = (await world()).registry.resolve(role, name)!.card.parts[partName]!;
        expect(takesPixels(part)).toBe(true);
        const model = readFileSync(shared(file));
        const length = dims.reduce<number>((product, dim) => product * dim, 1);
        const pixels = Uint8Array.from({ length }, (_, at) => (at * 2654435761) >>> 24);
        const planes = planesOf(part.pixels);
        const size = dims[2] * dims[3];
        const floats = Float32Array.from(pixels, (pixel, at) => {
          const { gain, offset } = planes[Math.floor(at / size) % 3]!;
          return pixel * gain + offset;
        });
        const names = part.outputs.map((output) => output.name);
        const expected = await (
          await InferenceSession.create(model, { logSeverityLevel: 3 })
        ).run({ [part.inputs[0]!.name]: new Tensor('float32', floats, dims) }, names);
        const session = await InferenceSession.create(forPixels(model, part), { logSeverityLevel: 3 });
        const results = await session.run({ [pixelsInput]: new Tensor('uint8', pixels, dims) }, joinedOutputs(part));
        const found = partsOf(part, results);
        expect(Object.keys(found).sort()).toEqual(names.toSorted());
        for (const output of names) {
          expect(found[output]!.dims).toEqual([...expected[output]!.dims]);
          const [ours, theirs] = [found[output]!.data as Float32Array, expected[output]!.data as Float32Array];
          const norm = (values: Float32Array): number => Math.hypot(...values);
          expect(norm(ours.map((value, at) => value - theirs[at]!))).toBeLessThan(1e-5 * norm(theirs));
        }
      },
    );
  },
);

describe('which part takes pixels', () => {
  test.each([
    ['one picture in colour', { inputs: 1, colour: 'bgr' }, true],
    ['luma, which mixes three', { inputs: 1, colour: 'gray' }, false],
    ['two inputs', { inputs: 2, colour: 'rgb' }, false],
  ] as const)('%s', (_, { inputs, colour }, expected) => {
    const input = { name: 'x', dims: [1, 3, null, null] };
    expect(
      takesPixels({ inputs: Array.from({ length: inputs }, () => input), pixels: { colour, mean: [0], std: [1] } }),
    ).toBe(expected);
  });
});
