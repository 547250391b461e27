// Whether two frames show the same faces, and where a face is between them. Pure.
import { intersectionOverUnion } from '../media/geometry.js';
import type { FoundFace } from './merge.js';

/** Boxes that overlap less are not taken for one face: it moved too far to say how. */
const overlapMin = 0.5;

/**
 * The faces that both frames show, in pairs, the closest boxes first; undefined where one that scores `scoreMin` in either
 * has no fellow in the other, or one that scores less.
 */
export function sameFaces(
  before: readonly FoundFace[],
  after: readonly FoundFace[],
  scoreMin: number,
): (readonly [FoundFace, FoundFace])[] | undefined {
  const near = before.flatMap((one) =>
    after.map((other) => ({ one, other, overlap: intersectionOverUnion(one.bbox, other.bbox) })),
  );
  const paired = new Set<FoundFace>();
  const pairs: (readonly [FoundFace, FoundFace])[] = [];
  for (const { one, other, overlap } of near.sort((a, b) => b.overlap - a.overlap)) {
    if (overlap < overlapMin || paired.has(one) || paired.has(other)) continue;
    paired.add(one).add(other);
    pairs.push([one, other]);
  }
  const counts = ({ score }: FoundFace): boolean => score >= scoreMin;
  const isAlone = [...before, ...after].some((face) => counts(face) && !paired.has(face));
  return isAlone || pairs.some(([one, other]) => counts(one) !== counts(other)) ? undefined : pairs;
}

/** A face on its straight way from one frame to another; `share` of it, 0..1, lies behind. */
export function faceBetween(before: FoundFace, after: FoundFace, share: number): FoundFace {
  const mix = (from: number, to: number): number => from + (to - from) * share;
  const [left, top, right, bottom] = before.bbox.map((edge, at) => mix(edge, after.bbox[at]!));
  const point = (at: number): [number, number] => {
    const [x, y] = before.landmarks![at]!;
    const [toX, toY] = after.landmarks![at]!;
    return [mix(x, toX), mix(y, toY)];
  };
  return {
    bbox: [left!, top!, right!, bottom!],
    landmarks: before.landmarks && after.landmarks && [point(0), point(1), point(2), point(3), point(4)],
    score: mix(before.score, after.score),
  };
}
