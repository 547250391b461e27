// Linear resampling as OpenCV's INTER_LINEAR does it on 8-bit pictures: two taps an axis whatever
// the scale, weights of 11 bits. ffmpeg picks the pixels under the taps, this file blends them;
// a full-size picture then never crosses the pipe. It starts no process.

const weightBits = 11;
const weightOne = 1 << weightBits;

/** For each target position, the two source positions and what each counts, in 2048ths; all lie in `all`, in this order. */
interface Taps {
  readonly all: Int32Array<ArrayBuffer>;
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstWeight: Int32Array;
  readonly secondWeight: Int32Array;
}

/** Source of the rounding: OpenCV computes positions in single precision and rounds half to even. */
function tapsOf(source: number, target: number): Taps {
  const scale = 1 / (target / source);
  const all = new Int32Array(4 * target);
  const list = (at: number): Int32Array => all.subarray(at * target, (at + 1) * target);
  const taps: Taps = { all, first: list(0), second: list(1), firstWeight: list(2), secondWeight: list(3) };
  for (let at = 0; at < target; at++) {
    const centre = Math.fround((at + 0.5) * scale - 0.5);
    let first = Math.floor(centre);
    let part = Math.fround(centre - first);
    if (first < 0) [first, part] = [0, 0];
    if (first >= source - 1) [first, part] = [source - 1, 0];
    taps.first[at] = first;
    taps.second[at] = Math.min(first + 1, source - 1);
    taps.firstWeight[at] = roundHalfEven(Math.fround(1 - part) * weightOne);
    taps.secondWeight[at] = roundHalfEven(part * weightOne);
  }
  return taps;
}

function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return value - Math.floor(value) === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded;
}

export interface TwoTap {
  /** The taps as the kernel `sampleTwoTap` reads them. */
  readonly columns: Uint8Array;
  readonly rows: Uint8Array;
  /** Size of the picture of taps: twice the target's width and height. */
  readonly tapWidth: number;
  readonly tapHeight: number;
  /**
   * Two gray16le pictures of tapWidth x tapHeight, one below the other: the source column, then
   * the source row, of each pixel of the picture of taps. What ffmpeg's `remap` filter wants.
   */
  maps(): Uint8Array;
  /** Blends a picture of taps into `target`, width x height x channels bytes. */
  blend(taps: Uint8Array, target: Uint8Array): void;
}

/** A resampler from one size to another; sizes in pixels, channels interleaved bytes. */
export function twoTap(options: {
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}): TwoTap {
  const { width, height, channels } = options;
  const across = tapsOf(options.sourceWidth, width);
  const down = tapsOf(options.sourceHeight, height);
  const rowBytes = 2 * width * channels;
  return {
    columns: columnsOf(across),
    rows: new Uint8Array(down.all.buffer),
    tapWidth: 2 * width,
    tapHeight: 2 * height,
    maps: () => mapsOf(across, down),
    blend(taps, target) {
      let to = 0;
      for (let y = 0; y < height; y++) {
        const upper = down.firstWeight[y]!;
        const lower = down.secondWeight[y]!;
        let from = 2 * y * rowBytes;
        for (let x = 0; x < width; x++) {
          const left = across.firstWeight[x]!;
          const right = across.secondWeight[x]!;
          for (let channel = 0; channel < channels; channel++, from++, to++) {
            const above = taps[from]! * left + taps[from + channels]! * right;
            const below = taps[from + rowBytes]! * left + taps[from + rowBytes + channels]! * right;
            target[to] = (((upper * (above >> 4)) >> 16) + ((lower * (below >> 4)) >> 16) + 2) >> 2;
          }
          from += channels;
        }
      }
    },
  };
}

/** Bytes behind a picture that the kernel `sampleTwoTap` may write to. */
export const writtenBehind = 24;

/** Eight positions are sampled at once; those behind the last one count nothing. */
function columnsOf({ first, firstWeight, secondWeight }: Taps): Uint8Array {
  const padded = Math.ceil(first.length / 8) * 8;
  const sources = new Int32Array(padded);
  const weights = new Int16Array(2 * padded);
  const coloursOfFirst = new Uint8Array(2 * padded);
  sources.set(first);
  first.forEach((source, at) => {
    weights.set([firstWeight[at]!, secondWeight[at]!], 2 * at);
    coloursOfFirst.set([255, source % 2 === 0 ? 255 : 0], 2 * at);
  });
  return Buffer.concat([sources, weights, coloursOfFirst].map(({ buffer }) => new Uint8Array(buffer)));
}

function mapsOf(across: Taps, down: Taps): Uint8Array {
  const width = 2 * across.first.length;
  const height = 2 * down.first.length;
  const maps = new DataView(new ArrayBuffer(2 * width * height * 2));
  const source = (taps: Taps, at: number): number => ((at & 1) === 0 ? taps.first : taps.second)[at >> 1]!;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      maps.setUint16(2 * (y * width + x), source(across, x), true);
      maps.setUint16(2 * ((height + y) * width + x), source(down, y), true);
    }
  }
  return new Uint8Array(maps.buffer);
}
