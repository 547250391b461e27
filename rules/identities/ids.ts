// The id of each identity, so that ids stay with their people: those that a person had kept go to
// whoever overlaps them most; everybody else is named after the track at their core. Pure: nothing
// but the groups, the tracks and the kept ids decides, never what was built before.
import { assignBelow } from '../track/assignment.js';

export interface IdInput {
  /** After edits, in the order in which ids are to be given. */
  readonly groups: readonly { readonly tracks: readonly number[]; readonly origin: number | undefined }[];
  /** Clusters before edits, which `origin` counts. */
  readonly clusters: readonly (readonly number[])[];
  /** Number of each track: 42 for track-00042. */
  readonly numbers: readonly number[];
  /** Pictures of each track. */
  readonly weights: readonly number[];
  /** The track that a set of tracks is built around. */
  readonly coreOf: (tracks: readonly number[]) => number;
  /** Kept ids with the tracks they were found in, and the seconds that speak for each. */
  readonly kept: readonly KeptTracks[];
}

export interface KeptTracks {
  readonly id: string;
  readonly tracks: readonly { readonly track: number; readonly seconds: number }[];
}

/** An id for each group; no two are equal. */
export function assignIds(input: IdInput): string[] {
  const { groups, clusters, numbers, weights, coreOf, kept } = input;
  const ids = keptIds(groups, kept);
  // A kept id whose person is not there now is nobody else's.
  const taken = new Set(kept.map(({ id }) => id));
  const give = (group: number, wanted: readonly number[]): void => {
    const free = wanted.map((track) => idOf(numbers[track]!)).find((id) => !taken.has(id));
    const id = free ?? beyond(numbers, numbers[wanted[0]!]!, taken);
    taken.add(id);
    ids[group] = id;
  };
  const byWeight = (tracks: readonly number[]): number[] =>
    [...tracks].sort((one, other) => weights[other]! - weights[one]! || one - other);
  // First those that go on a cluster, also when an edit took its core away; then what edits made.
  for (const [group, { tracks, origin }] of groups.entries()) {
    if (ids[group] === undefined && origin !== undefined) give(group, [coreOf(clusters[origin]!), ...byWeight(tracks)]);
  }
  for (const [group, { tracks }] of groups.entries()) {
    if (ids[group] === undefined) give(group, [coreOf(tracks), ...byWeight(tracks)]);
  }
  return ids.map((id) => id!);
}

/** One to one, so that the seconds that groups share with the ids they get are most in all. */
function keptIds(groups: IdInput['groups'], kept: readonly KeptTracks[]): (string | undefined)[] {
  const groupOf = new Map(groups.flatMap(({ tracks }, group) => tracks.map((track) => [track, group])));
  const costs = kept.map(({ tracks }) => {
    const row = new Float64Array(groups.length);
    for (const { track, seconds } of tracks) row[groupOf.get(track)!]! -= seconds;
    return row;
  });
  const ids: (string | undefined)[] = groups.map(() => undefined);
  for (const [row, group] of assignBelow(costs, 0).entries()) if (group >= 0) ids[group] = kept[row]!.id;
  return ids;
}

function idOf(number: number): string {
  return `id_${String(number).padStart(4, '0')}`;
}

/** Past all tracks: an identity none of whose tracks has a number left. */
function beyond(numbers: readonly number[], wanted: number, taken: ReadonlySet<string>): string {
  let number = numbers.reduce((most, one) => Math.max(most, one), 0) + wanted;
  while (taken.has(idOf(number))) number++;
  return idOf(number);
}
