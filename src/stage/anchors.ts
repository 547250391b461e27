// From what an edit points at to a track, and back. A face is known by its scene, time and place in
// the picture, which outlive a new run of every stage, at another stride or with another model. Pure.
import { round6, type Bbox, type Scenes, type Track } from './artifacts.js';
import type { Anchor } from './edits.js';

/** Another stride moves a track's pictures by less than this. */
const secondsMax = 0.5;
/** Another detector or size moves a box by less than this. */
const iouMin = 0.3;
/** A track is as well known by faces this far apart as by all of them. */
const secondsApart = 2;

export type AnchorTrack = Pick<Track, 'track_id' | 'start_s' | 'end_s' | 'frames'> & Partial<Pick<Track, 'scene'>>;

/** Where each anchor is looked for. */
export interface AnchorPlace {
  readonly tracks: readonly AnchorTrack[];
  /** Where known, a face is never looked for beyond a cut. */
  readonly scenes?: Pick<Scenes, 'scenes'> | undefined;
}

/** The place in `tracks` of the track that the anchor means, or why there is none. */
export function findTrack({ tracks, scenes }: AnchorPlace, anchor: Anchor): number | { readonly reason: string } {
  if (anchor.kind === 'track') {
    const track = tracks.findIndex(({ track_id }) => track_id === anchor.trackId);
    return track >= 0 ? track : { reason: `there is no ${anchor.trackId}` };
  }
  const scene = scenes?.scenes.findIndex(({ start_s, end_s }) => start_s <= anchor.at && anchor.at < end_s) ?? -1;
  let best = -1;
  let bestScore = 0;
  for (const [index, track] of tracks.entries()) {
    if (anchor.at < track.start_s - secondsMax || anchor.at > track.end_s + secondsMax) continue;
    if (scene >= 0 && track.scene !== undefined && track.scene !== scene) continue;
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

/** An anchor that finds this track again after a new run: its surest picture around the middle. */
export function anchorOf(track: AnchorTrack): Anchor {
  return surestIn(track, 0, 1);
}

/** Several of them, spread over a long track: with other settings it may come in pieces. */
export function anchorsOf(track: AnchorTrack, most: number): Anchor[] {
  const parts = Math.max(1, Math.min(most, Math.floor((track.end_s - track.start_s) / secondsApart)));
  return Array.from({ length: parts }, (_, part) => surestIn(track, part / parts, (part + 1) / parts));
}

/** The surest picture in the middle half of a part of the track; ends are blurred, turned away or cut off. */
function surestIn(track: AnchorTrack, from: number, to: number): Anchor {
  const pictures = timedBoxes(track);
  const at = (share: number): number => Math.floor(share * (pictures.length - 1));
  const [first, last] = [at(from + (to - from) / 4), at(to - (to - from) / 4)];
  let best = at((from + to) / 2);
  for (let index = first; index <= last; index++) {
    if (track.frames[index]![2] > track.frames[best]![2]) best = index;
  }
  const [seconds, box] = pictures[best]!;
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
