// A second and a third look at doubtful faces, for networks with a small fixed input: each face again in
// crops of its own, at two sizes and once mirrored. A face is found again; a bald head from behind
// or a lamp is not. Scores of all looks are averaged, as with flipped and scaled copies in the
// evaluation of S3FD and RetinaFace. It finds no new faces and moves no boxes.
import type { DetectorCard, ModelSession } from '../../src/stage/model.js';
import { intersectionOverUnion, type Corners, type Region, type Size } from '../media/geometry.js';
import { planResample, resampleToPlanes, type Picture, type Plane } from '../media/resample.js';
import { Candidates } from './candidates.js';
import type { Head } from './heads.js';
import type { FoundFace } from './merge.js';

/**
 * Scores of the network itself between which a face is doubtful. Higher ones are hardly ever wrong, lower
 * ones carry tracks on but start none. Television has some 0.4 between them a frame.
 */
const doubtful = { from: 0.6, to: 0.97 };

/**
 * The crops: the longer side of the box as a share of the crop's height. Two looks that differ in
 * size and side say more than two that do not: of 90 false boxes on labelled clips (two encodes
 * each) 75 fall below 0.7 and of 605 faces 2.
 */
const looks = [
  { share: 0.25, mirrored: false },
  { share: 0.5, mirrored: true },
] as const;

/** What is found in a crop is the same face from this overlap on. */
const sameFaceIou = 0.4;
/** Lower scores are not decoded: to the mean they are as good as none. */
const scoreFloor = 0.05;

export interface SecondLookOptions {
  readonly session: ModelSession;
  readonly head: Head;
  readonly planes: readonly Plane[];
  readonly inputName: string;
  readonly input: Size;
  /** Upright size of the video: crops have the input's aspect in its pixels. */
  readonly video: Size;
}

/** The second look of this card's detector; undefined when its input takes any size, and so sees small faces well. */
export function secondLookOf(
  { inputSize }: Pick<DetectorCard, 'inputSize'>,
  options: Omit<SecondLookOptions, 'input'>,
): SecondLook | undefined {
  return inputSize === null
    ? undefined
    : new SecondLook({ ...options, input: { width: inputSize[0], height: inputSize[1] } });
}

export class SecondLook {
  readonly #options: SecondLookOptions;
  readonly #candidates = new Candidates();

  constructor(options: SecondLookOptions) {
    this.#options = options;
  }

  /** The same faces with how sure they are: a doubtful one the mean of its score and those of the looks, others their score. */
  async confirm(picture: Picture, faces: readonly FoundFace[]): Promise<FoundFace[]> {
    const confirmed: FoundFace[] = [];
    for (const face of faces) {
      const isDoubtful = face.score >= doubtful.from && face.score < doubtful.to;
      confirmed.push({ ...face, confirmedScore: isDoubtful ? await this.#meanScore(picture, face) : face.score });
    }
    return confirmed;
  }

  async #meanScore(picture: Picture, { bbox, score }: FoundFace): Promise<number> {
    let sum = score;
    for (const look of looks)
      sum += await this.#scoreIn(picture, cropAround(bbox, look.share, this.#options), bbox, look);
    return sum / (1 + looks.length);
  }

  /** Best score of the face in one crop (a region in 0..1 of the frame); 0 when it is not found there. */
  async #scoreIn(
    picture: Picture,
    crop: Region,
    bbox: Corners,
    { mirrored }: { readonly mirrored: boolean },
  ): Promise<number> {
    const { session, head, planes, inputName, input } = this.#options;
    const { width, height } = picture;
    const region = { x: crop.x * width, y: crop.y * height, width: crop.width * width, height: crop.height * height };
    const data = new Float32Array(planes.length * input.width * input.height);
    resampleToPlanes(picture, planResample({ width, height }, region, input), planes, { data, canvas: input });
    if (mirrored) mirror(data, input.width);
    const dims = [1, planes.length, input.height, input.width];
    const outputs = await session.run({ [inputName]: { data, dims } });
    const candidates = this.#candidates;
    candidates.clear();
    head(outputs, input, scoreFloor, candidates);
    let best = 0;
    for (let index = 0; index < candidates.count; index += 1) {
      const [x1, y1, x2, y2] = candidates.box(index);
      const [left, right] = mirrored ? [input.width - x2, input.width - x1] : [x1, x2];
      const box: Corners = [
        crop.x + (left / input.width) * crop.width,
        crop.y + (y1 / input.height) * crop.height,
        crop.x + (right / input.width) * crop.width,
        crop.y + (y2 / input.height) * crop.height,
      ];
      if (intersectionOverUnion(box, bbox) >= sameFaceIou) best = Math.max(best, candidates.scores[index]!);
    }
    return best;
  }
}

/** A region around a box, in 0..1 of the frame, with the input's aspect in pixels; it may reach beyond the frame. */
function cropAround(
  [x1, y1, x2, y2]: Corners,
  share: number,
  { video, input }: { readonly video: Size; readonly input: Size },
): Region {
  const side = Math.max((x2 - x1) * video.width, (y2 - y1) * video.height);
  const height = side / share;
  const width = (height * input.width) / input.height;
  return {
    x: (x1 + x2) / 2 - width / 2 / video.width,
    y: (y1 + y2) / 2 - height / 2 / video.height,
    width: width / video.width,
    height: height / video.height,
  };
}

/** Turns each row of planes around, in place. */
function mirror(data: Float32Array, width: number): void {
  for (let row = 0; row < data.length; row += width) data.subarray(row, row + width).reverse();
}
