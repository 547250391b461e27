// How much one picture differs from the next: PySceneDetect's content_val, the mean absolute
// difference of hue, saturation and value in OpenCV's 8-bit HSV. Pure; it decides no cut.

import { makeWorkspace, type Workspace } from '../../src/kernels/workspace.js';

/** A picture of interleaved R, G, B bytes, rows top to bottom. */
export interface Rgb {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What each part counts; the result is divided by the sum of their magnitudes. */
export interface ContentWeights {
  readonly hue: number;
  readonly saturation: number;
  readonly value: number;
}

const equalWeights: ContentWeights = { hue: 1, saturation: 1, value: 1 };

/** Scores pictures against the one before. All must have one size; none is kept, their bytes may be reused. */
export interface ContentScorer {
  /** 0..255 for the usual weights; 0 for the first picture. */
  score(picture: Rgb): number;
}

/** A scorer with a memory of one picture, in HSV: 3 bytes a pixel. */
export function contentScorer(weights: ContentWeights = equalWeights): ContentScorer {
  const whole = Math.abs(weights.hue) + Math.abs(weights.saturation) + Math.abs(weights.value);
  if (!(whole > 0)) throw new Error('at least one weight of the content score must not be 0');
  let memory: HsvMemory | undefined;
  return {
    score({ width, height, data }) {
      const pixels = width * height;
      if (data.length !== pixels * 3)
        throw new Error(`${width}x${height} RGB has ${pixels * 3} bytes, not ${data.length}`);
      const isFirst = memory === undefined;
      memory ??= new HsvMemory(pixels);
      if (memory.pixels !== pixels) throw new Error('pictures of two sizes cannot be compared');
      const [hue, saturation, value] = memory.exchange(data);
      if (isFirst) return 0;
      const sum =
        (hue / pixels) * weights.hue + (saturation / pixels) * weights.saturation + (value / pixels) * weights.value;
      return sum / whole;
    },
  };
}

/**
 * The content score of two pictures of one size; see `contentScorer` for a sequence.
 * Source: PySceneDetect's ContentDetector without its edge term, which its defaults leave out.
 */
export function contentScore(previous: Rgb, current: Rgb, weights: ContentWeights = equalWeights): number {
  const scorer = contentScorer(weights);
  scorer.score(previous);
  return scorer.score(current);
}

/**
 * Content scores of a sequence, as `detectCuts` takes them: one a frame, 0..255, the first 0. The stage
 * hands it frames of 256 pixels on the longer side, PySceneDetect's own downscale, sampled as OpenCV does.
 * @throws on frames of two sizes, bytes that are not 3 x width x height, and weights that are all 0
 */
export function contentScores(frames: Iterable<Rgb>, weights: ContentWeights = equalWeights): Float64Array {
  const scorer = contentScorer(weights);
  return Float64Array.from(Array.from(frames, (frame) => scorer.score(frame)));
}

/**
 * A picture in OpenCV's 8-bit HSV, which has a table with 12 bits behind the point in place of each division; it is
 * exchanged for the next one by a kernel (src/kernels/assembly/hsv.ts), which computes the tables' numbers anew: in single
 * precision each of the 510 quotients rounds to the same whole number.
 */
class HsvMemory {
  readonly pixels: number;
  readonly #padded: number;
  readonly #work: Workspace<'rgb' | 'kept' | 'sums'>;

  constructor(pixels: number) {
    this.pixels = pixels;
    // The rest is black and stays so.
    this.#padded = Math.ceil(pixels / 16) * 16;
    this.#work = makeWorkspace({ rgb: 3 * this.#padded, kept: 3 * this.#padded, sums: 12 });
  }

  /**
   * Takes in `rgb` and returns how far each part was from what was kept, summed over the pixels. The
   * hue circle is cut at red: 179 and 0 are 179 apart, as in the reference.
   */
  exchange(rgb: Uint8Array): readonly [hue: number, saturation: number, value: number] {
    const { run, bytes } = this.#work;
    bytes.rgb.set(rgb);
    run.exchangeHsv(bytes.rgb.byteOffset, this.#padded, bytes.kept.byteOffset, bytes.sums.byteOffset);
    const [hue, saturation, value] = new Uint32Array(bytes.sums.buffer, bytes.sums.byteOffset, 3);
    return [hue!, saturation!, value!];
  }

  /** What is kept of the first pixel. */
  get first(): readonly [hue: number, saturation: number, value: number] {
    const { kept } = this.#work.bytes;
    return [kept[0]!, kept[this.#padded]!, kept[2 * this.#padded]!];
  }
}

let onePixel: HsvMemory | undefined;

/** OpenCV's 8-bit HSV of one colour: hue 0..179, saturation and value 0..255. */
export function hsvOf(red: number, green: number, blue: number): readonly [number, number, number] {
  onePixel ??= new HsvMemory(1);
  onePixel.exchange(Uint8Array.of(red, green, blue));
  return onePixel.first;
}
