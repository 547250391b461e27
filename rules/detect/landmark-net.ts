// The 68-point net that completes a detector which finds boxes only: crop, run, five points.
import type { ModelPart, ModelSession } from '../../src/stage/model.js';
import type { Size } from '../media/geometry.js';
import { planesOf } from '../media/pixels.js';
import { planResample, resampleToPlanes, type Picture } from '../media/resample.js';
import { fivePoints, landmarkCrop } from './decode-ultralight.js';
import { floats } from './heads.js';
import { landmarksOf, type FoundFace } from './merge.js';

export class LandmarkNet {
  readonly #part: ModelPart;
  readonly #session: ModelSession;
  readonly #video: Size;
  readonly #crop: Size;
  readonly #planes;
  /** Input buffers that no run holds at the moment. */
  readonly #free: Float32Array[] = [];

  constructor(part: ModelPart, session: ModelSession, video: Size) {
    const [input] = part.inputs;
    const [height, width] = input?.dims.slice(-2) ?? [];
    if (!height || !width)
      throw new Error(`the landmark net must declare its input size, not ${JSON.stringify(input)}`);
    this.#part = part;
    this.#session = session;
    this.#video = video;
    this.#crop = { width, height };
    this.#planes = planesOf(part.pixels);
  }

  /** The same faces with five points each, read from `picture`, which may be overwritten afterwards. */
  async complete(picture: Picture, faces: readonly FoundFace[]): Promise<FoundFace[]> {
    const completed: FoundFace[] = [];
    for (const face of faces) completed.push(await this.#withPoints(picture, face));
    return completed;
  }

  async #withPoints(picture: Picture, face: FoundFace): Promise<FoundFace> {
    const { width, height } = this.#video;
    const [x1, y1, x2, y2] = face.bbox;
    // The square is square in the video's pixels; the picture may be a hair off that aspect.
    const crop = landmarkCrop([x1 * width, y1 * height, x2 * width, y2 * height]);
    const scaleX = picture.width / width;
    const scaleY = picture.height / height;
    const region = { x: crop.x * scaleX, y: crop.y * scaleY, width: crop.width * scaleX, height: crop.height * scaleY };
    const size = { width: picture.width, height: picture.height };
    const data = this.#free.pop() ?? new Float32Array(this.#planes.length * this.#crop.width * this.#crop.height);
    resampleToPlanes(picture, planResample(size, region, this.#crop), this.#planes, { data, canvas: this.#crop });
    const dims = [1, this.#planes.length, this.#crop.height, this.#crop.width];
    const outputs = await this.#session.run({ [this.#part.inputs[0]!.name]: { data, dims } });
    this.#free.push(data);
    const five = fivePoints(floats(outputs, this.#part.outputs[0]!.name));
    const points = five.map((value, index) =>
      index % 2 === 0 ? (crop.x + value * crop.width) / width : (crop.y + value * crop.height) / height,
    );
    return { ...face, landmarks: landmarksOf(points) };
  }
}
