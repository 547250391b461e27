// What a stage sees of a model: its card (declared in models/models.yaml) and its open sessions.

/** A dense array as ONNX Runtime takes and gives it. */
export interface Tensor {
  readonly data: Float32Array | Uint8Array | BigInt64Array;
  /** Shape, outermost dimension first. */
  readonly dims: readonly number[];
}

/** One loaded graph. Calls may overlap; each resolves with tensors of its own. */
export interface ModelSession {
  /**
   * Whether (not, where left out) an input may be bytes, planes of pixels (0 to 255) in the order of the card's colours, which the graph then normalises
   * as the card says. Where that is so, a device with memory of its own runs it, and gets a quarter of what floats would be.
   */
  readonly takesPixels?: boolean;
  /** Runs the graph. Throws when a tensor's shape breaks the declared contract, naming both shapes. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

/** How pixels become the input tensor: colour order and (p - mean[c]) / std[c]. */
export interface PixelNormalisation {
  readonly colour: 'rgb' | 'bgr' | 'gray';
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** One named input or output; `null` stands for a free dimension. */
export interface TensorContract {
  readonly name: string;
  readonly dims: readonly (number | null)[];
}

/** One graph of a model, e.g. the detector or the landmark net of a pair. */
export interface ModelPart {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly inputs: readonly TensorContract[];
  readonly outputs: readonly TensorContract[];
  readonly pixels: PixelNormalisation;
  /** Largest batch the graph takes; 1 when fixed or when batching changes results. */
  readonly batchMax: number;
}

/** Where a model comes from and what may be done with it; shown wherever its results are. */
export interface ModelProvenance {
  /** Licence of the weights, as an SPDX name where there is one. */
  readonly licence: string;
  /** What it was trained on, or that its maker does not say. */
  readonly training: string;
  /** Where the files come from: project, package and version. */
  readonly source: string;
}

/** How a detector's outputs are decoded. */
export type DetectorKind = 'retinaface' | 'scrfd' | 'yunet' | 'ultralight';

export interface DetectorCard extends ModelProvenance {
  readonly role: 'detector';
  readonly name: string;
  readonly kind: DetectorKind;
  /** `letterbox` keeps the aspect at the top left, `stretch` fills the fixed input. */
  readonly resize: 'letterbox' | 'stretch';
  /** Fixed input [width, height], or null when any multiple of 32 is taken. */
  readonly inputSize: readonly [number, number] | null;
  readonly scoreThreshold: number;
  readonly nmsThreshold: number;
  /**
   * Knots of the monotone map from raw to calibrated score, ascending in both, (0,0) and (1,1)
   * understood: det_thresh is then the same operating point for every detector. None: no change.
   */
  readonly scoreMap?: readonly (readonly [raw: number, calibrated: number])[] | undefined;
  /** `net`, or `detect` and `landmark` for a detector that gives boxes only and a net that completes it. */
  readonly parts: Readonly<Record<string, ModelPart>>;
}

export interface EmbedderCard extends ModelProvenance {
  readonly role: 'embedder';
  readonly name: string;
  /** Length of an embedding. */
  readonly dim: number;
  /** Side of the aligned crop in pixels. */
  readonly cropSize: number;
  readonly template: 'arcface';
  /** Knots of the monotone map from cosine to calibrated similarity, ascending in both. */
  readonly calibration: readonly (readonly [cosine: number, calibrated: number])[];
  readonly parts: Readonly<Record<string, ModelPart>>;
}

/** What models.yaml declares of a model. */
export type ModelCard = DetectorCard | EmbedderCard;

/** A model ready to run: the card it was declared by, where it runs, and a session a part. */
export interface OpenModel<C extends ModelCard = ModelCard> {
  readonly card: C;
  /** `cpu`, `cuda`, ...: for choosing how to run, never for what an artifact says. */
  readonly deviceResolved: string;
  readonly sessions: Readonly<Record<string, ModelSession>>;
}
