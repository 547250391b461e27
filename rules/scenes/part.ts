// What is kept of a run of frames until all runs are put together: scores, coarse sums for the hybrid
// detector, and the first and last picture, which meet those of the neighbouring runs. It decides no cut.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Size } from '../media/geometry.js';
import { contentScore, contentScorer, type Rgb } from './content-score.js';
import { sumCells, sumsLength, thumbnailOf, type Thumbnail } from './thumbnail.js';

/** Measures frames one by one, in order. */
export class RunMeter {
  readonly #size: Size;
  readonly #scorer = contentScorer();
  readonly #scores: Float64Array;
  readonly #sums: Uint32Array;
  readonly #ends: Uint8Array;
  #count = 0;

  /** `length`: how many frames will come. `coarse`: whether thumbnails will be wanted. */
  constructor(size: Size, length: number, { coarse }: { readonly coarse: boolean }) {
    this.#size = size;
    this.#scores = new Float64Array(length);
    this.#sums = new Uint32Array(coarse ? length * sumsLength(size) : 0);
    this.#ends = new Uint8Array(2 * size.width * size.height * 3);
  }

  add(picture: Rgb): void {
    this.#scores[this.#count] = this.#scorer.score(picture);
    if (this.#sums.length > 0) {
      const length = sumsLength(this.#size);
      sumCells(picture, this.#sums.subarray(this.#count * length, (this.#count + 1) * length));
    }
    if (this.#count === 0) this.#ends.set(picture.data);
    this.#count++;
    if (this.#count === this.#scores.length) this.#ends.set(picture.data, picture.data.length);
  }

  /** Writes the part. Throws when fewer frames came than were announced. */
  async write(folder: string): Promise<void> {
    if (this.#count !== this.#scores.length)
      throw new Error(`${this.#count} of ${this.#scores.length} frames of a run were decoded`);
    await mkdir(folder, { recursive: true });
    for (const [name, values] of [
      ['scores', this.#scores],
      ['sums', this.#sums],
      ['ends', this.#ends],
    ] as const)
      await writeFile(join(folder, name), new Uint8Array(values.buffer));
  }
}

/** A run as it was measured. */
export interface MeasuredRun {
  /** Content score of each frame against the one before; 0 for the run's first. */
  readonly scores: Float64Array;
  /** Of each frame; none where they were not wanted. */
  readonly thumbnails: Iterable<Thumbnail>;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

export async function readRun(folder: string, size: Size): Promise<MeasuredRun> {
  const [scores, sums, ends] = await Promise.all(['scores', 'sums', 'ends'].map((name) => bytesOf(join(folder, name))));
  return {
    scores: new Float64Array(scores!),
    thumbnails: thumbnailsOf(new Uint32Array(sums!), size),
    first: new Uint8Array(ends!, 0, ends!.byteLength / 2),
    last: new Uint8Array(ends!, ends!.byteLength / 2),
  };
}

/** Score of the first frame of a run against the last one of the run before. */
export function scoreBetween(before: MeasuredRun, run: MeasuredRun, size: Size): number {
  return contentScore({ ...size, data: before.last }, { ...size, data: run.first });
}

function* thumbnailsOf(sums: Uint32Array, size: Size): Generator<Thumbnail> {
  const length = sumsLength(size);
  for (let at = 0; at < sums.length; at += length) yield thumbnailOf(sums.subarray(at, at + length), size);
}

/** A copy of its own: a small file's bytes lie somewhere within a pool, where numbers may not begin. */
async function bytesOf(path: string): Promise<ArrayBuffer> {
  return new Uint8Array(await readFile(path)).buffer;
}
