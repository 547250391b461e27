// Reads the shared clustering references: rows, expected labels and heights of each case.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Linkage } from '../../../rules/cluster/agglomerate.js';

export interface Expectation {
  readonly linkage: Linkage;
  readonly threshold: number;
  readonly labels: readonly number[];
  /** How close the threshold lies to the nearest merge. */
  readonly gap: number;
}

export interface Reference {
  readonly name: string;
  readonly file: string;
  readonly count: number;
  readonly dim: number;
  readonly expected: readonly Expectation[];
  readonly heights: ReadonlyMap<Linkage, Float64Array>;
}

interface StoredCase {
  readonly name: string;
  readonly input: string;
  readonly n: number;
  readonly dim: number;
  readonly labels?: string;
  readonly heights?: Readonly<Record<Linkage, string>>;
  readonly expected: readonly {
    linkage: Linkage;
    threshold: number;
    row?: number;
    labels?: number[];
    nearest_merge_gap?: number;
  }[];
}

export function readReferences(folder: string): Reference[] {
  const document = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as { cases: StoredCase[] };
  return document.cases.map((stored) => {
    const rows = stored.labels === undefined ? undefined : new Int32Array(bodyOf(join(folder, stored.labels)));
    return {
      name: stored.name,
      file: join(folder, stored.input),
      count: stored.n,
      dim: stored.dim,
      expected: stored.expected.map(({ linkage, threshold, row, labels, nearest_merge_gap: gap = Infinity }) => ({
        gap,
        linkage,
        threshold,
        labels: labels ?? [...rows!.subarray(row! * stored.n, (row! + 1) * stored.n)],
      })),
      heights: new Map(
        Object.entries(stored.heights ?? {}).map(([linkage, file]) => [
          linkage as Linkage,
          new Float64Array(bodyOf(join(folder, file))),
        ]),
      ),
    };
  });
}

export function referenceVectors(reference: Reference): { vectors: Float32Array; count: number; dim: number } {
  return { vectors: new Float32Array(bodyOf(reference.file)), count: reference.count, dim: reference.dim };
}

/** The numbers of a .npy file of version 1.0, whose header says how long itself is. */
function bodyOf(path: string): ArrayBuffer {
  const bytes = readFileSync(path);
  const start = 10 + bytes.readUInt16LE(8);
  return new Uint8Array(bytes.subarray(start)).buffer;
}
