// `screenalytics`: run episodes from another program.
export {
  checkArtifactsExist,
  PipelineStage,
  runCluster,
  runDetectTrack,
  runEpisode,
  runFacesEmbed,
  runStage,
  type RunEvent,
  type RunOptions,
} from './app/api.js';
export { validateConfig } from './app/config-values.js';
export type { EpisodeRunResult, StageResult } from './app/episode-run.js';
export { ProblemError, type Place, type Problem } from './base/problem.js';
export type { ModelEvent } from './models/install.js';
export { ArtifactKind, artifactPath } from './stage/artifact-path.js';
export {
  configFields,
  defaultConfig,
  type EpisodeRunConfig,
  type ParamDefinition,
  type ParamName,
  type ParamRole,
} from './stage/config.js';
export type {
  Frame,
  FramePart,
  FrameParts,
  FrameRequest,
  FrameSelection,
  FrameSize,
  PixelFormat,
  Scaler,
  YuvPicture,
} from './stage/frames.js';
export type {
  DetectorCard,
  DetectorKind,
  EmbedderCard,
  ModelCard,
  ModelPart,
  ModelProvenance,
  ModelSession,
  OpenModel,
  PixelNormalisation,
  Tensor,
  TensorContract,
} from './stage/model.js';
export type {
  GatheredInput,
  MediaProbe,
  Stage,
  StageContext,
  StageCounts,
  StageInputs,
  StageOutputs,
  StageReading,
  TakenResource,
  TakenResources,
  VideoFacts,
} from './stage/stage.js';
