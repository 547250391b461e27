// MOTChallenge text files (frame, id, x, y, w, h, score, ...) for the tracking references.
import { readFileSync } from 'node:fs';
import type { Box } from '../../rules/track/iou.js';

export interface MotRow {
  readonly frame: number;
  readonly id: number;
  readonly box: Box;
  readonly score: number;
}

/** Every row of a MOTChallenge file, boxes as corners. */
export function readMot(path: string): MotRow[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [frame, id, x, y, w, h, score] = line.split(',').map(Number) as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      return { frame, id, box: [x, y, x + w, y + h], score };
    });
}

/** The rows as the tracker takes them: every frame from 1 to the last, empty ones too. */
export function framesOf(rows: readonly MotRow[]): { index: number; boxes: Box[]; scores: number[] }[] {
  const last = Math.max(...rows.map((row) => row.frame));
  return Array.from({ length: last }, (_, i) => {
    const here = rows.filter((row) => row.frame === i + 1);
    return { index: i + 1, boxes: here.map((row) => row.box), scores: here.map((row) => row.score) };
  });
}
