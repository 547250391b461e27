// The bytes of an ONNX model as fields that can be taken over as they are, and new ones beside them. It knows the few
// messages of onnx.proto that are rewritten here, and no operator's meaning.
import { PbfReader, PbfWriter } from 'pbf';

/** Numbers of the fields of onnx.proto that are read or written here. */
export const field = {
  model: { graph: 7 },
  graph: { node: 1, initializer: 5, input: 11, output: 12 },
  node: { input: 1, output: 2, operator: 4, attribute: 5 },
  attribute: { name: 1, int: 3, type: 20 },
  tensor: { dims: 1, type: 2, floats: 4, name: 8, raw: 9 },
  value: { name: 1, type: 2 },
  valueType: { tensor: 1 },
  tensorType: { element: 1 },
} as const;
/** Numbers of the types of a tensor's elements. */
export const elementType = { float: 1, uint8: 2, int64: 7 } as const;
const intAttribute = 2;
/** What a key says of a field that is a length and so many bytes. */
const lengthDelimited = 2;

/** One field of a message: with its key, and what it holds where that is bytes. */
export interface Field {
  readonly number: number;
  readonly whole: Uint8Array;
  readonly value: Uint8Array;
}

const nothing = new Uint8Array(0);

export function fieldsOf(bytes: Uint8Array): Field[] {
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

export function decode(text: Uint8Array): string {
  return Buffer.from(text).toString('utf8');
}

export function textOf(fields: readonly Field[], number: number): string | undefined {
  const found = fields.find((one) => one.number === number);
  return found && decode(found.value);
}

/** The model with other fields in its graph: `rewrite` is given those that it has. `model` itself where that changes nothing. */
export function withGraph(
  model: Uint8Array,
  rewrite: (parts: readonly Field[]) => readonly Uint8Array[] | undefined,
): Uint8Array {
  const fields = fieldsOf(model);
  const graph = fields.find(({ number }) => number === field.model.graph);
  const rewritten = graph && rewrite(fieldsOf(graph.value));
  if (rewritten === undefined) return model;
  const newGraph = message((writer) => writer.writeBytesField(field.model.graph, Buffer.concat(rewritten)));
  return Buffer.concat(fields.map((one) => (one === graph ? newGraph : one.whole)));
}

/** A node with one output and whole numbers for attributes, as a field of a graph. */
export function nodeOf(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): Uint8Array {
  const node = message((writer) => {
    for (const input of inputs) writer.writeStringField(field.node.input, input);
    writer.writeStringField(field.node.output, output);
    writer.writeStringField(field.node.operator, operator);
    for (const [name, value] of Object.entries(attributes)) {
      const attribute = message((own) => {
        own.writeStringField(field.attribute.name, name);
        own.writeVarintField(field.attribute.int, value);
        own.writeVarintField(field.attribute.type, intAttribute);
      });
      writer.writeBytesField(field.node.attribute, attribute);
    }
  });
  return message((writer) => writer.writeBytesField(field.graph.node, node));
}

/** A constant tensor, as a field of a graph; numbers in the machine's bytes, which are ONNX's on all that run this. */
export function constantOf(name: string, dims: readonly number[], numbers: Float32Array | BigInt64Array): Uint8Array {
  const tensor = message((writer) => {
    for (const dim of dims) writer.writeVarintField(field.tensor.dims, dim);
    const type = numbers instanceof Float32Array ? elementType.float : elementType.int64;
    writer.writeVarintField(field.tensor.type, type);
    writer.writeStringField(field.tensor.name, name);
    writer.writeBytesField(field.tensor.raw, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  });
  return message((writer) => writer.writeBytesField(field.graph.initializer, tensor));
}

/** An input or output of a graph whose sizes are not stated, as one of its fields. */
export function valueOf(place: 'input' | 'output', name: string, element: number): Uint8Array {
  const tensor = message((writer) => writer.writeVarintField(field.tensorType.element, element));
  const type = message((writer) => writer.writeBytesField(field.valueType.tensor, tensor));
  const value = message((writer) => {
    writer.writeStringField(field.value.name, name);
    writer.writeBytesField(field.value.type, type);
  });
  return message((writer) => writer.writeBytesField(field.graph[place], value));
}

function message(write: (writer: PbfWriter) => void): Uint8Array {
  const writer = new PbfWriter();
  write(writer);
  return writer.finish();
}
