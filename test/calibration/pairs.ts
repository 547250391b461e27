// Pairs of tracks with the cosine of their prototypes, as clustering sees them, and how well a cut
// between them does.
import { FaceEmbedder } from '../../rules/embed/embedder.js';
import { trackPrototype } from '../../rules/track_reps/prototype.js';
import type { LabelledFace } from '../support/labelled-faces.js';

export interface LabelledTrack {
  readonly person: string;
  readonly vector: Float32Array;
}

export interface Pairs {
  /** Cosines of pairs of tracks of one person. */
  readonly same: readonly number[];
  readonly different: readonly number[];
}

/** One prototype for each track of the faces. */
export async function embedTracks(faces: readonly LabelledFace[], embedder: FaceEmbedder): Promise<LabelledTrack[]> {
  const tracks = new Map<
    string,
    { person: string; faces: { faceId: string; quality: number; vector: Float32Array }[] }
  >();
  for (const { person, track, frame, quality, crop } of faces) {
    const own = tracks.get(track) ?? { person, faces: [] };
    own.faces.push({ faceId: `${track}-${frame}`, quality, vector: await embedder.embed(crop, 1) });
    tracks.set(track, own);
  }
  return [...tracks.values()].map(({ person, faces: own }) => ({ person, vector: trackPrototype(own, 0).vector }));
}

/** All pairs of different tracks. */
export function pairsOf(tracks: readonly LabelledTrack[]): Pairs {
  const same: number[] = [];
  const different: number[] = [];
  for (const [index, left] of tracks.entries()) {
    for (const right of tracks.slice(index + 1)) {
      (left.person === right.person ? same : different).push(dot(left.vector, right.vector));
    }
  }
  return { same, different };
}

/** Chance that a pair of one person is more similar than a pair of two; ties count half. */
export function areaUnderCurve({ same, different }: Pairs): number {
  const wins = same.map((one) =>
    different.reduce((sum, other) => sum + (one > other ? 1 : one === other ? 0.5 : 0), 0),
  );
  return wins.reduce((sum, win) => sum + win, 0) / (same.length * different.length);
}

/** Share of pairs that the best single cut tells right. */
export function bestAccuracy({ same, different }: Pairs): number {
  const total = same.length + different.length;
  const right = [...same, ...different].map(
    (cut) => same.filter((cosine) => cosine >= cut).length + different.filter((cosine) => cosine < cut).length,
  );
  return Math.max(...right) / total;
}

/** Average-linkage clusters cut at a cosine, by brute force: a few dozen tracks. */
export function clusterAt(tracks: readonly LabelledTrack[], cosine: number): LabelledTrack[][] {
  const clusters = tracks.map((track) => [track]);
  for (;;) {
    let best = { similarity: cosine, left: -1, right: -1 };
    for (let left = 0; left < clusters.length; left++) {
      for (let right = left + 1; right < clusters.length; right++) {
        const similarity = averageCosine(clusters[left]!, clusters[right]!);
        if (similarity > best.similarity) best = { similarity, left, right };
      }
    }
    if (best.left < 0) return clusters;
    clusters[best.left]!.push(...clusters.splice(best.right, 1)[0]!);
  }
}

/** Adjusted Rand index of clusters against the people in them. */
export function adjustedRand(clusters: readonly (readonly LabelledTrack[])[]): number {
  const pairs = (count: number): number => (count * (count - 1)) / 2;
  const people = new Map<string, number>();
  let together = 0;
  let clustered = 0;
  let total = 0;
  for (const cluster of clusters) {
    const own = new Map<string, number>();
    for (const { person } of cluster) {
      own.set(person, (own.get(person) ?? 0) + 1);
      people.set(person, (people.get(person) ?? 0) + 1);
    }
    together += [...own.values()].reduce((sum, count) => sum + pairs(count), 0);
    clustered += pairs(cluster.length);
    total += cluster.length;
  }
  const actual = [...people.values()].reduce((sum, count) => sum + pairs(count), 0);
  const expected = (clustered * actual) / pairs(total);
  return (together - expected) / ((clustered + actual) / 2 - expected);
}

function averageCosine(left: readonly LabelledTrack[], right: readonly LabelledTrack[]): number {
  let sum = 0;
  for (const one of left) for (const other of right) sum += dot(one.vector, other.vector);
  return sum / (left.length * right.length);
}

function dot(left: Float32Array, right: Float32Array): number {
  return left.reduce((sum, value, at) => sum + value * right[at]!, 0);
}
