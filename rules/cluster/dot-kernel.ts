// A WebAssembly kernel for dot products of many rows with many rows, written out instruction by
// instruction so that no compiler stands between this text and the bytes. It knows no distances.

import { webAssembly } from '../../src/kernels/web-assembly.js';

/** Rows of the left and right side that one call covers: their 8 sums stay in registers. */
export const tileRows = 4;
export const tileColumns = 2;

/** Where the kernel leaves its 8 sums, row by row: the first bytes of the memory. */
const outBytes = 64;

/** Doubles in a vector of 16 bytes. */
const lanes = 2;

export interface DotKernel {
  /** The rows to fill in, `dimPadded` apart; zero at first. */
  readonly rows: Float64Array;
  readonly dimPadded: number;
  /** tileRows x tileColumns dot products of the rows from `left` with the rows from `right` on. */
  tile(left: number, right: number): Float64Array;
}

/** A kernel with room for `count` rows of `dim` numbers and the zero rows that fill the last tile. */
export function openDotKernel(count: number, dim: number): DotKernel {
  const dimPadded = Math.max(1, Math.ceil(dim / lanes)) * lanes;
  const rowBytes = 8 * dimPadded;
  const rowCount = Math.ceil(count / tileRows) * tileRows + tileRows;
  const pages = Math.ceil((outBytes + rowCount * rowBytes) / 65536);
  const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
  const module = new webAssembly.Module(kernelBytes(rowBytes));
  const instance = new webAssembly.Instance(module, { m: { m: memory } });
  const { tile: run } = instance.exports as {
    readonly tile: (left: number, right: number, leftEnd: number) => void;
  };
  const out = new Float64Array(memory.buffer, 0, tileRows * tileColumns);
  return {
    rows: new Float64Array(memory.buffer, outBytes, rowCount * dimPadded),
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
function kernelBytes(rowBytes: number): Uint8Array<ArrayBuffer> {
  const [add, multiply, extract, scalarAdd, store, align] = [0xf0, 0xf2, 0x21, 0xa0, 0x39, 3];
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
      body.push(0xfd, multiply, 0x01, 0xfd, add, 0x01, ...set(sum(row, column)));
    }
  }
  body.push(...advance(right), ...advance(left), ...get(left), ...get(leftEnd), 0x49, 0x0d, 0, 0x0b); // left < end: again
  for (let row = 0; row < tileRows; row++) {
    for (let column = 0; column < tileColumns; column++) {
      body.push(0x41, 0);
      for (let lane = 0; lane < lanes; lane++) {
        body.push(...get(sum(row, column)), 0xfd, extract, lane);
        if (lane > 0) body.push(scalarAdd);
      }
      body.push(store, align, ...unsigned((row * tileColumns + column) * 8));
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
