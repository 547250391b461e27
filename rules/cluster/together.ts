// Which tracks are in the picture at the same time and so cannot be one person. Pure.
import type { Bbox, Track } from '../../src/stage/artifacts.js';
import type { Pair } from './terms.js';

/** Tracks must share this many processed frames: one can be a detector's slip. */
const framesMin = 2;
/** Boxes that overlap this much are taken as one face found twice. */
const duplicateIou = 0.5;

/**
 * Pairs of tracks, by place in `tracks` and ascending, that are seen apart in at least two frames.
 * Mirrors, photos and split screens break the rule that these are two people; a human edit mends it.
 */
export function seenTogether(tracks: readonly Pick<Track, 'frames'>[]): Pair[] {
  const byFrame = new Map<number, { readonly track: number; readonly box: Bbox }[]>();
  for (const [track, { frames }] of tracks.entries()) {
    for (const [frame, box] of frames) {
      const others = byFrame.get(frame);
      if (others === undefined) byFrame.set(frame, [{ track, box }]);
      else others.push({ track, box });
    }
  }
  const counts = new Map<number, number>();
  for (const faces of byFrame.values()) {
    for (const [index, one] of faces.entries()) {
      for (const other of faces.slice(index + 1)) {
        if (iou(one.box, other.box) >= duplicateIou) continue;
        const key = one.track * tracks.length + other.track;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
    }
  }
  return [...counts]
    .filter(([, count]) => count >= framesMin)
    .map(([key]) => key)
    .sort((one, other) => one - other)
    .map((key): Pair => [Math.floor(key / tracks.length), key % tracks.length]);
}

function iou(a: Bbox, b: Bbox): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}
