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
export type { EpisodeRunResult, StageResult } from './app/episode-run.js';
export { ProblemError, type Place, type Problem } from './base/problem.js';
export { artifactPath, type ArtifactKind } from './stage/artifact-path.js';
export { defaultConfig, type EpisodeRunConfig, type ParamName } from './stage/config.js';
export type { Frame, FrameRequest } from './stage/frames.js';
export type { Stage, StageContext } from './stage/stage.js';
