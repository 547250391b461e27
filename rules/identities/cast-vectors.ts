// The gallery's people as directions, and how like them a set of tracks is. Pure.
import type { Cast } from '../../src/stage/artifacts.js';

export interface CastPeople {
  readonly names: readonly string[];
  /** One unit vector a name: the mean direction of that person's pictures. */
  readonly vectors: readonly Float64Array[];
}

/** Rows belong to the pictures without a rejection. */
export function castPeople(
  { pictures }: Pick<Cast, 'pictures'>,
  { rows, dim, data }: { readonly rows: number; readonly dim: number; readonly data: Float32Array },
): CastPeople {
  const used = pictures.filter(({ rejection_reason }) => rejection_reason === undefined);
  if (used.length !== rows) throw new Error(`${rows} vectors for ${used.length} pictures of the cast`);
  const sums = new Map<string, Float64Array>();
  for (const [row, { person }] of used.entries()) {
    const sum = sums.get(person) ?? new Float64Array(dim);
    sums.set(person, sum);
    for (let at = 0; at < dim; at++) sum[at]! += data[row * dim + at]!;
  }
  return { names: [...sums.keys()], vectors: [...sums.values()].map(unit) };
}

/** A track's prototype, and how many pictures stand behind it. */
export interface SeenTrack {
  readonly vector: Float32Array;
  readonly weight: number;
}

/** How much of an identity must be like a person: its clearest tracks that hold this share of its pictures. */
const clearShare = 1 / 3;

/**
 * Cosine to each person of the mean direction of the tracks most like that person; undefined
 * without any track. All tracks would let blurred ones hide a clear view; the single best one would
 * let a stray track name everybody else's.
 */
export function cosinesTo(people: CastPeople, tracks: readonly SeenTrack[]): number[] | undefined {
  if (tracks.length === 0) return undefined;
  const total = tracks.reduce((sum, { weight }) => sum + weight, 0);
  return people.vectors.map((person) => {
    const ranked = tracks.map((track) => ({ ...track, cosine: dot(track.vector, person) }));
    ranked.sort((one, other) => other.cosine - one.cosine);
    const sum = new Float64Array(person.length);
    let held = 0;
    for (const { vector, weight } of ranked) {
      for (let at = 0; at < sum.length; at++) sum[at]! += weight * vector[at]!;
      held += weight;
      if (held >= clearShare * total) break;
    }
    return dot(unit(sum), person);
  });
}

function dot(left: Float32Array | Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < right.length; at++) sum += left[at]! * right[at]!;
  return sum;
}

function unit(sum: Float64Array): Float64Array {
  const norm = Math.hypot(...sum);
  return norm < 1e-9 ? sum : sum.map((value) => value / norm);
}
