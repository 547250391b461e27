// A WebAssembly kernel for dot products of many rows with many rows, written out instruction by
// instruction so that no compiler stands between this text and the bytes. It knows no distances.

import { webAssembly } from '../../src/kernels/web-assembly.js';

/** Which numbers the kernel multiplies: 4 x 32 bits or 2 x 64 bits at a time. */
export type Lanes = 'f32' | 'f64';

/** Rows of the left and right side that one call covers: their 8 sums stay in registers. */
export const tileRows = 4;
export const tileColumns = 2;

/** Where the kernel leaves its 8 sums, row by row: the first bytes of the memory. */
const outBytes = 64;

const laneFacts = {
  f32: { bytes: 4, lanes: 4, add: 0xe4, mul: 0xe6, extract: 0x1f, scalarAdd: 0x92, store: 0x38, align: 2 },
  f64: { bytes: 8, lanes: 2, add: 0xf0, mul: 0xf2, extract: 0x21, scalarAdd: 0xa0, store: 0x39, align: 3 },
} as const;

export interface DotKernel<A extends Float32Array | Float64Array> {
  /** The rows to fill in, `dimPadded` apart; zero at first. */
  readonly rows: A;
  readonly dimPadded: number;
  /** tileRows x tileColumns dot products of the rows from `left` with the rows from `right` on. */
  tile(left: number, right: number): A;
}

/** A kernel with room for `count` rows of `dim` numbers and the zero rows that fill the last tile. */
export function openDotKernel(lanes: 'f32', count: number, dim: number): DotKernel<Float32Array>;
export function openDotKernel(lanes: 'f64', count: number, dim: number): DotKernel<Float64Array>;
export function openDotKernel(lanes: Lanes, count: number, dim: number): DotKernel<Float32Array | Float64Array> {
  const facts = laneFacts[lanes];
  const dimPadded = Math.max(1, Math.ceil(dim / facts.lanes)) * facts.lanes;
  const rowBytes = dimPadded * facts.bytes;
  const rowCount = Math.ceil(count / tileRows) * tileRows + tileRows;
  const pages = Math.ceil((outBytes + rowCount * rowBytes) / 65536);
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
  const module = new webAssembly.Module(kernelBytes(lanes, rowBytes));
  const instance = new webAssembly.Instance(module, { m: { m: memory } });
  const { tile: run } = instance.exports as {
    readonly tile: (left: number, right: number, leftEnd: number) => void;
  };
  const view = lanes === 'f32' ? Float32Array : Float64Array;
  const out = new view(memory.buffer, 0, tileRows * tileColumns);
  return {
    rows: new view(memory.buffer, outBytes, rowCount * dimPadded),
    dimPadded,
    tile(left, right) {
      const start = outBytes + left * rowBytes;
      run(start, outBytes + right * rowBytes, start + rowBytes);
      return out;
    },
  };
}

/**
 * The module: tile(left, right, leftEnd) with pointers in bytes. Row r of a side lies at the
 * constant offset r x rowBytes, which is why the module is made for one row length.
 * Instruction codes: WebAssembly core specification 2.0, chapter 5.
 */
function kernelBytes(lanes: Lanes, rowBytes: number): Uint8Array<ArrayBuffer> {
  const facts = laneFacts[lanes];
  const [left, right, leftEnd] = [0, 1, 2];
  const leftValue = 3;
  const rightValue = (column: number): number => 4 + column;
  const sum = (row: number, column: number): number => 4 + tileColumns + row * tileColumns + column;
  const get = (local: number): number[] => [0x20, local];
  const set = (local: number): number[] => [0x21, local];
  const load = (pointer: number, offset: number): number[] => [...get(pointer), 0xfd, 0x00, 4, ...unsigned(offset)];
  const advance = (pointer: number): number[] => [...get(pointer), 0x41, 16, 0x6a, ...set(pointer)];

  const body: number[] = [0x03, 0x40]; // loop
  for (let column = 0; column < tileColumns; column++) {
    body.push(...load(right, column * rowBytes), ...set(rightValue(column)));
  }
  for (let row = 0; row < tileRows; row++) {
    body.push(...load(left, row * rowBytes), ...set(leftValue));
    for (let column = 0; column < tileColumns; column++) {
      body.push(...get(sum(row, column)), ...get(leftValue), ...get(rightValue(column)));
      body.push(0xfd, facts.mul, 0x01, 0xfd, facts.add, 0x01, ...set(sum(row, column)));
    }
  }
  body.push(...advance(right), ...advance(left), ...get(left), ...get(leftEnd), 0x49, 0x0d, 0, 0x0b); // left < end: again
  for (let row = 0; row < tileRows; row++) {
    for (let column = 0; column < tileColumns; column++) {
      body.push(0x41, 0);
      for (let lane = 0; lane < facts.lanes; lane++) {
        body.push(...get(sum(row, column)), 0xfd, facts.extract, lane);
        if (lane > 0) body.push(facts.scalarAdd);
      }
      body.push(facts.store, facts.align, ...unsigned((row * tileColumns + column) * facts.bytes));
    }
  }
  body.push(0x0b);

  const vectorLocals = 1 + tileColumns + tileRows * tileColumns;
  const code = [1, vectorLocals, 0x7b, ...body];
  const text = (word: string): number[] => [word.length, ...Buffer.from(word)];
  const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
    ...section(2, [1, ...text('m'), ...text('m'), 0x02, 0x00, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('tile'), 0x00, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

/** LEB128, as WebAssembly writes its numbers. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}
