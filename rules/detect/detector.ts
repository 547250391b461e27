// A face detector at work: takes a frame's pixels, runs the network over its passes, and gives the
// frame's faces. It owns the input buffers and reuses them; it opens no model and writes nothing.
import type { DetectorCard, OpenModel } from '../../src/stage/model.js';
import type { Size } from '../media/geometry.js';
import { planesOf } from '../media/pixels.js';
import { inputPlanes, type InputPlanes } from '../media/planes.js';
import { planResample, type Picture, type ResamplePlan } from '../media/resample.js';
import { Candidates } from './candidates.js';
import { detectorPart, headOf, landmarksPart, partOf } from './heads.js';
import { LandmarkNet } from './landmark-net.js';
import { dropImplausible, facesOf, placeInFrame, type FoundFace } from './merge.js';
import { Network } from './network.js';
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
  /** Frames that wait for each other to go through the network in one call; 1 unless said. See `framesAtOnce`. */
  readonly together?: number;
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

/** A frame whose pixels are taken and that has not yet been through the network. */
interface Waiting {
  readonly slot: Slot;
  readonly passes: readonly PlannedPass[];
  readonly size: Size;
  readonly secondLook: SecondLook | undefined;
  readonly resolve: (faces: Promise<FoundFace[]>) => void;
  readonly reject: (reason: unknown) => void;
}

export class FaceDetector {
  readonly #card: DetectorCard;
  readonly #network: Network;
  readonly #options: DetectorOptions;
  readonly #landmarks: LandmarkNet | undefined;
  readonly #secondLook: SecondLook | undefined;
  readonly #scores: ScoreMap;
  readonly #plans = new Map<string, readonly PlannedPass[]>();
  readonly #free: Slot[] = [];
  readonly #together: number;
  #waiting: Waiting[] = [];
  readonly #head;
  readonly #planes;

  /** Throws when the card's parts and outputs are not those of its kind. */
  constructor(model: OpenModel<DetectorCard>, options: DetectorOptions) {
    const { card, sessions } = model;
    const part = partOf(card, detectorPart(card));
    this.#card = card;
    this.#options = options;
    this.#head = headOf(card);
    this.#planes = planesOf(part.pixels);
    this.#together = options.together ?? 1;
    const session = sessions[detectorPart(card)]!;
    const inputName = part.inputs[0]!.name;
    this.#network = new Network(session, { inputName, channels: this.#planes.length, frames: this.#together });
    this.#scores = scoreMap(card.scoreMap);
    this.#landmarks =
      card.kind === 'ultralight'
        ? new LandmarkNet(partOf(card, landmarksPart), sessions[landmarksPart]!, options.video)
        : undefined;
    this.#secondLook = secondLookOf(card, {
      session,
      head: this.#head,
      planes: this.#planes,
      inputName,
      video: options.video,
    });
  }

  /**
   * Faces of a frame, RGB or YUV, best first, equal scores from left to right; scores are calibrated. The
   * frame's pixels are taken before this returns, so they may be overwritten at once; calls may overlap.
   * `lookAgain` (default true) asks a detector with a second look for it. Where frames go through the network
   * together, this resolves only when enough of them came, or at `flush`.
   */
  detect(frame: Picture, { lookAgain = true }: { readonly lookAgain?: boolean } = {}): Promise<FoundFace[]> {
    const slot = this.#free.pop() ?? {
      inputs: new Map<Pass, InputPlanes>(),
      copy: { width: 0, height: 0, data: none },
      candidates: new Candidates(),
    };
    const passes = this.#passesFor(frame);
    const secondLook = lookAgain ? this.#secondLook : undefined;
    const isCopied = this.#landmarks !== undefined || secondLook !== undefined;
    const inputs = passes.map((pass) => {
      const input = slot.inputs.get(pass) ?? this.#inputFor(pass);
      slot.inputs.set(pass, input);
      return input;
    });
    if (frame.yuv === undefined || isCopied || !inputs.every(({ takesYuv }) => takesYuv)) showAll(frame);
    for (const input of inputs) input.fill(frame);
    if (isCopied) slot.copy = copyPicture(frame, slot.copy);
    // Frames of another size have passes of their own.
    if (this.#waiting.length > 0 && this.#waiting[0]!.passes !== passes) this.flush();
    const { width, height } = frame;
    const found = new Promise<FoundFace[]>((resolve, reject) => {
      this.#waiting.push({ slot, passes, size: { width, height }, secondLook, resolve, reject });
    });
    if (this.#waiting.length === this.#together) this.flush();
    return found.finally(() => this.#free.push(slot));
  }

  /** Sends the frames that wait through the network, though they are fewer than go together. */
  flush(): void {
    const together = this.#waiting;
    this.#waiting = [];
    if (together.length > 0) void this.#find(together);
  }

  /** Settles each frame; all have the same passes. */
  async #find(together: readonly Waiting[]): Promise<void> {
    try {
      const rawMin = this.#scores.raw(this.#options.scoreMin);
      for (const { slot } of together) slot.candidates.clear();
      for (const pass of together[0]!.passes) {
        const inputs = together.map(({ slot }) => slot.inputs.get(pass)!.data);
        const outputs = await this.#network.run(pass.input, inputs);
        together.forEach(({ slot: { candidates }, size }, at) => {
          const first = candidates.count;
          this.#head(outputs[at]!, pass.input, rawMin, candidates);
          placeInFrame(candidates, first, pass, size);
        });
      }
    } catch (error) {
      for (const { reject } of together) reject(error);
      return;
    }
    for (const one of together) one.resolve(this.#facesIn(one));
  }

  async #facesIn({ slot, secondLook }: Waiting): Promise<FoundFace[]> {
    const { candidates } = slot;
    const { video, boxAreaMin } = this.#options;
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

  #inputFor({ resample, input }: PlannedPass): InputPlanes {
    return inputPlanes(resample, this.#planes, input, { asPixels: this.#network.takesPixels });
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

function showAll({ show, width, height }: Picture): void {
  show?.({ left: 0, top: 0, width, height });
}

function copyPicture({ width, height, data }: Picture, into: Picture): Picture {
  const buffer = into.data.length === data.length ? into.data : new Uint8Array(data.length);
  buffer.set(data);
  return { width, height, data: buffer };
}
