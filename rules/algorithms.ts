// `screenalytics/algorithms`: the pure parts of the stages, for others to use and to check. The
// stages call these same functions.
export { agglomerate, type AgglomerateInput, type AgglomerateResult, type Linkage } from './cluster/agglomerate.js';
export type { Pair } from './cluster/terms.js';
export { Candidates } from './detect/candidates.js';
export { decodeRetinaFace, retinaFacePriors, type RetinaFaceOutputs } from './detect/decode-retinaface.js';
export { decodeScrfd, type ScrfdLevel } from './detect/decode-scrfd.js';
export { decodeUltraLight, type UltraLightOutputs } from './detect/decode-ultralight.js';
export { decodeYuNet, type YuNetLevel } from './detect/decode-yunet.js';
export { nonMaxSuppression, type SuppressionInput } from './detect/non-max-suppression.js';
export {
  alignFace,
  fitSimilarity,
  type AlignedFace,
  type Alignment,
  type FivePoints,
  type Point,
  type Rejection,
  type Similarity,
} from './faces/align.js';
export { selectSamples, type Candidate } from './faces/sampling.js';
export type { Corners, Size } from './media/geometry.js';
export type { Picture } from './media/resample.js';
export {
  contentScore,
  contentScorer,
  contentScores,
  type ContentScorer,
  type ContentWeights,
  type Rgb,
} from './scenes/content-score.js';
export { detectCuts, type CutOptions } from './scenes/detect-cuts.js';
export { screenTime, type Person, type ScreenTimeInput, type TimedTrack } from './screentime/screen-time.js';
export { byteTrack, type ByteTrackOptions, type FrameBoxes } from './track/byte-track.js';
export type { Box, IouKind } from './track/iou.js';
export { readNpy, writeNpy, type NpyArray, type NpyData } from '../src/stage/npy.js';
export type { Screentime } from '../src/stage/artifacts.js';
export type { FramePart } from '../src/stage/frames.js';
