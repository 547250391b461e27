import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  concatenateNpy,
  encodeNpy,
  openNpyReader,
  openNpyRows,
  parseNpy,
  readFloatMatrix,
  readNpy,
  writeNpy,
} from '../../src/stage/npy.js';
import { describeWithShared, shared } from '../support/shared.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sa-npy-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What NumPy 2.4 np.save writes for np.float32([[1, 2], [3, 4]]). */
const byNumpy =
  "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }" +
  `${' '.repeat(58)}\n\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40`;

function changed(from: string, to: string): Uint8Array {
  expect(byNumpy).toContain(from);
  return Buffer.from(byNumpy.replace(from, to), 'latin1');
}

describe('a .npy file', () => {
  test('is written byte for byte as NumPy writes it', () => {
    const bytes = encodeNpy({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
    expect(Buffer.from(bytes).toString('latin1')).toBe(byNumpy);
  });

  test.each([
    { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, 0, 5, 6) },
    { shape: [4], data: Uint8Array.of(0, 1, 254, 255) },
    { shape: [1, 1, 2], data: Int32Array.of(-1, 2 ** 31 - 1) },
    { shape: [], data: Float64Array.of(Math.PI) },
    { shape: [0, 512], data: new Float32Array(0) },
  ])('comes back from disk with shape $shape and its number type', async (array) => {
    const path = join(folder, 'round.npy');
    await writeNpy(path, array);
    expect(await readNpy(path)).toEqual(array);
    expect(await readNpy(await readFile(path))).toEqual(array);
  });

  test('is readable from bytes at an odd offset', () => {
    const bytes = encodeNpy({ shape: [2], data: Float64Array.of(1, 2) });
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(parseNpy(shifted.subarray(1)).data).toEqual(Float64Array.of(1, 2));
  });

  test('of several put together has the bytes of one written at once', async () => {
    const parts = [[1, 2, 3, 4], [], [5, 6]].map((numbers, at) => ({ path: join(folder, `part${at}.npy`), numbers }));
    for (const { path, numbers } of parts)
      await writeNpy(path, { shape: [numbers.length / 2, 2], data: Float32Array.from(numbers) });
    const whole = join(folder, 'whole.npy');
    const files = parts.map(({ path }) => path);
    expect(await concatenateNpy(files, whole)).toBe(3);
    expect(new Uint8Array(await readFile(whole))).toEqual(
      encodeNpy({ shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) }),
    );
    await writeNpy(files[1]!, { shape: [1, 3], data: Float32Array.of(1, 2, 3) });
    await expect(concatenateNpy(files, whole)).rejects.toThrow(`${files[1]!}: other rows than those of ${files[0]!}`);
    await writeNpy(files[1]!, { shape: [1, 2], data: Int32Array.of(1, 2) });
    await expect(concatenateNpy(files, whole)).rejects.toThrow(`${files[1]!}: other rows than those of ${files[0]!}`);
  });

  test('of rows appended one by one has the bytes of one written at once', async () => {
    const path = join(folder, 'rows.npy');
    const writer = await openNpyRows(path, [2, 2, 3]);
    const rows = Array.from({ length: 11 }, (_, row) => new Uint8Array(12).fill(row));
    for (const row of rows) await writer.append(row);
    expect(await writer.close()).toBe(11);
    const data = Uint8Array.from(rows.flatMap((row) => [...row]));
    expect(new Uint8Array(await readFile(path))).toEqual(encodeNpy({ shape: [11, 2, 2, 3], data }));
  });

  test('is read some rows at a time', async () => {
    const path = join(folder, 'some.npy');
    await writeNpy(path, { shape: [4, 2], data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7) });
    const reader = await openNpyReader(path);
    expect(reader.shape).toEqual([4, 2]);
    expect(await reader.read(1, 2)).toEqual(Uint8Array.of(2, 3, 4, 5));
    await expect(reader.read(3, 2)).rejects.toThrow('no rows 3 to 5');
    await reader.close();
  });

  test.each([
    ['not a .npy file', Buffer.from('PK\x03\x04 something else')],
    ['.npy version 2.0, only 1.x is read', changed('\x01\x00v', '\x02\x00v')],
    ['Fortran order; only C order is read', changed('False', 'True ')],
    ['number type >f4; read are <f4, |u1, <i4, <f8', changed('<f4', '>f4')],
    ['16 bytes of data, but shape (3, 2) of <f4 takes 24', changed('(2, 2)', '(3, 2)')],
    ['cut off inside its header', Buffer.from(byNumpy.slice(0, 40), 'latin1')],
  ])('that cannot be read is refused: %s', (message, bytes) => {
    expect(() => parseNpy(bytes, 'faces.npy')).toThrow(`faces.npy: ${message}`);
  });

  test('of a shape that its numbers do not fill is not written', () => {
    expect(() => encodeNpy({ shape: [2, 2], data: new Float32Array(3) })).toThrow(
      'shape (2, 2) takes 4 numbers, not 3',
    );
  });

  test('of bytes is no float matrix', async () => {
    const path = join(folder, 'bytes.npy');
    await writeNpy(path, { shape: [1, 2], data: Uint8Array.of(1, 2) });
    await expect(readFloatMatrix(path)).rejects.toThrow('a float32 matrix was expected, found shape (1, 2)');
  });
});

describeWithShared('arrays that NumPy wrote', ['data/clustering/faces50_d512.x.npy'], () => {
  test('are read with their shapes', async () => {
    const faces = await readFloatMatrix(shared('data/clustering/faces50_d512.x.npy'));
    expect([faces.rows, faces.dim]).toEqual([50, 512]);
    expect(faces.data.every(Number.isFinite)).toBe(true);
    const labels = await readNpy(shared('data/clustering/faces50_d512.labels.npy'));
    expect(labels.data).toBeInstanceOf(Int32Array);
  });
});
