// Names by the cast gallery: an identity that is clearly like one person's pictures gets that name,
// identities of one name become one. What people said in edits stands above it. Pure.
import type { EditedGroup } from './people.js';

export interface CastInput {
  /** In any order; the result keeps it. */
  readonly groups: readonly EditedGroup[];
  /** Names of the gallery's people. */
  readonly people: readonly string[];
  /** Calibrated similarity of a set of tracks to each of `people`; undefined without any vector. */
  readonly similarities: (tracks: readonly number[]) => readonly number[] | undefined;
  /** Whether two sets of tracks cannot be one person: seen together, or kept apart by an edit. */
  readonly areApart: (some: readonly number[], others: readonly number[]) => boolean;
  /** Pictures of each track. */
  readonly weights: readonly number[];
  readonly nameSim: number;
  readonly lead: number;
  readonly suggestSim: number;
}

export interface CastGroup extends EditedGroup {
  readonly nameFrom?: 'edit' | 'cast';
  readonly nameSimilarity?: number;
  readonly suggestions?: readonly Suggestion[];
}

export interface Suggestion {
  readonly name: string;
  readonly similarity: number;
}

/** More people than these suggest nobody. */
const suggestionsMax = 3;

/** A name that the gallery has for a group. */
interface Claim extends Suggestion {
  readonly group: number;
}

/**
 * The groups with names and suggestions. The most similar group takes a name first; others that the
 * gallery gives it too join that group, unless they cannot be one person: then they only get a suggestion.
 */
export function castNames(input: CastInput): CastGroup[] {
  const { groups, people, suggestSim, nameSim, lead } = input;
  const ranked = groups.map(({ tracks }) => ranking(people, input.similarities(tracks)));
  const open = groups.map(({ name, hidden }) => name === undefined && !hidden);
  const claims = ranked.flatMap(([best, second], group): Claim[] => {
    const clear = best !== undefined && best.similarity >= nameSim && best.similarity - (second?.similarity ?? 0) >= lead; // prettier-ignore
    return clear && open[group] === true ? [{ ...best, group }] : [];
  });
  claims.sort((one, other) => other.similarity - one.similarity || one.group - other.group);

  const result: (CastGroup | undefined)[] = groups.map((group) =>
    group.name === undefined ? group : { ...group, nameFrom: 'edit' },
  );
  for (const { group, name, similarity } of claims) {
    const own = result[group]!;
    const holders = result.flatMap((one, at) => (one !== undefined && at !== group && sameName(one.name, name) ? [at] : [])); // prettier-ignore
    if (holders.some((at) => isShut(result[at]!) || isShut(own) || input.areApart(result[at]!.tracks, own.tracks))) continue; // prettier-ignore
    const [holder] = holders;
    if (holder === undefined) {
      result[group] = { ...own, name, nameFrom: 'cast', nameSimilarity: similarity };
      continue;
    }
    result[holder] = joined(result[holder]!, own, input.weights);
    result[group] = undefined;
  }
  return result.flatMap((group, at) => {
    if (group === undefined) return [];
    const suggestions = ranked[at]!.filter(({ similarity }) => similarity >= suggestSim).slice(0, suggestionsMax);
    return group.name === undefined && suggestions.length > 0 ? [{ ...group, suggestions }] : [group];
  });
}

function ranking(people: readonly string[], similarities: readonly number[] | undefined): Suggestion[] {
  return people
    .flatMap((name, person) => (similarities === undefined ? [] : [{ name, similarity: similarities[person]! }]))
    .sort((one, other) => other.similarity - one.similarity);
}

/** Folders are often written in small letters. */
function sameName(one: string | undefined, other: string): boolean {
  return one?.toLowerCase() === other.toLowerCase();
}

function isShut({ locked, hidden }: CastGroup): boolean {
  return locked || hidden;
}

/** It goes on the heavier one's cluster, and so keeps its id. */
function joined(holder: CastGroup, other: CastGroup, weights: readonly number[]): CastGroup {
  const weightOf = ({ tracks }: CastGroup): number => tracks.reduce((sum, track) => sum + weights[track]!, 0);
  const heavier = weightOf(other) > weightOf(holder) ? other : holder;
  const tracks = [...holder.tracks, ...other.tracks].sort((one, another) => one - another);
  return { ...holder, tracks, origin: heavier.origin };
}
