// Whether a graph, and the tensors that go in and come out, keep the contract declared in
// models.yaml. Pure; nothing is guessed from a shape, and every fault names both shapes.
import { problem } from '../base/problem.js';
import type { ModelPart, TensorContract } from '../stage/model.js';

/** One input or output as a graph itself states it. */
export interface StatedTensor {
  readonly name: string;
  /** `float32` and the like; undefined for what is no tensor. */
  readonly type: string | undefined;
  /** A text stands for a free dimension. */
  readonly dims: readonly (number | string)[];
}

/** All inputs and outputs of a graph. */
export interface StatedContract {
  readonly inputs: readonly StatedTensor[];
  readonly outputs: readonly StatedTensor[];
}

/** Throws ProblemError with every way in which the graph does not fit what is declared for `label`. */
export function checkContract(label: string, part: ModelPart, graph: StatedContract): void {
  const extra = graph.inputs.filter((one) => !part.inputs.some(({ name }) => name === one.name));
  const faults = [
    ...part.inputs.flatMap((declared) => faultOf('input', declared, graph.inputs)),
    ...extra.map(({ name, dims }) => `it also wants an input "${name}" of ${shapeWords(dims)}`),
    ...part.outputs.flatMap((declared) => faultOf('output', declared, graph.outputs)),
  ];
  if (faults.length === 0) return;
  throw problem('model-contract', `${part.file} is not what is declared for ${label}: ${faults.join('; ')}`);
}

/** Throws when a tensor's shape breaks its contract; `verb` tells given from returned. */
export function checkShape(
  label: string,
  verb: string,
  { name, dims }: TensorContract,
  found: readonly number[],
): void {
  if (fits(dims, found)) return;
  throw new Error(`${label}: "${name}" is declared ${shapeWords(dims)} and was ${verb} as ${shapeWords(found)}`);
}

/** A shape in words: 1x3xanyxany. */
function shapeWords(dims: readonly (number | string | null)[]): string {
  return dims.map((dim) => (typeof dim === 'number' ? dim : 'any')).join('x');
}

function faultOf(side: string, { name, dims }: TensorContract, stated: readonly StatedTensor[]): readonly string[] {
  const found = stated.find((one) => one.name === name);
  if (found === undefined) {
    const names = stated.map((one) => `"${one.name}" of ${shapeWords(one.dims)}`).join(', ');
    return [`it has no ${side} "${name}" of ${shapeWords(dims)}, but ${names}`];
  }
  if (found.type !== 'float32') return [`${side} "${name}" is ${found.type ?? 'no tensor'}, declared is float32`];
  return fits(dims, found.dims)
    ? []
    : [`${side} "${name}" is ${shapeWords(found.dims)}, declared is ${shapeWords(dims)}`];
}

// Free on either side fits: a declaration may narrow what the graph takes, and may free a dimension
// that the graph states for one input size only.
function fits(declared: readonly (number | null)[], found: readonly (number | string)[]): boolean {
  return (
    declared.length === found.length &&
    declared.every((dim, at) => dim === null || typeof found[at] === 'string' || dim === found[at])
  );
}
