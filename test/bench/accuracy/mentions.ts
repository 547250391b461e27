// Clustering figures over the faces that the truth names: weighted cluster purity, normalised mutual
// information and counts. Purity alone rises with every cluster that is split, so never one without the others. Pure.
import { intersectionOverUnion, type Corners } from '../../../rules/media/geometry.js';
import type { Truth } from './variants.js';

export interface PredictedFace {
  readonly t: number;
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A true face and the identity of the box on it. */
export interface Mention {
  readonly person: string;
  readonly identity: string;
}

export interface ClusterFigures {
  readonly mentions: number;
  readonly people: number;
  readonly clusters: number;
  /** Share of the mentions that belong to the majority of their cluster. */
  readonly purity: number;
  /** Mutual information over the mean of both entropies; 1 when both are one group. */
  readonly nmi: number;
}

/** Named faces of the truth, uncertain ones too, each with the best overlapping predicted box of its moment. */
export function mentionsOf(faces: readonly PredictedFace[], truth: Truth): Mention[] {
  const byTime = new Map<number, PredictedFace[]>();
  for (const face of faces) byTime.set(face.t, [...(byTime.get(face.t) ?? []), face]);
  const times = [...byTime.keys()];
  return truth.face_samples.flatMap((sample) => {
    const near = times.reduce((best, t) => (Math.abs(t - sample.t) < Math.abs(best - sample.t) ? t : best), Infinity);
    if (Math.abs(near - sample.t) > 1.5 / truth.fps) return [];
    return sample.faces.flatMap(({ char, state, ...box }): Mention[] => {
      const [best] = byTime
        .get(near)!
        .map((face) => ({ id: face.id, overlap: intersectionOverUnion(cornersOf(face), cornersOf(box)) }))
        .sort((one, other) => other.overlap - one.overlap);
      const isNamed = char !== null && (state === 'visible' || state === 'uncertain');
      return isNamed && best !== undefined && best.overlap >= 0.3 ? [{ person: char, identity: best.id }] : [];
    });
  });
}

/** Undefined without mentions. */
export function clusterFigures(mentions: readonly Mention[]): ClusterFigures | undefined {
  const count = mentions.length;
  if (count === 0) return undefined;
  const people = tally(mentions.map(({ person }) => person));
  const clusters = tally(mentions.map(({ identity }) => identity));
  const joint = tally(mentions.map(({ person, identity }) => JSON.stringify([person, identity])));
  const majority = new Map<string, number>();
  let shared = 0;
  for (const [key, n] of joint) {
    const [person, identity] = JSON.parse(key) as [string, string];
    majority.set(identity, Math.max(majority.get(identity) ?? 0, n));
    shared += (n / count) * Math.log((n * count) / (people.get(person)! * clusters.get(identity)!));
  }
  const mean = (entropy(people, count) + entropy(clusters, count)) / 2;
  return {
    mentions: count,
    people: people.size,
    clusters: clusters.size,
    purity: [...majority.values()].reduce((sum, n) => sum + n, 0) / count,
    nmi: mean === 0 ? 1 : shared / mean,
  };
}

function tally(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function entropy(counts: ReadonlyMap<string, number>, total: number): number {
  return [...counts.values()].reduce((sum, n) => sum - (n / total) * Math.log(n / total), 0);
}

function cornersOf({ x, y, w, h }: Pick<PredictedFace, 'x' | 'y' | 'w' | 'h'>): Corners {
  return [x, y, x + w, y + h];
}
