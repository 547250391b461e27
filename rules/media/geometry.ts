// Plain geometry of boxes and sizes that several rules share. Boxes are [x1, y1, x2, y2] in
// whatever unit the caller uses, without a "+1". It knows no picture and no artifact.

/** Corners of an axis-parallel box, x to the right and y down. */
export type Corners = readonly [x1: number, y1: number, x2: number, y2: number];

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** A rectangle inside a picture, in its pixels; fractions are allowed. */
export interface Region extends Size {
  readonly x: number;
  readonly y: number;
}

/** Area of a box; 0 when its corners are out of order. */
function boxArea([x1, y1, x2, y2]: Corners): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Intersection over union of two boxes, 0..1; 0 when both are empty. */
export function intersectionOverUnion(a: Corners, b: Corners): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (boxArea(a) + boxArea(b) - shared);
}

/**
 * Largest size with the aspect of `picture` inside `box`, sides truncated and at least 1 (the rule
 * of InsightFace and of the frame server's `fit`). A picture that was already scaled to `box` is
 * kept as it is, so that its truncated side is not stretched by one more pixel.
 */
export function fitInside(picture: Size, box: Size): Size {
  const inside = picture.width <= box.width && picture.height <= box.height;
  if (inside && (picture.width > box.width - 1.5 || picture.height > box.height - 1.5)) return picture;
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const side = (length: number): number => Math.max(1, Math.floor(length * scale + 1e-6));
  return { width: side(picture.width), height: side(picture.height) };
}

/** `length` rounded up to a multiple of `step`. */
export function roundUp(length: number, step: number): number {
  return Math.ceil(length / step) * step;
}
