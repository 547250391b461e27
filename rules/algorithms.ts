// `screenalytics/algorithms`: the pure parts of the stages, for others to use and to check. The
// stages call these same functions.
export { agglomerate, type AgglomerateInput, type AgglomerateResult, type Linkage } from './cluster/agglomerate.js';
export { decodeRetinaFace } from './detect/decode-retinaface.js';
export { decodeScrfd } from './detect/decode-scrfd.js';
export { decodeUltraLight } from './detect/decode-ultralight.js';
export { decodeYuNet } from './detect/decode-yunet.js';
export { nonMaxSuppression } from './detect/non-max-suppression.js';
export { alignFace, fitSimilarity } from './faces/align.js';
export { selectSamples } from './faces/sampling.js';
export { contentScore, contentScorer, type ContentWeights, type Rgb } from './scenes/content-score.js';
export { detectCuts, type CutOptions } from './scenes/detect-cuts.js';
export { screenTime, type ScreenTimeInput } from './screentime/screen-time.js';
export { byteTrack, type ByteTrackOptions, type FrameBoxes } from './track/byte-track.js';
export { readNpy, writeNpy } from '../src/stage/npy.js';
