// Memory in which pictures lie and kernels work on them without copying. The kernels are
// assembly/kernels.ts; their docstrings say what each does. It knows no stage and no format.
import { kernelCode } from './code.js';

/** Shares of YUV in RGB, in 8,192ths: luma, v in red, u in blue, u in green, v in green. */
export type YuvShares = readonly [luma: number, vr: number, ub: number, ug: number, vg: number];

/** The functions of assembly/kernels.ts. A place is a byte's number in the workspace's memory. */
export interface Kernels {
  convertPart(
    ...words: [
      ...picture: [yuv: number, width: number, height: number, rgb: number],
      ...part: [left: number, top: number, across: number, down: number],
      ...shares: YuvShares,
    ]
  ): void;
  sampleTwoTap(
    ...words: [
      ...picture: [yuv: number, width: number, height: number, rgb: number, across: number, down: number],
      ...taps: [columns: number, rows: number],
      ...shares: YuvShares,
    ]
  ): void;
  sumColumns(data: number, rowBytes: number, rows: number, sums: number): void;
  blockMeans(rgb: number, width: number, height: number, factor: number, sums: number, out: number): void;
  warp(
    ...words: [
      ...picture: [part: number, left: number, top: number, across: number, width: number, height: number],
      ...inverse: [a: number, b: number, tx: number, ty: number],
      ...target: [side: number, out: number],
    ]
  ): number;
  toPlanes(
    ...words: [
      ...picture: [rgb: number, width: number, height: number, rowLength: number],
      ...reds: [place: number, gain: number, offset: number],
      ...greens: [place: number, gain: number, offset: number],
      ...blues: [place: number, gain: number, offset: number],
    ]
  ): void;
  yuvToPlanes(
    ...words: [
      ...picture: [yuv: number, width: number, height: number, rowLength: number],
      ...reds: [place: number, gain: number, offset: number],
      ...greens: [place: number, gain: number, offset: number],
      ...blues: [place: number, gain: number, offset: number],
      ...shares: YuvShares,
    ]
  ): void;
  toBytePlanes(
    ...words: [
      ...picture: [rgb: number, width: number, height: number, rowLength: number],
      ...places: [reds: number, greens: number, blues: number],
    ]
  ): void;
  exchangeHsv(rgb: number, pixels: number, kept: number, sums: number): void;
  unitRow(row: number, unit: number, width: number): number;
  addRow(sum: number, part: number, mean: number, size: number, width: number): void;
  distancesTo(
    ...words: [
      ...these: [row: number, others: number, count: number],
      ...all: [sums: number, width: number, sizes: number],
      ...results: [least: number, distances: number],
    ]
  ): void;
  dotTile(rows: number, rowBytes: number, left: number, right: number, out: number): void;
  keepNearest(
    ...words: [
      ...rows: [rows: number, rowBytes: number, left: number, right: number, end: number],
      ...lists: [lists: number, capacity: number, floors: number],
    ]
  ): void;
}

/** A memory of fixed size, divided into named stretches of zeros. */
export interface Workspace<Name extends string> {
  readonly run: Kernels;
  /** The stretches; where one lies is its `byteOffset`, a multiple of 16. */
  readonly bytes: Readonly<Record<Name, Uint8Array<ArrayBuffer>>>;
}

// The part of WebAssembly's JavaScript interface that is used here; the compiler's own types of it come with
// the browser's alone.
interface WebAssemblyApi {
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => {
    readonly buffer: ArrayBuffer;
  };
  readonly Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
  ) => { readonly exports: unknown };
}

declare const WebAssembly: WebAssemblyApi;

/** Kernels read 16 bytes at a time, past the end of a row and so of a stretch. */
const slackBytes = 64;
const pageBytes = 65_536;
/** The compiler takes for granted that nothing lies before. */
const firstByte = 1024;

let compiled: object | undefined;

/** A workspace with stretches of these lengths in bytes. */
export function makeWorkspace<Name extends string>(lengths: Readonly<Record<Name, number>>): Workspace<Name> {
  const wanted = Object.entries<number>(lengths) as [Name, number][];
  const rounded = (length: number): number => Math.ceil(length / 16) * 16 + slackBytes;
  const pages = Math.ceil(wanted.reduce((sum, [, length]) => sum + rounded(length), firstByte) / pageBytes);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  compiled ??= new WebAssembly.Module(Buffer.from(kernelCode, 'base64'));
  const instance = new WebAssembly.Instance(compiled, { env: { memory } });
  let at = firstByte;
  const bytes = wanted.map(([name, length]) => {
    const stretch = new Uint8Array(memory.buffer, at, length);
    at += rounded(length);
    return [name, stretch] as const;
  });
  return { run: instance.exports as Kernels, bytes: Object.fromEntries(bytes) as Workspace<Name>['bytes'] };
}

/**
 * A workspace that is kept and reused: it is made anew, and twice as long, when a stretch must be longer than it is. What lies in it
 * counts until the next call.
 */
export function growingWorkspace<Name extends string>(): (lengths: Readonly<Record<Name, number>>) => Workspace<Name> {
  let kept: Workspace<Name> | undefined;
  return (lengths) => {
    const wanted = Object.entries<number>(lengths) as [Name, number][];
    const isLongEnough = wanted.every(([name, length]) => kept !== undefined && kept.bytes[name].length >= length);
    if (!isLongEnough) {
      const grown = wanted.map(
        ([name, length]) => [name, Math.max(2 * length, kept?.bytes[name].length ?? 0)] as const,
      );
      kept = makeWorkspace(Object.fromEntries(grown) as Record<Name, number>);
    }
    return kept!;
  };
}
