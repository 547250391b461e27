// The calls of a detector's network, of one frame or of several together. It owns the buffers in which inputs are
// joined; which frames go together is the detector's to say, and no result may depend on it.
import type { DetectorCard, ModelSession, OpenModel } from '../../src/stage/model.js';
import type { Size } from '../media/geometry.js';
import { detectorPart, partOf, type Outputs } from './heads.js';

/** More frames at once cost memory, and a frame's pass through a small network is short against eight's. */
const framesMost = 8;

/**
 * Frames that go through the network in one call. Elsewhere than on the CPU as many as the card allows, for a call
 * is dear there beside what it computes. On the CPU one: YuNet took 5.9 ms a frame by itself and 6.6 ms of eight.
 */
export function framesAtOnce({ card, deviceResolved }: OpenModel<DetectorCard>): number {
  if (deviceResolved === 'cpu') return 1;
  return Math.max(1, Math.min(framesMost, partOf(card, detectorPart(card)).batchMax));
}

/** Planes for one frame: what the network computes with, or pixels where it takes them. */
type Planes = Float32Array | Uint8Array;

export class Network {
  /** Whether frames may be pixels. */
  readonly takesPixels: boolean;
  readonly #session: ModelSession;
  readonly #inputName: string;
  readonly #channels: number;
  readonly #frames: number;
  /** Buffers of joined inputs that no call holds at the moment. */
  readonly #free: Planes[] = [];

  constructor(
    session: ModelSession,
    options: { readonly inputName: string; readonly channels: number; readonly frames: number },
  ) {
    this.takesPixels = session.takesPixels ?? false;
    this.#session = session;
    this.#inputName = options.inputName;
    this.#channels = options.channels;
    this.#frames = options.frames;
  }

  /**
   * What the network says of each input (planes of size `size`), in their order; at most as many as `frames`.
   *
   * Every call has the same number of frames, the last of a chunk too, with black ones to fill it up: a device
   * may add up in another order for another number, and then a frame's last bits would tell how the video was
   * divided. Frames beside it do not count, or the card's batchMax would be 1. Chunks of whole batches, as
   * embed has them, would not do: a chunk is one for `scenes` too, and is made before the device is known.
   */
  async run(size: Size, inputs: readonly Planes[]): Promise<readonly Outputs[]> {
    const length = this.#channels * size.width * size.height;
    const call = (data: Planes, frames: number): Promise<Outputs> =>
      this.#session.run({ [this.#inputName]: { data, dims: [frames, this.#channels, size.height, size.width] } });
    if (this.#frames === 1) return [await call(inputs[0]!.subarray(0, length), 1)];
    const whole = this.#frames * length;
    const buffer = this.#buffer(whole, inputs[0] instanceof Uint8Array);
    try {
      inputs.forEach((input, at) => buffer.set(input.subarray(0, length), at * length));
      buffer.fill(0, inputs.length * length, whole);
      const outputs = await call(buffer.subarray(0, whole), this.#frames);
      return inputs.map((_, at) => ofFrame(outputs, at, this.#frames));
    } finally {
      this.#free.push(buffer);
    }
  }

  #buffer(length: number, forPixels: boolean): Planes {
    const kept = this.#free.pop();
    if (kept !== undefined && kept.length >= length && kept instanceof Uint8Array === forPixels) return kept;
    return forPixels ? new Uint8Array(length) : new Float32Array(length);
  }
}

/** The part of each output that belongs to one of the frames. */
function ofFrame(outputs: Outputs, at: number, frames: number): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { data, dims }]) => {
      const length = data.length / frames;
      return [name, { data: data.subarray(at * length, (at + 1) * length), dims: [1, ...dims.slice(1)] }];
    }),
  );
}
