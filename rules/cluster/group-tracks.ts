// From tracks with vectors to groups of tracks: linkage, then what leaves a group, what joins one,
// and how close each group is. Pure; no names, no edits.
import { agglomerate } from './agglomerate.js';
import type { Pair } from './terms.js';
import { dot, meanDirection } from './vectors.js';

export interface GroupableTrack {
  /** Length 1; undefined when no face of the track could be embedded. */
  readonly vector: Float32Array | undefined;
  /** From its first to its last picture. */
  readonly seconds: number;
}

export interface GroupingOptions {
  /** Groups merge while the mean cosine between their tracks is above this. */
  readonly cosine: number;
  /** Pairs of places in the list of tracks that are different people. */
  readonly apart: readonly Pair[];
  /** Calibrated similarity of a cosine; all the figures below are calibrated. */
  readonly calibrated: (cosine: number) => number;
  /** A track less similar than this to its group's centroid leaves it. */
  readonly minIdentitySim: number;
  /** A smaller group is broken into single tracks. */
  readonly minClusterSize: number;
  /** Whether small groups join a clear and close large one. */
  readonly secondPass: boolean;
}

export interface TrackGroup {
  /** Places in the list of tracks, ascending. */
  readonly tracks: readonly number[];
  /** Calibrated similarity of each of them to the centroid; 1 for a track alone, 0 without a vector. */
  readonly similarities: readonly number[];
  /** Why a track stands alone though it did not have to. */
  readonly outlierReason?: string;
}

/** Distances below this are never asked for: rounding would decide. */
const distanceFloor = 0.01;
/** A group is large from this many tracks or seconds on. */
const coreTracks = 3;
const coreSeconds = 3;
/** Calibrated similarity to a large group, and lead over the next best, that let a small one join. */
const joinSimilarity = 0.5;
const joinLead = 0.1;

/** Groups in the order of their first tracks; every track is in exactly one. */
export function groupTracks(tracks: readonly GroupableTrack[], options: GroupingOptions): TrackGroup[] {
  let groups = linked(tracks, options);
  groups = groups.flatMap((group) => withoutStrangers(tracks, group, options));
  if (options.secondPass) groups = joined(tracks, groups, options);
  groups = groups.flatMap((group) => brokenIfSmall(group, options.minClusterSize));
  return groups
    .sort((one, other) => one.tracks[0]! - other.tracks[0]!)
    .map(({ tracks: members, outlierReason }) => ({
      tracks: members,
      similarities: similaritiesTo(tracks, members, options.calibrated),
      ...(outlierReason === undefined ? {} : { outlierReason }),
    }));
}

/** Calibrated similarity of each member to the mean direction of all of them. */
export function similaritiesTo(
  tracks: readonly Pick<GroupableTrack, 'vector'>[],
  members: readonly number[],
  calibrated: (cosine: number) => number,
): number[] {
  const centroid = meanDirection(members.flatMap((member) => tracks[member]!.vector ?? []));
  return members.map((member) => {
    const { vector } = tracks[member]!;
    if (vector === undefined || centroid === undefined) return 0;
    return members.length === 1 ? 1 : calibrated(dot(vector, centroid));
  });
}

interface Group {
  readonly tracks: readonly number[];
  readonly outlierReason?: string;
}

function linked(tracks: readonly GroupableTrack[], { cosine, apart }: GroupingOptions): Group[] {
  const places = tracks.flatMap(({ vector }, place) => (vector === undefined ? [] : [place]));
  const rowOf = new Map(places.map((place, row) => [place, row]));
  const dim = tracks[places[0] ?? 0]?.vector?.length ?? 1;
  const vectors = new Float32Array(places.length * dim);
  for (const [row, place] of places.entries()) vectors.set(tracks[place]!.vector!, row * dim);
  const { labels } = agglomerate({
    vectors,
    count: places.length,
    dim,
    linkage: 'average',
    distanceMax: Math.max(distanceFloor, 1 - cosine),
    cannotLink: apart.flatMap(([one, other]): Pair[] =>
      rowOf.has(one) && rowOf.has(other) ? [[rowOf.get(one)!, rowOf.get(other)!]] : [],
    ),
  });
  const groups = new Map<number, number[]>();
  for (const [row, label] of labels.entries()) groups.set(label, [...(groups.get(label) ?? []), places[row]!]);
  const alone = tracks.flatMap(({ vector }, place): Group[] =>
    vector === undefined ? [{ tracks: [place], outlierReason: 'no_embedding' }] : [],
  );
  return [...[...groups.values()].map((members) => ({ tracks: members })), ...alone];
}

function withoutStrangers(tracks: readonly GroupableTrack[], group: Group, options: GroupingOptions): Group[] {
  if (group.tracks.length < 2) return [group];
  const similarities = similaritiesTo(tracks, group.tracks, options.calibrated);
  const staying = group.tracks.filter((_, index) => similarities[index]! >= options.minIdentitySim);
  const leaving = group.tracks.flatMap((track, index): Group[] =>
    similarities[index]! >= options.minIdentitySim
      ? []
      : [{ tracks: [track], outlierReason: `low_identity_similarity_${similarities[index]!.toFixed(3)}` }],
  );
  return staying.length === 0 ? leaving : [{ tracks: staying }, ...leaving];
}

/** Nearest first; centroids stay those of before, so the order of joining does not change who is near. */
function joined(tracks: readonly GroupableTrack[], groups: readonly Group[], options: GroupingOptions): Group[] {
  const isCore = (group: Group): boolean =>
    group.tracks.length >= coreTracks ||
    group.tracks.reduce((total, track) => total + tracks[track]!.seconds, 0) >= coreSeconds;
  const cores = groups.filter(isCore).map((group) => ({ group, members: [...group.tracks] }));
  const centroidOf = ({ tracks: members }: Group): Float32Array | undefined =>
    meanDirection(members.flatMap((member) => tracks[member]!.vector ?? []));
  const coreCentroids = cores.map(({ group }) => centroidOf(group));
  const apart = new Set(options.apart.map(([one, other]) => one * tracks.length + other));
  const areApart = (some: readonly number[], others: readonly number[]): boolean =>
    some.some((one) => others.some((other) => apart.has(Math.min(one, other) * tracks.length + Math.max(one, other))));

  const left: Group[] = [];
  const wishes: { readonly group: Group; readonly core: number; readonly similarity: number }[] = [];
  for (const group of groups.filter((one) => !isCore(one))) {
    const centroid = centroidOf(group);
    const ranked = cores
      .map(({ members }, core) => {
        const other = coreCentroids[core];
        const possible = centroid !== undefined && other !== undefined && !areApart(group.tracks, members);
        return { core, similarity: possible ? options.calibrated(dot(centroid, other)) : 0 };
      })
      .sort((one, other) => other.similarity - one.similarity || one.core - other.core);
    const [best, second] = ranked;
    const clear = best !== undefined && best.similarity - (second?.similarity ?? 0) >= joinLead;
    if (clear && best.similarity >= joinSimilarity && group.outlierReason === undefined) {
      wishes.push({ group, ...best });
    } else left.push(group);
  }
  wishes.sort((one, other) => other.similarity - one.similarity || one.group.tracks[0]! - other.group.tracks[0]!);
  for (const { group, core } of wishes) {
    const { members } = cores[core]!;
    if (areApart(group.tracks, members)) left.push(group);
    else members.push(...group.tracks);
  }
  return [...cores.map(({ members }) => ({ tracks: members.sort((one, other) => one - other) })), ...left];
}

function brokenIfSmall(group: Group, sizeMin: number): Group[] {
  if (group.tracks.length === 1 || group.tracks.length >= sizeMin) return [group];
  return group.tracks.map((track) => ({ tracks: [track], outlierReason: 'small_cluster' }));
}
