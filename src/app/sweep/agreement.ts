// How far two groupings of an episode's faces say the same. Faces are told by frame and box, so that
// groupings of different tracks can be compared. Pure.
import type { Bbox, Identities, Track } from '../../stage/artifacts.js';

/** One grouping: which tracks there are and which identity has which. */
export interface Grouping {
  readonly tracks: readonly Track[];
  readonly identities: Identities;
}

export interface Agreement {
  /** 1: the same groups; about 0: no more alike than by chance. Of the faces that both groupings have. */
  readonly adjusted_rand: number;
  /** Seconds of faces that one of the groupings lacks or has under another identity. */
  readonly moved_s: number;
}

/** Two boxes of one frame that overlap this much are one face. */
const sameFaceIou = 0.5;

/**
 * Compares `now` with `before` on the frames that both looked at; `secondsOf` says how long a stretch of
 * frames lasts. An identity of `now` counts as the one of `before` with which it shares most time, the
 * largest share first.
 */
export function agreement(
  now: Grouping,
  before: Grouping,
  secondsOf: (from: number, frames: number) => number,
): Agreement {
  const step = commonStep(now, before);
  const faces = facesByFrame(before, step);
  const shared = new Map<string, Map<string, Cell>>();
  let moved = 0;
  for (const [frame, boxes] of facesByFrame(now, step)) {
    const others = faces.get(frame) ?? [];
    const seconds = secondsOf(frame, step);
    for (const { box, identity } of boxes) {
      const other = takeSame(others, box);
      if (other === undefined) moved += seconds;
      else count(shared, identity, other.identity, seconds);
    }
  }
  for (const [frame, left] of faces) moved += left.length * secondsOf(frame, step);
  const cells = [...shared].flatMap(([one, row]) => [...row].map(([other, cell]) => ({ one, other, ...cell })));
  return {
    adjusted_rand: adjustedRand(cells.map(({ one, other, samples }) => [one, other, samples])),
    moved_s: moved + unmatchedSeconds(cells),
  };
}

/** Adjusted Rand index of a contingency table given as [row, column, count]. */
export function adjustedRand(cells: readonly (readonly [row: string, column: string, count: number])[]): number {
  const pairs = (n: number): number => (n * (n - 1)) / 2;
  const [rows, columns] = [new Map<string, number>(), new Map<string, number>()];
  let total = 0;
  let together = 0;
  for (const [row, column, n] of cells) {
    rows.set(row, (rows.get(row) ?? 0) + n);
    columns.set(column, (columns.get(column) ?? 0) + n);
    total += n;
    together += pairs(n);
  }
  const inRows = [...rows.values()].reduce((sum, n) => sum + pairs(n), 0);
  const inColumns = [...columns.values()].reduce((sum, n) => sum + pairs(n), 0);
  const byChance = total < 2 ? 0 : (inRows * inColumns) / pairs(total);
  const most = (inRows + inColumns) / 2;
  // All alone in both, or all in one group in both: the same.
  return most === byChance ? 1 : (together - byChance) / (most - byChance);
}

interface Cell {
  samples: number;
  seconds: number;
}

interface FaceOf {
  readonly box: Bbox;
  readonly identity: string;
}

// Every n-th frame was looked at: the greatest common divisor of those with faces says which.
function commonStep(...groupings: readonly Grouping[]): number {
  const steps = groupings.map(({ tracks }) => {
    let step = 0;
    for (const { frames } of tracks) for (const [index] of frames) step = commonDivisor(step, index);
    return step || 1;
  });
  return steps.reduce((one, other) => (one * other) / commonDivisor(one, other), 1);
}

function commonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function facesByFrame({ tracks, identities }: Grouping, step: number): Map<number, FaceOf[]> {
  const owner = new Map(
    identities.identities.flatMap(({ identity_id, track_ids }) => track_ids.map((id) => [id, identity_id])),
  );
  const faces = new Map<number, FaceOf[]>();
  for (const { track_id, frames } of tracks) {
    const identity = owner.get(track_id) ?? track_id;
    for (const [frame, box] of frames) {
      if (frame % step !== 0) continue;
      const list = faces.get(frame);
      if (list === undefined) faces.set(frame, [{ box, identity }]);
      else list.push({ box, identity });
    }
  }
  return faces;
}

// The face that overlaps most is taken out, so that it is nobody else's too.
function takeSame(faces: FaceOf[], box: Bbox): FaceOf | undefined {
  let best = -1;
  let bestIou = sameFaceIou;
  for (const [index, face] of faces.entries()) {
    const iou = iouOf(face.box, box);
    if (iou >= bestIou && (best < 0 || iou > bestIou)) [best, bestIou] = [index, iou];
  }
  return best < 0 ? undefined : faces.splice(best, 1)[0];
}

function iouOf(a: Bbox, b: Bbox): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}

function count(shared: Map<string, Map<string, Cell>>, one: string, other: string, seconds: number): void {
  let row = shared.get(one);
  if (row === undefined) shared.set(one, (row = new Map<string, Cell>()));
  const cell = row.get(other);
  if (cell === undefined) row.set(other, { samples: 1, seconds });
  else {
    cell.samples++;
    cell.seconds += seconds;
  }
}

function unmatchedSeconds(cells: readonly (Cell & { readonly one: string; readonly other: string })[]): number {
  const [ones, others] = [new Set<string>(), new Set<string>()];
  const byName = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
  const largestFirst = [...cells].sort(
    (a, b) => b.seconds - a.seconds || byName(a.one, b.one) || byName(a.other, b.other),
  );
  let moved = 0;
  for (const { one, other, seconds } of largestFirst) {
    if (ones.has(one) || others.has(other)) moved += seconds;
    else {
      ones.add(one);
      others.add(other);
    }
  }
  return moved;
}
