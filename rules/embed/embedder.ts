// An embedder at work: aligned crops in, unit vectors out. It owns one input buffer; it opens no
// model and writes nothing.
import type { EmbedderCard, OpenModel } from '../../src/stage/model.js';
import { planesOf } from '../media/pixels.js';

/** More faces at once cost memory and gain nothing on a CPU. */
const batchMost = 32;
/** A vector shorter than this has no direction: a flat input, or a broken graph. */
const normMin = 1e-6;

/** Most crops that the model takes at a time. Whoever divides the faces must not divide a batch: a vector's last bits depend on its size. */
export function batchOf(card: EmbedderCard): number {
  return Math.max(1, Math.min(batchMost, card.parts['net']?.batchMax ?? 1));
}

export class FaceEmbedder {
  readonly #card: EmbedderCard;
  readonly #run: OpenModel['sessions'][string]['run'];
  readonly #part;
  readonly #planes;
  /** Most crops that one call of `embed` takes. */
  readonly batch: number;

  /** Throws when the model has no part `net`, or its card asks for another crop than 112 x 112. */
  constructor({ card, sessions }: OpenModel<EmbedderCard>) {
    const part = card.parts['net'];
    const session = sessions['net'];
    if (part === undefined || session === undefined) throw new Error(`embedder ${card.name} has no part "net"`);
    this.#card = card;
    this.#part = part;
    this.#run = (feeds) => session.run(feeds);
    this.#planes = planesOf(part.pixels);
    this.batch = batchOf(card);
  }

  /**
   * Embeds `count` aligned crops (RGB, cropSize x cropSize x 3 bytes each, one after another; at
   * most `batch`). Resolves with count x dim numbers: rows of length 1, or all zeros for a face
   * whose vector has no direction. Throws when the graph answers in another shape than its card says.
   */
  async embed(crops: Uint8Array, count: number): Promise<Float32Array> {
    const { cropSize, dim, name } = this.#card;
    const data = this.#input(crops, count);
    const [input] = this.#part.inputs;
    const outputs = await this.#run({
      [input!.name]: { data, dims: [count, this.#planes.length, cropSize, cropSize] },
    });
    const output = outputs[this.#part.outputs[0]!.name];
    if (!(output?.data instanceof Float32Array) || output.data.length !== count * dim) {
      throw new Error(
        `embedder ${name}: ${count} x ${dim} floats were expected, found [${output?.dims.join(', ') ?? ''}]`,
      );
    }
    return unitRows(output.data, dim);
  }

  /** Crops as planes (p - mean) / std, in the card's colour order. */
  #input(crops: Uint8Array, count: number): Float32Array {
    const pixels = this.#card.cropSize ** 2;
    const data = new Float32Array(count * this.#planes.length * pixels);
    let to = 0;
    for (let face = 0; face < count; face++) {
      for (const { channels, gain, offset } of this.#planes) {
        for (let from = face * pixels * 3; from < (face + 1) * pixels * 3; from += 3) {
          let value = 0;
          for (const [channel, weight] of channels) value += weight * crops[from + channel]!;
          data[to++] = value * gain + offset;
        }
      }
    }
    return data;
  }
}

/** Rows of `dim` numbers scaled to length 1; a row without direction becomes zeros. Does not change its argument. */
export function unitRows(rows: Float32Array, dim: number): Float32Array {
  const unit = new Float32Array(rows.length);
  for (let start = 0; start < rows.length; start += dim) {
    let squares = 0;
    for (let at = start; at < start + dim; at++) squares += rows[at]! ** 2;
    const norm = Math.sqrt(squares);
    // Written so that NaN and infinity count as failed too.
    if (!(norm >= normMin) || !Number.isFinite(norm)) continue;
    for (let at = start; at < start + dim; at++) unit[at] = rows[at]! / norm;
  }
  return unit;
}
