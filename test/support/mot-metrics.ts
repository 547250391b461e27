// Scores tracks against the truth as TrackEval does: HOTA (Luiten et al., IJCV 2021), CLEAR MOT
// (Bernardin and Stiefelhagen, 2008) and identity F1 (Ristani et al., 2016). For tests and tuning.
import { assignBelow } from '../../rules/track/assignment.js';
import { iou } from '../../rules/track/iou.js';
import type { MotRow } from './mot.js';

export interface TrackScores {
  readonly HOTA: number;
  readonly DetA: number;
  readonly AssA: number;
  readonly MOTA: number;
  readonly IDF1: number;
  readonly TP: number;
  readonly FN: number;
  readonly FP: number;
  readonly IDSW: number;
}

interface Step {
  readonly truth: readonly MotRow[];
  readonly found: readonly MotRow[];
  readonly overlaps: readonly (readonly number[])[];
}

const epsilon = 2 ** -52;

/** Scores one sequence; a match needs IoU 0.5, HOTA averages over 0.05, 0.10 .. 0.95. */
export function scoreTracks(truth: readonly MotRow[], found: readonly MotRow[]): TrackScores {
  const steps = pairUp(truth, found);
  return { ...clear(steps), ...hota(steps), IDF1: identityF1(steps) };
}

function pairUp(truth: readonly MotRow[], found: readonly MotRow[]): Step[] {
  const truthByFrame = groupBy(truth, (row) => row.frame);
  const foundByFrame = groupBy(found, (row) => row.frame);
  const frames = [...new Set([...truthByFrame.keys(), ...foundByFrame.keys()])].sort((a, b) => a - b);
  return frames.map((frame) => {
    const here = { truth: truthByFrame.get(frame) ?? [], found: foundByFrame.get(frame) ?? [] };
    return { ...here, overlaps: here.truth.map((t) => here.found.map((f) => iou(t.box, f.box, 'plain'))) };
  });
}

/** Pairs [truth, found] of greatest total score; pairs that score nothing are left out. */
function bestPairs(scores: readonly (readonly number[])[]): [number, number][] {
  const columns = assignBelow(
    scores.map((row) => row.map((score) => -score)),
    0,
  );
  return columns.flatMap((column, row) => (column < 0 ? [] : [[row, column] as [number, number]]));
}

function clear(steps: readonly Step[]): Pick<TrackScores, 'MOTA' | 'TP' | 'FN' | 'FP' | 'IDSW'> {
  const lastId = new Map<number, number>();
  let before = new Map<number, number>();
  const sum = { TP: 0, FN: 0, FP: 0, IDSW: 0 };
  for (const { truth, found, overlaps } of steps) {
    const pairs = bestPairs(
      overlaps.map((row, t) =>
        row.map((overlap, f) => {
          if (overlap < 0.5 - epsilon) return 0;
          return overlap + (before.get(truth[t]!.id) === found[f]!.id ? 1000 : 0);
        }),
      ),
    );
    if (truth.length > 0 && found.length > 0) before = new Map();
    for (const [t, f] of pairs) {
      const [person, track] = [truth[t]!.id, found[f]!.id];
      if ((lastId.get(person) ?? track) !== track) sum.IDSW += 1;
      lastId.set(person, track);
      before.set(person, track);
    }
    sum.TP += pairs.length;
    sum.FN += truth.length - pairs.length;
    sum.FP += found.length - pairs.length;
  }
  return { ...sum, MOTA: (sum.TP - sum.FP - sum.IDSW) / (sum.TP + sum.FN) };
}

function identityF1(steps: readonly Step[]): number {
  const together = new PairSums(steps);
  for (const { truth, found, overlaps } of steps) {
    for (const [t, row] of overlaps.entries()) {
      for (const [f, overlap] of row.entries()) {
        if (overlap >= 0.5 - epsilon) together.add(truth[t]!.id, found[f]!.id, 1);
      }
    }
  }
  const matched = bestPairs(together.sums).reduce((sum, [t, f]) => sum + together.sums[t]![f]!, 0);
  return (2 * matched) / (total(together.truthCounts) + total(together.foundCounts));
}

function hota(steps: readonly Step[]): Pick<TrackScores, 'HOTA' | 'DetA' | 'AssA'> {
  const potential = new PairSums(steps);
  for (const { truth, found, overlaps } of steps) {
    const foundSums = found.map((_, f) => total(overlaps.map((row) => row[f]!)));
    for (const [t, row] of overlaps.entries()) {
      const truthSum = total(row);
      for (const [f, overlap] of row.entries()) {
        if (overlap > 0) potential.add(truth[t]!.id, found[f]!.id, overlap / (truthSum + foundSums[f]! - overlap));
      }
    }
  }
  const alignment = (person: number, track: number): number => potential.jaccard(person, track);
  const alphas = Array.from({ length: 19 }, (_, i) => 0.05 * (i + 1));
  const matches = alphas.map(() => new PairSums(steps));
  for (const { truth, found, overlaps } of steps) {
    const scores = overlaps.map((row, t) => row.map((overlap, f) => overlap * alignment(truth[t]!.id, found[f]!.id)));
    for (const [t, f] of bestPairs(scores)) {
      for (const [a, alpha] of alphas.entries()) {
        if (overlaps[t]![f]! >= alpha - epsilon) matches[a]!.add(truth[t]!.id, found[f]!.id, 1);
      }
    }
  }
  const rows = matches.map((sums) => {
    const hits = total(sums.sums.map(total));
    const DetA = hits / (total(sums.truthCounts) + total(sums.foundCounts) - hits);
    const AssA = sums.agreement() / Math.max(1, hits);
    return { DetA, AssA, HOTA: Math.sqrt(DetA * AssA) };
  });
  const mean = (key: 'HOTA' | 'DetA' | 'AssA'): number => total(rows.map((row) => row[key])) / rows.length;
  return { HOTA: mean('HOTA'), DetA: mean('DetA'), AssA: mean('AssA') };
}

/** A sum for each pair of a true person and a found track, beside how often each was there. */
class PairSums {
  readonly sums: number[][];
  readonly truthCounts: number[];
  readonly foundCounts: number[];
  readonly #truthRow: Map<number, number>;
  readonly #foundColumn: Map<number, number>;

  constructor(steps: readonly Step[]) {
    const count = (rows: readonly MotRow[]): [Map<number, number>, number[]] => {
      const groups = groupBy(rows, (row) => row.id);
      const places = new Map([...groups.keys()].map((id, place) => [id, place]));
      return [places, [...groups.values()].map((group) => group.length)];
    };
    [this.#truthRow, this.truthCounts] = count(steps.flatMap((step) => step.truth));
    [this.#foundColumn, this.foundCounts] = count(steps.flatMap((step) => step.found));
    this.sums = this.truthCounts.map(() => this.foundCounts.map(() => 0));
  }

  add(person: number, track: number, amount: number): void {
    this.sums[this.#truthRow.get(person)!]![this.#foundColumn.get(track)!]! += amount;
  }

  jaccard(person: number, track: number): number {
    const [t, f] = [this.#truthRow.get(person)!, this.#foundColumn.get(track)!];
    const both = this.sums[t]![f]!;
    return both / (this.truthCounts[t]! + this.foundCounts[f]! - both);
  }

  agreement(): number {
    return total(
      this.sums.map((row, t) =>
        total(row.map((both, f) => (both * both) / Math.max(1, this.truthCounts[t]! + this.foundCounts[f]! - both))),
      ),
    );
  }
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function groupBy(rows: readonly MotRow[], key: (row: MotRow) => number): Map<number, MotRow[]> {
  const groups = new Map<number, MotRow[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}
