// From the candidates of one or more passes to the faces of a frame: drops what a crop has cut,
// maps to 0..1 of the frame, suppresses overlaps once for all passes, and drops what is no
// plausible face. Pure but for the candidates it works on.
import type { Bbox, Landmarks } from '../../src/stage/artifacts.js';
import type { Size } from '../media/geometry.js';
import type { Candidates } from './candidates.js';
import type { Pass } from './passes.js';

/** A face in 0..1 of the frame. The box ends at the frame; points may lie beyond it. */
export interface FoundFace {
  readonly bbox: Bbox;
  readonly landmarks: Landmarks | null;
  /** As the network scored it. */
  readonly score: number;
  /** Mean score over several looks, or `score` where there was no doubt; only in frames that are looked at again. */
  readonly confirmedScore?: number;
}

/** Part of the crop's side that still counts as its edge: boxes of cut faces end near it. */
const edgeShare = 0.01;

/**
 * Maps candidates `first` and following, found by `pass` in pixels of its input, to 0..1 of the
 * frame, in place, and drops those that touch a side where the region was cut.
 */
export function placeInFrame(candidates: Candidates, first: number, pass: Pass, frame: Size): void {
  const { region, scaled, cut } = pass;
  const { boxes, points } = candidates;
  const scaleX = region.width / scaled.width / frame.width;
  const scaleY = region.height / scaled.height / frame.height;
  const left = region.x / frame.width;
  const top = region.y / frame.height;
  const edgeX = scaled.width * edgeShare;
  const edgeY = scaled.height * edgeShare;
  let kept = first;
  for (let index = first; index < candidates.count; index += 1) {
    const at = index * 4;
    if (cut.left && boxes[at]! < edgeX) continue;
    if (cut.top && boxes[at + 1]! < edgeY) continue;
    if (cut.right && boxes[at + 2]! > scaled.width - edgeX) continue;
    if (cut.bottom && boxes[at + 3]! > scaled.height - edgeY) continue;
    for (let corner = at; corner < at + 4; corner += 2) {
      boxes[corner] = boxes[corner]! * scaleX + left;
      boxes[corner + 1] = boxes[corner + 1]! * scaleY + top;
    }
    for (let point = index * 10; point < index * 10 + 10; point += 2) {
      points[point] = points[point]! * scaleX + left;
      points[point + 1] = points[point + 1]! * scaleY + top;
    }
    candidates.move(index, kept);
    kept += 1;
  }
  candidates.count = kept;
}

export interface Plausible {
  /** Upright size of the video: aspect and area are those of its pixels. */
  readonly video: Size;
  /** In square pixels of the video. */
  readonly areaMin: number;
}

/** A face is between half as wide as high and twice as wide; anything else is a mistake. */
const aspectMin = 0.5;
const aspectMax = 2;

/**
 * Drops, in place, boxes that are no plausible face: aspect outside 0.5..2 before the frame's edge
 * cuts it, or a visible area below the minimum.
 */
export function dropImplausible(candidates: Candidates, { video, areaMin }: Plausible): void {
  let kept = 0;
  for (let index = 0; index < candidates.count; index += 1) {
    const [x1, y1, x2, y2] = candidates.box(index);
    const aspect = ((x2 - x1) * video.width) / ((y2 - y1) * video.height);
    if (!(aspect >= aspectMin && aspect <= aspectMax)) continue;
    const width = (clamp01(x2) - clamp01(x1)) * video.width;
    const height = (clamp01(y2) - clamp01(y1)) * video.height;
    if (width <= 0 || height <= 0 || width * height < areaMin) continue;
    candidates.move(index, kept);
    kept += 1;
  }
  candidates.count = kept;
}

/** The candidates at `indices` as faces; `hasPoints` says whether their points mean anything. */
export function facesOf(candidates: Candidates, indices: readonly number[], hasPoints: boolean): FoundFace[] {
  return indices.map((index) => {
    const [x1, y1, x2, y2] = candidates.box(index);
    const points = candidates.points.subarray(index * 10, index * 10 + 10);
    return {
      bbox: [clamp01(x1), clamp01(y1), clamp01(x2), clamp01(y2)],
      landmarks: hasPoints ? landmarksOf(points) : null,
      score: candidates.scores[index]!,
    };
  });
}

/** Ten numbers x, y as five points. */
export function landmarksOf(points: ArrayLike<number>): Landmarks {
  const point = (index: number): [number, number] => [points[index * 2]!, points[index * 2 + 1]!];
  return [point(0), point(1), point(2), point(3), point(4)];
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
