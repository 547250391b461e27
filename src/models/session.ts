// Opens one ONNX graph and runs it by its declared contract. The only file that knows ONNX Runtime.
// It decides no device and finds no file.
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env, InferenceSession, listSupportedBackends, Tensor as OrtTensor } from 'onnxruntime-node';
import type { ModelPart, ModelSession, Tensor, TensorContract } from '../stage/model.js';
import { checkContract, checkShape, type StatedTensor } from './contract.js';
import { reasonOf, type Provider } from './devices.js';
import { forPixels, joinedOutputs, partsOf, pixelsInput, takesPixels } from './pixel-graph.js';
import { withoutPRelu } from './prelu.js';

// Unless told otherwise before its first session, ONNX Runtime (1.29 and later, not on Windows) writes to the user's home, and sends to its
// makers, what models were opened on which machine. Whoever wants that sets the variable to 0. A worker's own environment is a
// copy that libraries do not see; `prepareThreads` has loaded this file in the main thread before there is one.
process.env['ORT_DISABLE_TELEMETRY'] ??= '1';

// Graphs that state the sizes of one input size warn at every other one; the contract says what is right.
env.logLevel = 'error';

/** Where and how a graph is to run, as plain data. */
export interface Placement {
  readonly provider: Provider;
  readonly threads: number;
  /** Names model and part in messages. */
  readonly label: string;
}

export interface OpenSession extends ModelSession {
  /** Frees the graph; no call may follow. */
  close(): Promise<void>;
}

const sessionConfig = {
  session: {
    // Threads that spin while they wait starve whatever else the machine does.
    'intra_op.allow_spinning': '0',
    'inter_op.allow_spinning': '0',
    // Dead channels make numbers too small for full precision, on which a processor is ten times slower: they become 0.
    set_denormal_as_zero: '1',
  },
};

/** A graph of one Identity on one float, in ONNX's own bytes. */
const identityGraph = Buffer.from(
  'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN',
  'base64',
);

/** Bytes of a graph that is held in memory to be rewritten; in larger ones, whose convolutions are, PRelu is little of the time. */
const rewrittenMax = 32 * 2 ** 20;

let prepared: Promise<void> | undefined;

/**
 * To be awaited before a thread that will run models is started. ONNX Runtime puts "denormals are zero" into
 * effect for the thread that opens the first session of the process and for no later one; a thread inherits
 * it from the one that starts it (on Linux). So this thread opens a session, once: about 50 ms with loading the runtime.
 */
export function prepareThreads(): Promise<void> {
  prepared ??= InferenceSession.create(identityGraph, { intraOpNumThreads: 1, extra: sessionConfig }).then((session) =>
    session.release(),
  );
  return prepared;
}

/** Execution providers that this runtime can load: built in, or with their library beside it. */
export function loadableProviders(): readonly string[] {
  const found = listSupportedBackends().filter(({ name, bundled }) => bundled || existsSync(providerLibrary(name)));
  return found.map(({ name }) => name);
}

/** Why an execution provider cannot be used on this machine, in its own words; undefined where it can. Tried by opening a graph. */
export async function whyUnusable(provider: Provider): Promise<string | undefined> {
  try {
    const session = await InferenceSession.create(identityGraph, {
      executionProviders: [provider],
      logSeverityLevel: 3,
    });
    await session.release();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return reasonOf(error);
  }
}

/**
 * Opens the graph at `path` with one execution provider and checks it against the part's contract. Throws
 * ProblemError when the contract does not fit, and what ONNX Runtime throws when it cannot load.
 */
export async function openSession(
  path: string,
  part: ModelPart,
  { provider, threads, label }: Placement,
): Promise<OpenSession> {
  const graph = provider.name === 'cpu' ? await forProcessors(path) : path;
  const options = {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: sessionConfig,
  } as const;
  // Paths and bytes have a signature each, and none has both.
  const session = await (typeof graph === 'string'
    ? InferenceSession.create(graph, options)
    : InferenceSession.create(graph, options));
  try {
    checkContract(label, part, {
      inputs: session.inputMetadata.map(stated),
      outputs: session.outputMetadata.map(stated),
    });
  } catch (error) {
    await session.release();
    throw error;
  }
  const outputNames = part.outputs.map(({ name }) => name);
  const pixels = isSentPixels(part, provider) ? new PixelSession(path, part, { options, label }) : undefined;
  return {
    takesPixels: pixels !== undefined,
    async run(feeds) {
      const only = feeds[part.inputs[0]!.name];
      if (pixels !== undefined && only?.data instanceof Uint8Array) return pixels.run(only.data, only.dims);
      const values = part.inputs.map((input) => [input.name, toOrt(label, input, feeds[input.name])] as const);
      const results = await session.run(Object.fromEntries(values), outputNames);
      return Object.fromEntries(part.outputs.map((output) => [output.name, fromOrt(label, output, results)]));
    },
    async close() {
      await session.release();
      await pixels?.close();
    },
  };
}

/** Whether a part takes pixels as bytes there: measured with WebGPU, and nothing is changed where nothing was measured. */
export function isSentPixels(part: ModelPart, { name }: Provider): boolean {
  return name === 'webgpu' && takesPixels(part);
}

/** The same graph for pixels; opened when the first come. */
class PixelSession {
  readonly #path: string;
  readonly #part: ModelPart;
  readonly #options: InferenceSession.SessionOptions;
  readonly #label: string;
  #opened: Promise<InferenceSession> | undefined;

  constructor(path: string, part: ModelPart, how: { options: InferenceSession.SessionOptions; label: string }) {
    this.#path = path;
    this.#part = part;
    this.#options = how.options;
    this.#label = how.label;
  }

  async run(data: Uint8Array, dims: readonly number[]): Promise<Readonly<Record<string, Tensor>>> {
    checkShape(this.#label, 'given', this.#part.inputs[0]!, dims);
    this.#opened ??= this.#open();
    const session = await this.#opened;
    const feeds = { [pixelsInput]: new OrtTensor('uint8', data, dims) };
    const results = await session.run(feeds, joinedOutputs(this.#part));
    const outputs = partsOf(this.#part, results);
    for (const output of this.#part.outputs) checkShape(this.#label, 'returned', output, outputs[output.name]!.dims);
    return outputs;
  }

  async close(): Promise<void> {
    // One that could not be opened has told whoever ran it.
    await (await this.#opened?.catch(() => undefined))?.release();
  }

  async #open(): Promise<InferenceSession> {
    return InferenceSession.create(forPixels(await readFile(this.#path), this.#part), this.#options);
  }
}

/** A graph as the processor runs it fastest: as it is, by its path, or with the same results in other bytes. */
async function forProcessors(path: string): Promise<string | Uint8Array> {
  if ((await stat(path)).size > rewrittenMax) return path;
  const model = await readFile(path);
  const rewritten = withoutPRelu(model);
  return rewritten === model ? path : rewritten;
}

function stated(value: InferenceSession.ValueMetadata): StatedTensor {
  const { name } = value;
  return value.isTensor ? { name, type: value.type, dims: value.shape } : { name, type: undefined, dims: [] };
}

function toOrt(label: string, contract: TensorContract, tensor: Tensor | undefined): OrtTensor {
  if (tensor === undefined) throw new Error(`${label}: input "${contract.name}" was not given`);
  const { data, dims } = tensor;
  checkShape(label, 'given', contract, dims);
  if (data instanceof Float32Array) return new OrtTensor('float32', data, dims);
  throw new Error(`${label}: "${contract.name}" is declared float32 and was given as ${data.constructor.name}`);
}

function fromOrt(label: string, contract: TensorContract, results: InferenceSession.ReturnType): Tensor {
  const value = results[contract.name];
  if (!(value?.data instanceof Float32Array)) throw new Error(`${label}: "${contract.name}" did not return as float32`);
  checkShape(label, 'returned', contract, value.dims);
  return { data: value.data, dims: value.dims };
}

/** Where a provider that comes as a library of its own would lie. */
function providerLibrary(name: string): string {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
  const windows = process.platform === 'win32';
  return join(folder, windows ? `onnxruntime_providers_${name}.dll` : `libonnxruntime_providers_${name}.so`);
}
