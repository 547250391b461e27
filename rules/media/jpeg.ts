// Pixels to JPEG, in memory and at once: a face's pictures are small, and scaling and encoding each in a library's
// pipeline took more than twice the processor time. The same pixels are the same bytes on every machine.
import { growingWorkspace } from '../../src/kernels/workspace.js';
import { aanScales, huffmanTables, quantisation, zigzag, type HuffmanTable } from './jpeg-tables.js';
import type { Picture } from './resample.js';

const scratch = growingWorkspace<'rgb' | 'tables' | 'block' | 'out'>();

/** What `encodeScan` may write for each 16 x 16 pixels, and what it needs while it works. */
const bytesInUnit = 2496;
const blockBytes = 1888;

/** Encodes a picture, at most 65,535 pixels a side, as baseline 4:2:0 JPEG without metadata. `quality` is 1..100, by libjpeg's scale. */
export function encodeJpeg({ width, height, data }: Picture, quality: number): Uint8Array {
  const tables = tablesFor(quality);
  const { run, bytes } = scratch({
    rgb: width * height * 3,
    tables: tables.words.byteLength,
    block: blockBytes,
    out: Math.ceil(width / 16) * Math.ceil(height / 16) * bytesInUnit,
  });
  bytes.rgb.set(data.subarray(0, width * height * 3));
  bytes.tables.set(tables.words);
  const [rgb, words, block, out] = [bytes.rgb, bytes.tables, bytes.block, bytes.out].map(
    ({ byteOffset }) => byteOffset,
  ) as [number, number, number, number];
  const length = run.encodeScan(rgb, width, height, words, block, out);
  const size = segment(0xc0, [8, ...two(height), ...two(width), 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
  return Buffer.concat([tables.start, size, tables.codes, bytes.out.subarray(0, length), Uint8Array.of(0xff, 0xd9)]);
}

/** All that is the same in every file of one quality. */
interface Tables {
  /** What precedes the picture's size (T.81, annex B): JFIF and the divisors. */
  readonly start: Uint8Array;
  /** What follows it: the codes, and that all three components come in one scan. */
  readonly codes: Uint8Array;
  /** All that `encodeScan` is told, as it lies in its memory. */
  readonly words: Uint8Array;
}

let known: { readonly quality: number; readonly tables: Tables } | undefined;

function tablesFor(quality: number): Tables {
  if (known?.quality !== quality) known = { quality, tables: makeTables(quality) };
  return known.tables;
}

function makeTables(quality: number): Tables {
  const { luma, chroma } = quantisation(quality);
  // The transform leaves its coefficients turned: column by column.
  const turned = (at: number): number => (at % 8) * 8 + Math.floor(at / 8);
  const shares = (divisors: readonly number[]): Float32Array =>
    Float32Array.from(
      divisors,
      (_, at) => 1 / (8 * divisors[turned(at)]! * aanScales[at % 8]! * aanScales[Math.floor(at / 8)]!),
    );
  const words = [
    shares(luma),
    shares(chroma),
    Int32Array.from(zigzag, (at) => 4 * turned(at)),
    ...huffmanTables.map(codesOf),
  ];
  const inZigzag = (divisors: readonly number[]): number[] => zigzag.map((at) => divisors[at]!);
  return {
    words: Buffer.concat(words.map(({ buffer }) => new Uint8Array(buffer))),
    start: Buffer.concat([
      Uint8Array.of(0xff, 0xd8),
      segment(0xe0, [...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
      segment(0xdb, [0, ...inZigzag(luma)]),
      segment(0xdb, [1, ...inZigzag(chroma)]),
    ]),
    codes: Buffer.concat([
      ...huffmanTables.map(({ name, counts, symbols }) => segment(0xc4, [name, ...counts, ...symbols])),
      segment(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]),
    ]),
  };
}

/** 32 x code + length for each symbol: codes of one length follow each other, and a longer one begins behind them. */
function codesOf({ counts, symbols }: HuffmanTable): Uint32Array {
  const codes = new Uint32Array(256);
  let [code, next] = [0, 0];
  counts.forEach((count, at) => {
    for (let left = count; left > 0; left--) codes[symbols[next++]!] = 32 * code++ + at + 1;
    code *= 2;
  });
  return codes;
}

/** A part of a file: its marker, its length and what it says. */
function segment(marker: number, body: readonly number[]): Uint8Array {
  return Uint8Array.of(0xff, marker, ...two(body.length + 2), ...body);
}

function two(value: number): readonly [number, number] {
  return [value >> 8, value & 255];
}
