// Which parts of a full-size frame are looked at for a face. Pure. Whoever finds the face can say so
// long before tracks tell whether anybody will look.
import type { Bbox, Landmarks } from '../../src/stage/artifacts.js';
import type { FramePart } from '../../src/stage/frames.js';
import type { Size } from '../media/geometry.js';
import { squareAround } from '../media/picture.js';
import { mapFive, partUnderFace, type FivePoints } from './align.js';

/** Room around a thumbnail's face on each side, as a share of the box: hair and chin, little else. */
const thumbMargin = 0.3;

/** The square that a face's thumbnail shows; `bbox` in 0..1 of the frame. */
export function thumbnailSquare([x1, y1, x2, y2]: Bbox, frame: Size): FramePart {
  const { width, height } = frame;
  return squareAround([x1 * width, y1 * height, x2 * width, y2 * height], thumbMargin, frame);
}

/** A face's landmarks, given in 0..1 of the frame, in its pixels. */
export function pointsIn({ width, height }: Size, landmarks: Landmarks): FivePoints {
  return mapFive(landmarks, ([x, y]) => [x * width, y * height]);
}

/** All that is looked at for a face of a frame: what lies under its crop, and its thumbnail. Nothing where it cannot be aligned. */
export function partsOfFace(
  { bbox, landmarks }: { readonly bbox: Bbox; readonly landmarks: Landmarks | null },
  frame: Size,
): readonly FramePart[] {
  const underCrop = landmarks === null ? undefined : partUnderFace(pointsIn(frame, landmarks), frame);
  return underCrop === undefined ? [] : [underCrop, thumbnailSquare(bbox, frame)];
}

/** One part that holds all that is looked at for a face; undefined where nothing is. */
export function partAroundFace(face: Parameters<typeof partsOfFace>[0], frame: Size): FramePart | undefined {
  const [first, ...others] = partsOfFace(face, frame);
  if (first === undefined) return undefined;
  return others.reduce((sum, part) => {
    const [left, top] = [Math.min(sum.left, part.left), Math.min(sum.top, part.top)];
    const right = Math.max(sum.left + sum.width, part.left + part.width);
    const bottom = Math.max(sum.top + sum.height, part.top + part.height);
    return { left, top, width: right - left, height: bottom - top };
  }, first);
}
