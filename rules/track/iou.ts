// How much two boxes overlap, in the ways that tracking needs. Pure.

/** [x1, y1, x2, y2] in pixels. */
export type Box = readonly [number, number, number, number];

/** `reference` adds one pixel to every width and height, as ByteTrack's own code does. */
export type IouKind = 'reference' | 'plain';

/** Intersection over union of two boxes, 0..1. */
export function iou(a: Box, b: Box, kind: IouKind): number {
  const extra = kind === 'reference' ? 1 : 0;
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]) + extra;
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]) + extra;
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (area(a, extra) + area(b, extra) - shared);
}

/** The box grown by `share` of its width on the left and right and of its height above and below. */
export function grown(box: Box, share: number): Box {
  const dx = (box[2] - box[0]) * share;
  const dy = (box[3] - box[1]) * share;
  return [box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy];
}

function area(box: Box, extra: number): number {
  return (box[2] - box[0] + extra) * (box[3] - box[1] + extra);
}
