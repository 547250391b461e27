// Reads and writes NumPy's .npy files, version 1.0: the arrays between stages, and what users
// open with np.load. Knows four little-endian number types in C order and says no to the rest.
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** The number types that the artifacts use: `<f4`, `|u1`, `<i4` (and `<f8`, read and written too). */
export type NpyData = Float32Array | Uint8Array | Int32Array | Float64Array;

/** A dense array in C order: `data.length` is the product of `shape`. */
export interface NpyArray<T extends NpyData = NpyData> {
  readonly shape: readonly number[];
  readonly data: T;
}

const types = {
  '<f4': Float32Array,
  '|u1': Uint8Array,
  '<i4': Int32Array,
  '<f8': Float64Array,
} as const;
type Descr = keyof typeof types;

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
/** Digits that NumPy leaves room for in the first dimension, so that a file can grow in place. */
const growthDigits = 21;

/**
 * Reads one .npy file from bytes or from a path. Throws an Error that names the file and the
 * fault when it is not version 1.x, not C order, of another number type, or cut short.
 */
export async function readNpy(source: string | Uint8Array): Promise<NpyArray> {
  return typeof source === 'string' ? viewNpy(await readFile(source), source) : parseNpy(source);
}

/** The same from bytes in memory, which it copies; `name` is what errors call it. */
export function parseNpy(bytes: Uint8Array, name = 'npy'): NpyArray {
  return viewNpy(new Uint8Array(bytes), name);
}

/** The same, of numbers that share the bytes' memory where they can. */
function viewNpy(bytes: Uint8Array<ArrayBuffer>, name: string): NpyArray {
  const { descr, shape, headerEnd } = parseHeader(bytes, name);
  const Type = types[descr];
  const length = shape.reduce((product, side) => product * side, 1);
  const wanted = length * Type.BYTES_PER_ELEMENT;
  if (bytes.length - headerEnd !== wanted) {
    throw new Error(
      `${name}: ${bytes.length - headerEnd} bytes of data, but shape (${shape.join(', ')}) of ${descr} takes ${wanted}`,
    );
  }
  // NumPy pads its headers so that numbers lie at whole multiples of their size; others need not.
  const isAligned = (bytes.byteOffset + headerEnd) % Type.BYTES_PER_ELEMENT === 0;
  const data = isAligned ? bytes.subarray(headerEnd) : bytes.slice(headerEnd);
  return { shape, data: new Type(data.buffer, data.byteOffset, length) };
}

/** Reads a matrix of float32: `rows` x `dim`, row after row. Throws when it is anything else. */
export async function readFloatMatrix(path: string): Promise<{ rows: number; dim: number; data: Float32Array }> {
  const { shape, data } = await readNpy(path);
  const [rows, dim] = shape;
  if (!(data instanceof Float32Array) || shape.length !== 2 || rows === undefined || dim === undefined) {
    throw new Error(`${path}: a float32 matrix was expected, found shape (${shape.join(', ')})`);
  }
  return { rows, dim, data };
}

/** Writes one .npy file; the bytes are those that np.save would write. Throws when shape and length differ. */
export async function writeNpy(path: string, array: NpyArray): Promise<void> {
  await writeFile(path, encodeNpy(array));
}

/** The bytes of a .npy file. */
export function encodeNpy({ shape, data }: NpyArray): Uint8Array {
  const length = shape.reduce((product, side) => product * side, 1);
  if (length !== data.length)
    throw new Error(`shape (${shape.join(', ')}) takes ${length} numbers, not ${data.length}`);
  const header = encodeHeader(descrOf(data), shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** Appends rows to a uint8 array on disk, so that it never has to fit in memory. */
export interface NpyRowWriter {
  /** Adds rows: a whole number of them, concatenated. */
  append(rows: Uint8Array): Promise<void>;
  /** Writes the final header and closes the file; resolves with the number of rows. */
  close(): Promise<number>;
  /** Closes the file without making it whole, after a failure. */
  abort(): Promise<void>;
}

/** Opens `path` for an array of shape (rows appended, ...rowShape) of uint8. */
export async function openNpyRows(path: string, rowShape: readonly number[]): Promise<NpyRowWriter> {
  const rowBytes = rowShape.reduce((product, side) => product * side, 1);
  const file: FileHandle = await open(path, 'w');
  // The header's length does not depend on the row count, so it can be written again at the end.
  let position = encodeHeader('|u1', [0, ...rowShape]).length;
  let rows = 0;
  return {
    async append(bytes) {
      if (bytes.length % rowBytes !== 0)
        throw new Error(`${path}: ${bytes.length} bytes are no whole rows of ${rowBytes}`);
      await file.write(bytes, 0, bytes.length, position);
      position += bytes.length;
      rows += bytes.length / rowBytes;
    },
    async close() {
      const header = encodeHeader('|u1', [rows, ...rowShape]);
      await file.write(header, 0, header.length, 0);
      await file.close();
      return rows;
    },
    abort: () => file.close(),
  };
}

/** Reads a uint8 array from disk some rows at a time. */
export interface NpyRowReader {
  /** The whole array's shape; a row is all but the first dimension. */
  readonly shape: readonly number[];
  /** Rows `start` to `start + count`, concatenated, in memory of their own. */
  read(start: number, count: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Opens a uint8 .npy file. Throws as `readNpy` does, and when it holds another number type. */
export async function openNpyReader(path: string): Promise<NpyRowReader> {
  const file = await open(path, 'r');
  try {
    const { descr, shape, headerEnd } = await headerOf(file, path);
    if (descr !== '|u1') throw new Error(`${path}: rows of |u1 were expected, found ${descr}`);
    const rowBytes = shape.slice(1).reduce((product, side) => product * side, 1);
    return {
      shape,
      async read(start, count) {
        const rows = new Uint8Array(count * rowBytes);
        const { bytesRead } = await file.read(rows, 0, rows.length, headerEnd + start * rowBytes);
        if (bytesRead !== rows.length) throw new Error(`${path}: no rows ${start} to ${start + count}`);
        return rows;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Writes to `target` the rows of several arrays, one after another, as one array; the bytes are those of `writeNpy`. They
 * go by in pieces. Resolves with the number of rows. Throws when `files` differ in number type or in a row's shape.
 */
export async function concatenateNpy(files: readonly string[], target: string): Promise<number> {
  const headers = await Promise.all(files.map(readHeader));
  const { descr, shape } = headers[0]!;
  const row = String(shape.slice(1));
  const other = headers.findIndex((header) => header.descr !== descr || String(header.shape.slice(1)) !== row);
  if (other >= 0) throw new Error(`${files[other]!}: other rows than those of ${files[0]!}`);
  const rows = headers.reduce((sum, header) => sum + header.shape[0]!, 0);
  await writeFile(target, encodeHeader(descr, [rows, ...shape.slice(1)]));
  for (const [at, file] of files.entries()) {
    // In pieces of the usual 64 KiB it takes three times the processor.
    const numbers = createReadStream(file, { start: headers[at]!.headerEnd, highWaterMark: 1 << 20 });
    await pipeline(numbers, createWriteStream(target, { flags: 'a' }));
  }
  return rows;
}

/** Of a file with at least one dimension and as many bytes as it says. */
async function readHeader(path: string): Promise<Header> {
  const file = await open(path, 'r');
  try {
    return await headerOf(file, path);
  } finally {
    await file.close();
  }
}

async function headerOf(file: FileHandle, path: string): Promise<Header> {
  // 64 KiB is the longest header that version 1.0 can have.
  const head = new Uint8Array(65_546);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const header = parseHeader(head.subarray(0, bytesRead), path);
  const length = header.shape.reduce((product, side) => product * side, 1);
  if (header.shape.length === 0) throw new Error(`${path}: rows were expected, found a single number`);
  if ((await file.stat()).size !== header.headerEnd + length * types[header.descr].BYTES_PER_ELEMENT)
    throw new Error(`${path}: cut short`);
  return header;
}

function descrOf(data: NpyData): Descr {
  const found = (Object.keys(types) as Descr[]).find((descr) => data instanceof types[descr]);
  if (found === undefined) throw new Error(`.npy: no number type for ${data.constructor.name}`);
  return found;
}

/** The header as NumPy writes it: a Python dict, room for the first dimension to grow, padded to 64. */
function encodeHeader(descr: Descr, shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const room = shape.length > 0 ? growthDigits - String(shape[0]).length : 0;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }${' '.repeat(room)}`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...magic, 1, 0, (total - 10) & 0xff, (total - 10) >> 8]);
  bytes.set(Buffer.from(text, 'latin1'), 10);
  bytes[total - 1] = 0x0a;
  return bytes;
}

interface Header {
  readonly descr: Descr;
  readonly shape: readonly number[];
  /** Bytes of the header: the numbers begin there. */
  readonly headerEnd: number;
}

function parseHeader(bytes: Uint8Array, name: string): Header {
  if (bytes.length < 10 || magic.some((byte, index) => bytes[index] !== byte)) {
    throw new Error(`${name}: not a .npy file`);
  }
  if (bytes[6] !== 1) throw new Error(`${name}: .npy version ${bytes[6]!}.${bytes[7]!}, only 1.x is read`);
  const headerEnd = 10 + bytes[8]! + 256 * bytes[9]!;
  if (bytes.length < headerEnd) throw new Error(`${name}: cut off inside its header`);
  const text = Buffer.from(bytes.subarray(10, headerEnd)).toString('latin1');
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text)?.[1];
  if (order === undefined || tuple === undefined) throw new Error(`${name}: unreadable .npy header ${text.trim()}`);
  if (descr === undefined || !(descr in types)) {
    throw new Error(`${name}: number type ${descr ?? 'record'}; read are ${Object.keys(types).join(', ')}`);
  }
  const shape = [...tuple.matchAll(/\d+/g)].map(([digits]) => Number(digits));
  if (order === 'True' && shape.length > 1) throw new Error(`${name}: Fortran order; only C order is read`);
  return { descr: descr as Descr, shape, headerEnd };
}
