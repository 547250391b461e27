// Greedy non-maximum suppression: of boxes that overlap too much only the best stays. Pure.

/** Boxes with scores, and how much overlap is one face too many. */
export interface SuppressionInput {
  /** x1, y1, x2, y2 of each box, flat. */
  readonly boxes: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
  /** Number of boxes; all of `scores` when left out. */
  readonly count?: number;
  /** A box goes when its overlap with a better one is above this. */
  readonly iouMax: number;
  /**
   * `plain` measures boxes as they are (default). `inclusive` counts the last pixel too, width
   * x2 - x1 + 1, as InsightFace does; only sensible in pixels.
   */
  readonly area?: 'plain' | 'inclusive';
  /** Only this many best boxes are looked at; 5000 when left out, as the reference code does. */
  readonly candidatesMax?: number;
}

/**
 * Indices of the boxes that stay, best first. Equal scores keep the order of their indices, so the
 * result depends on nothing but the numbers. O(n x kept).
 * Source: Neubeck and Van Gool, "Efficient Non-Maximum Suppression", ICPR 2006.
 */
export function nonMaxSuppression(input: SuppressionInput): number[] {
  const { boxes, scores, iouMax } = input;
  const extra = input.area === 'inclusive' ? 1 : 0;
  const order = Array.from({ length: input.count ?? scores.length }, (_, index) => index);
  order.sort((a, b) => scores[b]! - scores[a]! || a - b);
  order.length = Math.min(order.length, input.candidatesMax ?? 5000);
  const kept: number[] = [];
  for (const index of order) {
    if (!kept.some((better) => overlap(boxes, better * 4, index * 4, extra) > iouMax)) kept.push(index);
  }
  return kept;
}

function overlap(boxes: ArrayLike<number>, a: number, b: number, extra: number): number {
  const width = Math.min(boxes[a + 2]!, boxes[b + 2]!) - Math.max(boxes[a]!, boxes[b]!) + extra;
  if (width <= 0) return 0;
  const height = Math.min(boxes[a + 3]!, boxes[b + 3]!) - Math.max(boxes[a + 1]!, boxes[b + 1]!) + extra;
  if (height <= 0) return 0;
  const shared = width * height;
  return shared / (area(boxes, a, extra) + area(boxes, b, extra) - shared);
}

function area(boxes: ArrayLike<number>, at: number, extra: number): number {
  return (boxes[at + 2]! - boxes[at]! + extra) * (boxes[at + 3]! - boxes[at + 1]! + extra);
}
