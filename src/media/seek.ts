// Where to begin decoding so that a stretch of frames comes out exactly as a straight decode gives
// it. Pure: it trusts only containers that keep each picture's time, and it names times, not bytes.
import type { VideoFacts } from '../stage/stage.js';
import type { Stretch } from './selection.js';

/** How ffmpeg is told to begin near a frame and to hand out just the stretch. */
export interface Seek {
  /** For whoever reads the file. */
  readonly inputOptions: readonly string[];
  /** For whoever decodes it. */
  readonly decoderOptions: readonly string[];
  /** Filters that let the frames of the stretch through and nothing else, by their own times. */
  readonly filters: readonly string[];
  /** The key picture that decoding begins with, by ordinal; undefined where it begins somewhere before. */
  readonly key: number | undefined;
}

/** Containers whose packets carry the time at which each picture is shown, and an index of key pictures. */
const timedContainers = /mp4|matroska|webm/;

/**
 * Frames before the wanted one at which the key picture is looked for. A file is sought by the time at
 * which pictures are decoded; H.264 and HEVC show a picture up to 16 pictures after that. Whatever
 * precedes a key picture but is shown after it (open GOP) then lies before the stretch as well.
 */
const marginFrames = 20;

/**
 * `key` reads from the last key picture up to the first wanted frame, as the file lists them. `early` reads from one that lies some frames
 * before: for streams that say key picture of one from which a clean picture only builds up.
 */
export type SeekWay = 'key' | 'early';

/** ffmpeg looks this much before the place it is told, where pictures are decoded in another order than shown. */
const ffmpegLeadS = 3 / 23;

/** How to get at `stretch` without decoding all before it; undefined where only counting from the start is exact. */
export function seekTo({ from, to }: Stretch, facts: VideoFacts, way: SeekWay): Seek | undefined {
  const { pts, timeBase } = facts;
  if (facts.clockMended || !timedContainers.test(facts.container) || from >= to) return undefined;
  if (from === 0 && to === pts.length) return undefined;
  const [numerator, denominator] = timeBase;
  const key = way === 'key' ? keyBefore(from, facts) : undefined;
  const aim = key?.aim ?? pts[from - marginFrames];
  const seconds = aim === undefined ? 0 : Math.floor((aim * numerator * 1e6) / denominator) / 1e6;
  const bounds = [
    ...(from > 0 ? [`start_pts=${pts[from]!}`] : []),
    ...(to < pts.length ? [`end_pts=${pts[to]!}`] : []),
  ];
  return {
    inputOptions: [
      // The container's own times, not times counted from the first stream's start or from where it was sought.
      '-copyts',
      ...(seconds > 0 ? ['-seek_timestamp', '1', '-noaccurate_seek', '-ss', seconds.toFixed(6)] : []),
    ],
    // A picture whose references were not decoded is left out, and missed, instead of shown grey.
    decoderOptions: seconds > 0 ? ['-flags', '-output_corrupt'] : [],
    filters: [`settb=${numerator}/${denominator}`, `trim=${bounds.join(':')}`],
    key: key?.frame,
  };
}

/**
 * The last key picture up to `from`, and a time from which a search backwards surely finds it, whether it goes by when pictures are shown
 * or decoded; undefined where key pictures are unknown, or too close together to be told apart.
 */
function keyBefore(
  from: number,
  { pts, timeBase: [numerator, denominator], keyFrames = [] }: VideoFacts,
): { readonly frame: number; readonly aim: number } | undefined {
  const at = keyFrames.findLastIndex((frame) => frame <= from);
  const key = keyFrames[at];
  if (key === undefined) return undefined;
  const lead = (ffmpegLeadS * denominator) / numerator;
  const after = pts.findIndex((time, frame) => frame > key && time >= pts[key]! + lead);
  const next = keyFrames[at + 1] ?? pts.length;
  return after !== -1 && after + marginFrames <= next ? { frame: key, aim: pts[after]! } : undefined;
}
