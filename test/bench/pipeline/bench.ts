// What every row is handed, and what it gives: lines of one table. A row measures and says; the
// table's look, the choice of rows and the folder that is removed at the end are measure.ts's.
import type { Material } from './material.js';

/** One line of the table; what does not apply is left out. */
export interface Line {
  readonly what: string;
  /** What `sa` took. */
  readonly sa: string;
  /** What the peer took, or why there is none. */
  readonly beside?: string;
  readonly ratio?: string;
  /** What issue or README promises. */
  readonly wanted?: string;
}

export interface Bench {
  /** A folder of this run's own. */
  readonly folder: string;
  readonly material: Material;
  /** One line is done: it is shown at once and stands in the table at the end. */
  readonly line: (line: Line) => void;
  /** What is going on, for whoever waits. */
  readonly note: (text: string) => void;
}

/** One letter of the table. */
export interface Row {
  readonly letter: string;
  readonly measure: (bench: Bench) => Promise<void>;
}

/** `1.234 s` with a few digits that mean something. */
export function seconds(value: number): string {
  return value < 1 ? `${(1000 * value).toFixed(value < 0.01 ? 2 : 0)} ms` : `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

export function times(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)}x`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function mebibytes(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
