// A face detector at work: takes a frame's pixels, runs the network over its passes, and gives the
// frame's faces. It owns the input buffers and reuses them; it opens no model and writes nothing.
import type { DetectorCard, ModelSession, OpenModel } from '../../src/stage/model.js';
import type { Size } from '../media/geometry.js';
import { planesOf } from '../media/pixels.js';
import { inputPlanes, type InputPlanes } from '../media/planes.js';
import { planResample, type Picture, type ResamplePlan } from '../media/resample.js';
import { Candidates } from './candidates.js';
import { detectorPart, headOf, landmarksPart, partOf } from './heads.js';
import { LandmarkNet } from './landmark-net.js';
import { dropImplausible, facesOf, placeInFrame, type FoundFace } from './merge.js';
import { nonMaxSuppression } from './non-max-suppression.js';
import { planPasses, type Pass } from './passes.js';
import { scoreMap, type ScoreMap } from './score-map.js';
import { secondLookOf, type SecondLook } from './second-look.js';

export interface DetectorOptions {
  /** Longest sides of the detector's input; more than one is merged by one suppression. */
  readonly sizes: readonly number[];
  /** Lowest calibrated score that is kept. */
  readonly scoreMin: number;
  /** Upright size of the video. */
  readonly video: Size;
  /** Smallest box kept, in square pixels of the video. */
  readonly boxAreaMin: number;
}

interface PlannedPass extends Pass {
  readonly resample: ResamplePlan;
}

/** Everything one frame in flight needs; kept and reused. */
interface Slot {
  /** For each pass over a picture of this size. */
  readonly inputs: Map<Pass, InputPlanes>;
  /** The frame itself, for detectors that look at it a second time. */
  copy: Picture;
  readonly candidates: Candidates;
}

export class FaceDetector {
  readonly #card: DetectorCard;
  readonly #session: ModelSession;
  readonly #options: DetectorOptions;
  readonly #landmarks: LandmarkNet | undefined;
  readonly #secondLook: SecondLook | undefined;
  readonly #scores: ScoreMap;
  readonly #plans = new Map<string, readonly PlannedPass[]>();
  readonly #free: Slot[] = [];
  readonly #head;
  readonly #planes;
  readonly #inputName: string;

  /** Throws when the card's parts and outputs are not those of its kind. */
  constructor(model: OpenModel<DetectorCard>, options: DetectorOptions) {
    const { card, sessions } = model;
    const part = partOf(card, detectorPart(card));
    this.#card = card;
    this.#session = sessions[detectorPart(card)]!;
    this.#options = options;
    this.#head = headOf(card);
    this.#planes = planesOf(part.pixels);
    this.#inputName = part.inputs[0]!.name;
    this.#scores = scoreMap(card.scoreMap);
    this.#landmarks =
      card.kind === 'ultralight'
        ? new LandmarkNet(partOf(card, landmarksPart), sessions[landmarksPart]!, options.video)
        : undefined;
    this.#secondLook = secondLookOf(card, {
      session: this.#session,
      head: this.#head,
      planes: this.#planes,
      inputName: this.#inputName,
      video: options.video,
    });
  }

  /**
   * Faces of an RGB frame, best first, equal scores from left to right; scores are calibrated. The
   * frame's pixels are taken before this returns, so they may be overwritten at once; calls may overlap.
   * `lookAgain` (default true) asks a detector with a second look for it.
   */
  detect(frame: Picture, { lookAgain = true }: { readonly lookAgain?: boolean } = {}): Promise<FoundFace[]> {
    const slot = this.#free.pop() ?? {
      inputs: new Map<Pass, InputPlanes>(),
      copy: { width: 0, height: 0, data: none },
      candidates: new Candidates(),
    };
    const passes = this.#passesFor(frame);
    for (const pass of passes) {
      const input = slot.inputs.get(pass) ?? inputPlanes(pass.resample, this.#planes, pass.input);
      slot.inputs.set(pass, input);
      input.fill(frame);
    }
    const secondLook = lookAgain ? this.#secondLook : undefined;
    if (this.#landmarks ?? secondLook) slot.copy = copyPicture(frame, slot.copy);
    return this.#find(slot, passes, frame, secondLook).finally(() => this.#free.push(slot));
  }

  async #find(
    slot: Slot,
    passes: readonly PlannedPass[],
    { width, height }: Size,
    secondLook: SecondLook | undefined,
  ): Promise<FoundFace[]> {
    const { candidates } = slot;
    const { scoreMin, video, boxAreaMin } = this.#options;
    const rawMin = this.#scores.raw(scoreMin);
    candidates.clear();
    for (const pass of passes) {
      const { width: across, height: down } = pass.input;
      const { data } = slot.inputs.get(pass)!;
      const dims = [1, this.#planes.length, down, across];
      const outputs = await this.#session.run({ [this.#inputName]: { data, dims } });
      const first = candidates.count;
      this.#head(outputs, pass.input, rawMin, candidates);
      placeInFrame(candidates, first, pass, { width, height });
    }
    dropImplausible(candidates, { video, areaMin: boxAreaMin });
    const kept = nonMaxSuppression({
      boxes: candidates.boxes,
      scores: candidates.scores,
      count: candidates.count,
      iouMax: this.#card.nmsThreshold,
    });
    const found = facesOf(candidates, kept, this.#landmarks === undefined);
    const confirmed = (await secondLook?.confirm(slot.copy, found)) ?? found;
    const faces = confirmed.map(({ confirmedScore, ...face }) => ({
      ...face,
      score: this.#scores.calibrated(face.score),
      ...(confirmedScore !== undefined && { confirmedScore: this.#scores.calibrated(confirmedScore) }),
    }));
    faces.sort((a, b) => b.score - a.score || a.bbox[0] - b.bbox[0]);
    return this.#landmarks ? this.#landmarks.complete(slot.copy, faces) : faces;
  }

  #passesFor(frame: Size): readonly PlannedPass[] {
    const key = `${frame.width}x${frame.height}`;
    const planned =
      this.#plans.get(key) ??
      planPasses(this.#card, frame, this.#options.sizes).map((pass) => ({
        ...pass,
        resample: planResample({ width: frame.width, height: frame.height }, pass.region, pass.scaled),
      }));
    this.#plans.set(key, planned);
    return planned;
  }
}

const none = new Uint8Array(0);

function copyPicture({ width, height, data }: Picture, into: Picture): Picture {
  const buffer = into.data.length === data.length ? into.data : new Uint8Array(data.length);
  buffer.set(data);
  return { width, height, data: buffer };
}
