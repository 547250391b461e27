// A graph that takes pixels and gives all outputs in one: what has to cross to a device with memory of its own is then a quarter,
// and is waited for once. On an H100 by WebGPU eight frames of YuNet took 9.8 ms so, and 32 ms with floats in and twelve tensors out.
import type { ModelPart, Tensor } from '../stage/model.js';
import { constantOf, elementType, field, fieldsOf, nodeOf, textOf, valueOf, withGraph } from './onnx-graph.js';

/** Names of the rewritten graph's own; no model has such. */
const named = (what: string): string => `sa:${what}`;
/** Its input: bytes, in the shape of the model's own input. */
export const pixelsInput = named('pixels');
const allOutputs = named('all');
const shapeOf = (output: string): string => named(`shape of ${output}`);

/** Whether `forPixels` is for a part: one input, a picture whose colours are normalised each by itself. */
export function takesPixels({ inputs, pixels }: Pick<ModelPart, 'inputs' | 'pixels'>): boolean {
  return inputs.length === 1 && pixels.colour !== 'gray';
}

/** The model of a part with bytes for its input, which it normalises as the card says, and its outputs (floats) joined. */
export function forPixels(model: Uint8Array, { inputs, outputs, pixels }: ModelPart): Uint8Array {
  const input = inputs[0]!.name;
  return withGraph(model, (parts) => {
    const isReplaced = ({ number, value }: (typeof parts)[number]): boolean =>
      number === field.graph.output ||
      (number === field.graph.input && textOf(fieldsOf(value), field.value.name) === input);
    return [
      valueOf('input', pixelsInput, elementType.uint8),
      ...normalised(pixels, input),
      ...parts.filter((part) => !isReplaced(part)).map(({ whole }) => whole),
      ...joined(outputs.map(({ name }) => name)),
    ];
  });
}

/** What `forPixels` gives for one output after the other, out of its results: views of one tensor. */
export function partsOf(
  { outputs }: Pick<ModelPart, 'outputs'>,
  results: Readonly<Record<string, { readonly data: unknown }>>,
): Readonly<Record<string, Tensor>> {
  const all = results[allOutputs]?.data;
  if (!(all instanceof Float32Array)) throw new Error('the outputs did not return as float32');
  let from = 0;
  return Object.fromEntries(
    outputs.map(({ name }) => {
      const dims = Array.from(results[shapeOf(name)]?.data as BigInt64Array, Number);
      const length = dims.reduce((product, dim) => product * dim, 1);
      const data = all.subarray(from, from + length);
      from += length;
      return [name, { data, dims }];
    }),
  );
}

/** Names of the rewritten graph's outputs. */
export function joinedOutputs({ outputs }: Pick<ModelPart, 'outputs'>): string[] {
  return [allOutputs, ...outputs.map(({ name }) => shapeOf(name))];
}

/** `output` of the pixels: (p - mean) / std, in single precision. */
function normalised({ mean, std }: ModelPart['pixels'], output: string): Uint8Array[] {
  const cast = (name: string): Uint8Array => nodeOf('Cast', [pixelsInput], name, { to: elementType.float });
  if (mean.every((value) => value === 0) && std.every((value) => value === 1)) return [cast(output)];
  const [gains, offsets] = [named('gains'), named('offsets')];
  const each = (numbers: readonly number[], name: string): Uint8Array =>
    constantOf(name, numbers.length === 1 ? [1] : [numbers.length, 1, 1], Float32Array.from(numbers));
  const perColour = Array.from({ length: Math.max(mean.length, std.length) }, (_, at) => {
    const deviation = std[at] ?? std[0]!;
    return { gain: 1 / deviation, offset: -(mean[at] ?? mean[0]!) / deviation };
  });
  return [
    each(
      perColour.map(({ gain }) => gain),
      gains,
    ),
    each(
      perColour.map(({ offset }) => offset),
      offsets,
    ),
    cast(named('floats')),
    nodeOf('Mul', [named('floats'), gains], named('scaled')),
    nodeOf('Add', [named('scaled'), offsets], output),
  ];
}

/** All outputs as one row of numbers, and the shape of each, which is known without asking the device. */
function joined(outputs: readonly string[]): Uint8Array[] {
  const [row, flat] = [named('a row'), (name: string): string => named(`${name} in a row`)];
  return [
    constantOf(row, [1], BigInt64Array.of(-1n)),
    ...outputs.flatMap((name) => [
      nodeOf('Reshape', [name, row], flat(name)),
      nodeOf('Shape', [name], shapeOf(name)),
      valueOf('output', shapeOf(name), elementType.int64),
    ]),
    nodeOf('Concat', outputs.map(flat), allOutputs, { axis: 0 }),
    valueOf('output', allOutputs, elementType.float),
  ];
}
