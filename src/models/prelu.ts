// Writes a graph's PRelu in operators that give the same numbers sooner: relu(x) + (-slope) * relu(-x), of which one term
// is always 0. ONNX Runtime computes PRelu on processors number by number, and outside of the layout in which it
// computes convolutions: 43 % of MobileFaceNet's time. Here the factors are convolutions of one pixel a channel, which stay in that layout.
import { PbfReader, PbfWriter } from 'pbf';

/** Numbers of the fields of onnx.proto that are read or written here. */
const field = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5 },
  node: { input: 1, output: 2, operator: 4, attribute: 5 },
  attribute: { name: 1, int: 3, type: 20 },
  tensor: { dims: 1, type: 2, floats: 4, name: 8, raw: 9 },
} as const;
const floatTensor = 1;
const intAttribute = 2;
/** What a key says of a field that is a length and so many bytes. */
const lengthDelimited = 2;

/** The same model without PRelu where slopes are known, one a channel of a picture; `model` itself where there is none. */
export function withoutPRelu(model: Uint8Array): Uint8Array {
  const fields = fieldsOf(model);
  const graph = fields.find(({ number }) => number === field.model.graph);
  if (graph === undefined) return model;
  const parts = fieldsOf(graph.value);
  const tensors = new Map(
    parts
      .filter(({ number }) => number === field.graph.initializer)
      .map(({ value }) => [textOf(fieldsOf(value), field.tensor.name), value]),
  );
  const rewritten = parts.map((part): Uint8Array => {
    const node = part.number === field.graph.node ? fieldsOf(part.value) : [];
    if (textOf(node, field.node.operator) !== 'PRelu') return part.whole;
    const [x, slope] = node.filter(({ number }) => number === field.node.input).map(({ value }) => decode(value));
    const tensor = tensors.get(slope);
    const slopes = tensor && slopesIn(tensor);
    return slopes === undefined ? part.whole : replacement(x!, slopes, textOf(node, field.node.output)!);
  });
  if (rewritten.every((part, at) => part === parts[at]!.whole)) return model;
  const newGraph = message((writer) => writer.writeBytesField(field.model.graph, Buffer.concat(rewritten)));
  return Buffer.concat(fields.map((one) => (one === graph ? newGraph : one.whole)));
}

/** One field of a message: with its key, and what it holds where that is bytes. */
interface Field {
  readonly number: number;
  readonly whole: Uint8Array;
  readonly value: Uint8Array;
}

const nothing = new Uint8Array(0);

function fieldsOf(bytes: Uint8Array): Field[] {
  const reader = new PbfReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < bytes.length) {
    const start = reader.pos;
    const key = reader.readVarint();
    const holdsBytes = (key & 7) === lengthDelimited;
    const value = holdsBytes ? reader.readBytes() : nothing;
    if (!holdsBytes) reader.skip(key);
    fields.push({ number: key >> 3, whole: bytes.subarray(start, reader.pos), value });
  }
  return fields;
}

function decode(text: Uint8Array): string {
  return Buffer.from(text).toString('utf8');
}

function textOf(fields: readonly Field[], number: number): string | undefined {
  const found = fields.find((one) => one.number === number);
  return found && decode(found.value);
}

/** The slopes of a tensor of floats, C x 1 x 1; undefined for any other. */
function slopesIn(tensor: Uint8Array): Float32Array | undefined {
  const dims: number[] = [];
  let type = 0;
  let bytes: Uint8Array = nothing;
  new PbfReader(tensor).readFields((number, _, reader) => {
    if (number === field.tensor.dims) reader.readPackedVarint(dims);
    if (number === field.tensor.type) type = reader.readVarint();
    // Floats stand one after another in both, lowest byte first.
    if (number === field.tensor.floats || number === field.tensor.raw) bytes = reader.readBytes();
  }, undefined);
  const [channels, height, width] = dims;
  const isOneAChannel = dims.length === 3 && height === 1 && width === 1 && bytes.length === 4 * channels!;
  if (type !== floatTensor || !isOneAChannel) return undefined;
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: channels! }, (_, at) => numbers.getFloat32(4 * at, true));
}

/** The nodes that make `output` of `x`, and their factors, as fields of a graph. */
function replacement(x: string, slopes: Float32Array, output: string): Uint8Array {
  const named = (what: string): string => `${output}/${what}`;
  return Buffer.concat([
    ...timesEach(
      x,
      slopes.map(() => -1),
      named('negated'),
    ),
    nodeOf('Relu', [named('negated')], named('below')),
    ...timesEach(
      named('below'),
      slopes.map((slope) => -slope),
      named('sloped'),
    ),
    nodeOf('Relu', [x], named('above')),
    nodeOf('Add', [named('above'), named('sloped')], output),
  ]);
}

/** `x` times a factor for each channel. */
function timesEach(x: string, factors: Float32Array, output: string): Uint8Array[] {
  const name = `${output}_factors`;
  const bytes = new DataView(new ArrayBuffer(4 * factors.length));
  factors.forEach((factor, at) => bytes.setFloat32(4 * at, factor, true));
  const tensor = message((writer) => {
    for (const dim of [factors.length, 1, 1, 1]) writer.writeVarintField(field.tensor.dims, dim);
    writer.writeVarintField(field.tensor.type, floatTensor);
    writer.writeStringField(field.tensor.name, name);
    writer.writeBytesField(field.tensor.raw, new Uint8Array(bytes.buffer));
  });
  const initializer = message((writer) => writer.writeBytesField(field.graph.initializer, tensor));
  return [initializer, nodeOf('Conv', [x, name], output, factors.length)];
}

function nodeOf(operator: string, inputs: readonly string[], output: string, group?: number): Uint8Array {
  const node = message((writer) => {
    for (const input of inputs) writer.writeStringField(field.node.input, input);
    writer.writeStringField(field.node.output, output);
    writer.writeStringField(field.node.operator, operator);
    if (group === undefined) return;
    const attribute = message((own) => {
      own.writeStringField(field.attribute.name, 'group');
      own.writeVarintField(field.attribute.int, group);
      own.writeVarintField(field.attribute.type, intAttribute);
    });
    writer.writeBytesField(field.node.attribute, attribute);
  });
  return message((writer) => writer.writeBytesField(field.graph.node, node));
}

function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return writer.finish();
}
