// The kit that rules/ are written with: what a stage is, and what it is handed when it runs.
// A stage reads its inputs, computes, and writes its outputs; it knows no cache and no plan.
import type { Json } from '../base/canonical-json.js';
import type { EpisodeRunConfig, ParamName } from './config.js';
import type { Frame, FrameRequest } from './frames.js';
import type { DetectorCard, EmbedderCard, OpenModel } from './model.js';

/** One file of an input that gathers all episodes. */
export interface GatheredInput {
  readonly ep: string;
  readonly path: string;
}

/** Absolute paths of the inputs, by the role that pipeline.yaml gives them. */
export interface StageInputs {
  /** The file or folder in this role; throws on a role that the rule lacks. */
  path(role: string): string;
  /** The same, or undefined for an optional input that is not there. */
  optional(role: string): string | undefined;
  /** The files of a glob or gathering input, sorted by episode and path. */
  gathered(role: string): readonly GatheredInput[];
}

/** Where to write: absolute paths that become artifacts only when the whole action succeeds. */
export interface StageOutputs {
  /** A file or, for outputs declared with a trailing slash, an existing empty folder. */
  path(role: string): string;
  /** The path that the artifact will have, relative to the data root, for use inside artifacts. */
  relative(role: string): string;
  /** Whether the rule declares this output. */
  has(role: string): boolean;
}

/** What a stage can read before frames are decoded. */
export interface StageReading<K extends ParamName = ParamName> {
  /** undefined for a rule that is made once for the project. */
  readonly ep: string | undefined;
  readonly params: Pick<EpisodeRunConfig, K>;
  readonly inputs: StageInputs;
}

/** Facts about a video that only the container knows; see rules/probe. */
export interface MediaProbe {
  /** Reads the container and every frame's PTS; throws ProblemError for what is no video. */
  probe(path: string, signal: AbortSignal): Promise<VideoFacts>;
}

/** One video stream, as ffprobe reports it, checked. */
export interface VideoFacts {
  readonly container: string;
  readonly codec: string;
  /** Size as stored, before rotation and with non-square pixels as they are. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  /** Size as displayed: rotated upright, pixels made square. Frames are handed out in this size. */
  readonly width: number;
  readonly height: number;
  /** Clockwise turn in degrees that makes the picture upright: 0, 90, 180 or 270. */
  readonly rotation: number;
  /** Pixel aspect ratio [n, d] as stored. */
  readonly pixelAspect: readonly [number, number];
  /** Seconds per PTS unit as a fraction [n, d]. */
  readonly timeBase: readonly [number, number];
  /** PTS of each decoded frame in presentation order, in time base units. */
  readonly pts: readonly number[];
  /** Length of the last frame in time base units. */
  readonly lastDuration: number;
  /** The file's own times are missing or do not ascend: `pts` was made of them and finds no frame in the file. */
  readonly clockMended: boolean;
  /** Stands where pixels are stored as 8-bit yuv420p of limited range: the matrix that makes them RGB. */
  readonly yuv420?: 'bt601' | 'bt709' | undefined;
  /** Ordinals of the pictures at which decoding can begin; undefined where the container does not tell beyond doubt. */
  readonly keyFrames?: readonly number[] | undefined;
  /** Pictures that no other refers to: the ordinal, and where in the file the packet begins; undefined where that is not known. */
  readonly unreferenced?: readonly (readonly [frame: number, position: number])[] | undefined;
}

/** Everything that a stage is handed when it runs. */
export interface StageContext<K extends ParamName = ParamName> extends StageReading<K> {
  readonly outputs: StageOutputs;
  /** The frames that `wants` asked for, in order; empty when the stage has no `wants`. */
  readonly frames: AsyncIterable<Frame>;
  readonly media: MediaProbe;
  /** The model that the value of parameter `detector` or `embedder` names. */
  model(param: 'detector'): Promise<OpenModel<DetectorCard>>;
  /** The embedder, ready to run. */
  model(param: 'embedder'): Promise<OpenModel<EmbedderCard>>;
  /** The card alone, without opening a session. */
  card(param: 'detector'): DetectorCard;
  /** The embedder's card. */
  card(param: 'embedder'): EmbedderCard;
  /** What it holds of the pools that actions share, by name, e.g. which GPU: `resources.gpu?.members?.[0]`. */
  readonly resources: TakenResources;
  readonly signal: AbortSignal;
  /** Tells whoever watches how far the stage is; cheap to call for each frame. */
  progress(done: number, total: number): void;
}

/** So much of a pool (bytes, where it is memory), and which members where they have ids. */
export interface TakenResource {
  readonly amount: number;
  readonly members?: readonly string[] | undefined;
}

/** What the action holds of each pool while it runs. */
export type TakenResources = Readonly<Record<string, TakenResource>>;

/** Whole numbers for the run's result: detections_count, tracks_count, ... */
export type StageCounts = Readonly<Record<string, number>>;

/** What a stage's module exports as `stage`: code that reads inputs, computes and writes outputs. */
export interface Stage<K extends ParamName = ParamName> {
  /** The frames it wants; asked before `run`, so that one decode can serve several stages. */
  wants?(reading: StageReading<K>): Promise<FrameRequest>;
  /** Resolves with what it counted once every output is written. */
  run(context: StageContext<K>): Promise<StageCounts>;
}

/** How long chunks are to be; a choice of how to run, which never changes the merged result. */
export interface ChunkSize {
  /** Source frames, or faces, that a chunk covers; undefined where the stage chooses by the length of its input. */
  readonly frames: number | undefined;
  /** Processors of this machine, whatever the number of jobs: a build with another number finds the chunks that an earlier one finished. */
  readonly processors: number;
}

/** What a stage can read before its work is divided. */
export type SplitReading<K extends ParamName = ParamName> = StageReading<K> & Pick<StageContext, 'card' | 'signal'>;

/** What one chunk is handed: all but the outputs, which only `merge` writes. */
export interface ChunkContext<K extends ParamName = ParamName> extends Omit<StageContext<K>, 'outputs'> {
  /** What the rule makes, and under which paths; for use inside artifacts. */
  readonly outputs: Pick<StageOutputs, 'relative' | 'has'>;
  /** An empty folder. What the chunk leaves there is its part. */
  readonly part: string;
}

export type MergeContext<K extends ParamName = ParamName> = StageReading<K> &
  Pick<StageContext, 'outputs' | 'card' | 'signal'>;

/** What a finished chunk left. */
export interface Part {
  /** `merge` may move files out of it. */
  readonly folder: string;
  readonly counts: StageCounts;
}

/**
 * A stage that works in chunks: each is an action of its own, run beside others, kept as soon as it is
 * finished and never run twice. Any division must merge to the same bytes.
 */
export interface ChunkedStage<K extends ParamName = ParamName, C extends Json = Json> {
  readonly chunks: {
    /** The chunks in order, each in the stage's own words; what a chunk says is part of its fingerprint. */
    split(reading: SplitReading<K>, size: ChunkSize): Promise<readonly C[]>;
    /** The frames that a chunk wants. */
    wants?(reading: StageReading<K>, chunk: C): Promise<FrameRequest>;
    runChunk(context: ChunkContext<K>, chunk: C): Promise<StageCounts>;
    /** Writes the outputs from the parts, which come in the order of the chunks. */
    merge(context: MergeContext<K>, parts: readonly Part[]): Promise<StageCounts>;
  };
}

/** A stage of either kind, whatever params it reads. */
export type AnyStage = Stage<never> | ChunkedStage<never>;

/** A stage as the planner knows it: everything that can be said without loading its code. */
export interface StageEntry {
  /** Raised by hand whenever the same inputs and params would give other bytes. */
  readonly revision: number;
  /** Parameters it reads; a rule with this stage must declare them all. */
  readonly params: readonly ParamName[];
  /** Parameters whose values name models it opens or whose card it reads. */
  readonly models: readonly ('detector' | 'embedder')[];
  readonly inputs: readonly string[];
  readonly optionalInputs?: readonly string[];
  readonly outputs: readonly string[];
  /** Role of the video of which its chunks are stretches `{ from, to }`, in frames; then one decode can serve several stages. */
  readonly looksAt?: string;
  /** Role of the video of which it looks at parts of frames that others have seen in the same build: they may keep those for it. */
  readonly revisits?: string;
  /** How often it runs; pipeline.yaml is checked against it where it is said. */
  readonly scope?: 'episode' | 'project';
  // any K: a stage that reads fewer params is a stage all the same
  load(): Promise<{ readonly stage: AnyStage }>;
}

export type StageCatalogue = Readonly<Record<string, StageEntry>>;
