// Raw boxes on their way from a network to the detections: columns of numbers that grow once and
// are then reused for every frame. It holds values and decides nothing.
import type { Corners } from '../media/geometry.js';

/** Boxes with scores and five points each, stored flat: 4, 1 and 10 numbers a candidate. */
export class Candidates {
  count = 0;
  scores = new Float64Array(64);
  boxes = new Float64Array(64 * 4);
  points = new Float64Array(64 * 10);

  /** Forgets all candidates and keeps the memory. */
  clear(): void {
    this.count = 0;
  }

  /** Adds a box (x1, y1, x2, y2) and returns its index; its points are for the caller to set. */
  add(score: number, x1: number, y1: number, x2: number, y2: number): number {
    if (this.count === this.scores.length) this.#grow();
    const index = this.count;
    this.count += 1;
    this.scores[index] = score;
    this.boxes[index * 4] = x1;
    this.boxes[index * 4 + 1] = y1;
    this.boxes[index * 4 + 2] = x2;
    this.boxes[index * 4 + 3] = y2;
    return index;
  }

  /** Corners of one box. */
  box(index: number): Corners {
    const at = index * 4;
    return [this.boxes[at]!, this.boxes[at + 1]!, this.boxes[at + 2]!, this.boxes[at + 3]!];
  }

  /** Copies candidate `from` over candidate `to`; used to drop some in place. */
  move(from: number, to: number): void {
    if (from === to) return;
    this.scores[to] = this.scores[from]!;
    this.boxes.copyWithin(to * 4, from * 4, from * 4 + 4);
    this.points.copyWithin(to * 10, from * 10, from * 10 + 10);
  }

  #grow(): void {
    const doubled = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const grown = new Float64Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.scores = doubled(this.scores);
    this.boxes = doubled(this.boxes);
    this.points = doubled(this.points);
  }
}
