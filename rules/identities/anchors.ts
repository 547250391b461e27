// From what an edit points at to a track, and back. Pure.
import { round6, type Bbox, type Track } from '../../src/stage/artifacts.js';
import type { Anchor } from './edits.js';

/** Another stride moves a track's pictures by less than this. */
const secondsMax = 0.5;
/** Another detector or size moves a box by less than this. */
const iouMin = 0.3;

type AnchorTrack = Pick<Track, 'track_id' | 'start_s' | 'end_s' | 'frames'>;

/** The place in `tracks` of the track that the anchor means, or why there is none. */
export function findTrack(tracks: readonly AnchorTrack[], anchor: Anchor): number | { readonly reason: string } {
  if (anchor.kind === 'track') {
    const track = tracks.findIndex(({ track_id }) => track_id === anchor.trackId);
    return track >= 0 ? track : { reason: `there is no ${anchor.trackId}` };
  }
  let best = -1;
  let bestScore = 0;
  for (const [index, track] of tracks.entries()) {
    if (anchor.at < track.start_s - secondsMax || anchor.at > track.end_s + secondsMax) continue;
    for (const [seconds, box] of timedBoxes(track)) {
      const distance = Math.abs(seconds - anchor.at);
      const overlap = iou(box, anchor.box);
      if (distance > secondsMax || overlap < iouMin) continue;
      // The nearest moment decides between pictures of one track, the overlap between two tracks.
      const score = overlap * (1 - distance / (2 * secondsMax));
      if (score <= bestScore) continue;
      best = index;
      bestScore = score;
    }
  }
  return best >= 0 ? best : { reason: `no face at ${anchor.at} s in that place` };
}

/** An anchor that finds this track again after a new run: its middle picture. */
export function anchorOf(track: AnchorTrack): Anchor {
  const boxes = timedBoxes(track);
  const [seconds, box] = boxes[boxes.length >> 1]!;
  return { kind: 'place', at: round6(seconds), box };
}

/** Tracks store frames, not times; between its first and last picture time runs evenly enough for half a second. */
function timedBoxes({ start_s, end_s, frames }: AnchorTrack): [seconds: number, box: Bbox][] {
  const first = frames[0]?.[0] ?? 0;
  const last = frames.at(-1)?.[0] ?? 0;
  const perFrame = last > first ? (end_s - start_s) / (last - first) : 0;
  return frames.map(([frame, box]) => [start_s + (frame - first) * perFrame, box]);
}

function iou(a: Bbox, b: readonly [number, number, number, number]): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}
