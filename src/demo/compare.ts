// How far a result is from what is known about the demo episode: which identity is which person,
// and the seconds between them. Pure.
import { round6 } from '../stage/artifacts.js';
import type { ExportedEpisode, ExportedFace } from '../export/json.js';
import type { Box } from './script.js';
import type { DemoTruth, Interval } from './truth.js';

interface PersonComparison {
  readonly name: string;
  /** The identity that has most of this person's faces; undefined when the person was not found. */
  readonly id: string | undefined;
  readonly known_s: number;
  readonly measured_s: number;
  /** measured_s - known_s. */
  readonly error_s: number;
  /** Known seconds that the identity lacks, and seconds of the identity that are not the person's. */
  readonly missed_s: number;
  readonly extra_s: number;
}

export interface Comparison {
  /** In the order of their names. */
  readonly people: readonly PersonComparison[];
  /** Identities that are no person's own: pieces of somebody, mixtures, or no face at all. */
  readonly unmatched: readonly { readonly id: string; readonly seconds: number }[];
}

/** Boxes that overlap less are not the same face. */
const overlapMin = 0.3;

/**
 * Maps identities to people one to one by their faces: a face votes for whoever's known box it
 * covers in its frame, the pair with most votes is taken first. Intervals alone could not tell
 * apart two people who are always seen together.
 */
export function compareWithTruth(exported: ExportedEpisode, truth: DemoTruth): Comparison {
  const intervalsOf = new Map(exported.identities.map(({ id, intervals }) => [id, intervals]));
  // Who is only among the others has no row in the table, and so was not found.
  const faces = exported.faces.filter(({ id }) => intervalsOf.has(id));
  const idOf = mapByVotes(countVotes(faces, truth));
  const people = truth.people.map(({ name, visible, visible_s }) => {
    const id = idOf.get(name);
    const measured = (id !== undefined && intervalsOf.get(id)) || [];
    const both = shared(visible, measured);
    const measuredSeconds = total(measured);
    return {
      name,
      id,
      known_s: visible_s,
      measured_s: round6(measuredSeconds),
      error_s: round6(measuredSeconds - visible_s),
      missed_s: round6(visible_s - both),
      extra_s: round6(measuredSeconds - both),
    };
  });
  const taken = new Set(idOf.values());
  const unmatched = exported.identities
    .filter(({ id }) => !taken.has(id))
    .map(({ id, intervals }) => ({ id, seconds: round6(total(intervals)) }));
  return { people, unmatched };
}

/** The table that `sa demo` prints, one line of text each. */
export function comparisonLines({ people, unmatched }: Comparison): string[] {
  const rows = people.map(({ name, id, known_s, measured_s, error_s }) => [
    name,
    known_s.toFixed(2),
    measured_s.toFixed(2),
    `${error_s < 0 ? '-' : '+'}${Math.abs(error_s).toFixed(2)}`,
    id ?? 'not found',
  ]);
  const table = [['person', 'known s', 'measured s', 'off by s', 'identity'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column >= 1 && column <= 3 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  return [...lines, '', summary(people, unmatched)];
}

function summary(people: Comparison['people'], unmatched: Comparison['unmatched']): string {
  const found = people.filter(({ id }) => id !== undefined).length;
  const errors = people.map(({ error_s }) => Math.abs(error_s));
  const mean = errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
  const further = unmatched.length === 0 ? 'no' : String(unmatched.length);
  return [
    `${found} of ${people.length} people found, ${further} further ${unmatched.length === 1 ? 'identity' : 'identities'};`,
    `off by ${mean.toFixed(2)} s on average, ${Math.max(0, ...errors).toFixed(2)} s at most`,
  ].join(' ');
}

interface Votes {
  readonly name: string;
  readonly id: string;
  readonly count: number;
}

function countVotes(faces: readonly ExportedFace[], truth: DemoTruth): Votes[] {
  const counts = new Map<string, { name: string; id: string; count: number }>();
  for (const { t, id, x, y, w, h } of faces) {
    const known = truth.faces[Math.round(t * truth.fps)] ?? [];
    const best = known
      .map(({ name, box }) => ({ name, overlap: overlap(box, [x, y, x + w, y + h]) }))
      .reduce((a, b) => (b.overlap > a.overlap ? b : a), { name: '', overlap: 0 });
    if (best.overlap < overlapMin) continue;
    const key = JSON.stringify([best.name, id]);
    const vote = counts.get(key) ?? { name: best.name, id, count: 0 };
    vote.count += 1;
    counts.set(key, vote);
  }
  return [...counts.values()];
}

function mapByVotes(votes: readonly Votes[]): ReadonlyMap<string, string> {
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const sorted = [...votes].sort((a, b) => b.count - a.count || order(a.name, b.name) || order(a.id, b.id));
  const idOf = new Map<string, string>();
  const taken = new Set<string>();
  for (const { name, id } of sorted) {
    if (idOf.has(name) || taken.has(id)) continue;
    idOf.set(name, id);
    taken.add(id);
  }
  return idOf;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = (box: Box): number => (box[2] - box[0]) * (box[3] - box[1]);
  return (width * height) / (area(a) + area(b) - width * height);
}

function total(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, { start_s, end_s }) => sum + end_s - start_s, 0);
}

/** Seconds that are in both; each list's intervals lie apart. */
function shared(a: readonly Interval[], b: readonly Interval[]): number {
  return a
    .flatMap((one) => b.map((other) => Math.min(one.end_s, other.end_s) - Math.max(one.start_s, other.start_s)))
    .reduce((sum, seconds) => sum + Math.max(0, seconds), 0);
}
