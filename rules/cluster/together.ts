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
  const pairs: Pair[] = [];
  for (const [one, { frames }] of tracks.entries()) {
    for (let other = one + 1; other < tracks.length; other++)
      if (areSeenApart(frames, tracks[other]!.frames)) pairs.push([one, other]);
  }
  return pairs;
}

// Both ascend by frame, and most pairs of an episode never meet.
function areSeenApart(ones: Track['frames'], others: Track['frames']): boolean {
  if (ones.length === 0 || others.length === 0) return false;
  if (ones.at(-1)![0] < others[0]![0] || others.at(-1)![0] < ones[0]![0]) return false;
  let apart = 0;
  for (let at = 0, beside = 0; at < ones.length && beside < others.length;) {
    const [frame, box] = ones[at]!;
    const [otherFrame, otherBox] = others[beside]!;
    if (frame === otherFrame && iou(box, otherBox) < duplicateIou && ++apart >= framesMin) return true;
    if (frame <= otherFrame) at++;
    if (otherFrame <= frame) beside++;
  }
  return false;
}

function iou(a: Bbox, b: Bbox): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}
