import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { PbfWriter } from 'pbf';
import { describe, expect, test } from 'vitest';
import { withoutPRelu } from '../../src/models/prelu.js';
import { describeWithShared, shared } from '../support/shared.js';

/** A message of onnx.proto: by number of field a text, bytes, another message or whole numbers. */
type Message = Readonly<Record<number, string | Uint8Array | number | readonly (string | Uint8Array | number)[]>>;

function encoded(message: Message): Uint8Array {
  const writer = new PbfWriter();
  for (const [number, values] of Object.entries(message)) {
    for (const value of Array.isArray(values) ? (values as readonly (string | Uint8Array | number)[]) : [values]) {
      if (typeof value === 'string') writer.writeStringField(Number(number), value);
      else if (typeof value === 'number') writer.writeVarintField(Number(number), value);
      else writer.writeBytesField(Number(number), value as Uint8Array);
    }
  }
  return writer.finish();
}

const shape = (dims: readonly number[]): Uint8Array =>
  encoded({ 1: encoded({ 1: 1, 2: encoded({ 1: dims.map((dim) => encoded({ 1: dim })) }) }) });

/** A model of one PRelu on 1 x 2 x 1 x 4 numbers, with its slopes as `tensor` says; without, they are an input. */
function preluModel(tensor: Message | undefined, slopeDims: readonly number[]): Uint8Array {
  const graph = encoded({
    1: encoded({ 1: ['x', 'slope'], 2: 'y', 4: 'PRelu' }),
    2: 'graph',
    ...(tensor && { 5: encoded({ 1: slopeDims, 8: 'slope', ...tensor }) }),
    11: [
      encoded({ 1: 'x', 2: shape([1, 2, 1, 4]) }),
      ...(tensor ? [] : [encoded({ 1: 'slope', 2: shape(slopeDims) })]),
    ],
    12: encoded({ 1: 'y', 2: shape([1, 2, 1, 4]) }),
  });
  return encoded({ 1: 8, 7: graph, 8: encoded({ 2: 13 }) });
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const x = Float32Array.from([-3.3, -0.1, 0, 7.7, -1e-20, 1e20, -5, 0.3]);

async function run(model: Uint8Array): Promise<readonly number[]> {
  const session = await InferenceSession.create(model);
  const results = await session.run({ x: new Tensor('float32', x, [1, 2, 1, 4]) });
  return [...(results['y']!.data as Float32Array)];
}

describe('without PRelu', () => {
  test.each([
    ['raw bytes', { 2: 1, 9: floats(0.25, 1.5) }],
    ['a list of floats', { 2: 1, 4: floats(-0.7, 0) }],
  ])('a model gives the same numbers, its slopes below 0, above 1 or between, stored as %s', async (_, tensor) => {
    const model = preluModel(tensor, [2, 1, 1]);
    const rewritten = withoutPRelu(model);
    expect(Buffer.from(rewritten).includes('PRelu')).toBe(false);
    const expected = await run(model);
    expect(await run(rewritten)).toEqual(expected.map((value) => value + 0));
    expect(expected[0]).toBeLessThan(3.3);
  });

  test.each([
    ['an input gives the slopes', undefined, [2, 1, 1]],
    ['all channels share one slope', { 2: 1, 9: floats(0.25) }, [1]],
    ['each column has its own slope', { 2: 1, 9: floats(0.1, 0.2, 0.3, 0.4) }, [4]],
    ['slopes are no floats', { 2: 11, 9: new Uint8Array(16) }, [2, 1, 1]],
  ])('a model is left as it is where %s', (_, tensor, dims) => {
    const model = preluModel(tensor, dims);
    expect(withoutPRelu(model)).toBe(model);
  });
});

const embedder = 'models/fr_feature.onnx';
describeWithShared('the embedder without PRelu', [embedder, 'models/yunet_n_dynamic.onnx'], () => {
  test('gives the same vector to the last bit, and a model that has none is handed back', async () => {
    const model = readFileSync(shared(embedder));
    const rewritten = withoutPRelu(model);
    expect(model.includes('PRelu')).toBe(true);
    expect(Buffer.from(rewritten).includes('PRelu')).toBe(false);
    const [before, after] = await Promise.all([model, rewritten].map((bytes) => InferenceSession.create(bytes)));
    const pixels = Float32Array.from({ length: 3 * 112 * 112 }, (_, at) => Math.sin(at * at));
    const feeds = { [before!.inputNames[0]!]: new Tensor('float32', pixels, [1, 3, 112, 112]) };
    const vector = async (session: InferenceSession) => Object.values(await session.run(feeds))[0]!.data;
    expect(await vector(after!)).toEqual(await vector(before!));
    const other = readFileSync(shared('models/yunet_n_dynamic.onnx'));
    expect(withoutPRelu(other)).toBe(other);
  });
});
