// Finds the similarity that tells this episode's people apart, without labels: faces of one track
// are one person, faces of tracks seen side by side are two. Pure.
import type { Pair } from './terms.js';
import { dot } from './vectors.js';

/** A face of a track. */
export interface TimedVector {
  /** Length 1. */
  readonly vector: Float32Array;
  readonly timeS: number;
}

export interface SelfCalibration {
  /** Cosine above which at most `falseRate` of the different-person pairs lie. */
  readonly cosine: number;
  /** How many different-person and same-person pairs were looked at. */
  readonly negatives: number;
  readonly positives: number;
  /** Share of the same-person pairs that lie at or below the cosine. */
  readonly missed: number;
}

/** One wrong pair in a thousand. */
const falseRate = 1e-3;
/** Fewer different-person pairs say too little about a rate of one in a thousand. */
const negativesMin = 200;
/** Faces of one track nearer in time than this are nearly the same picture. */
const apartS = 1;

/**
 * The cosine at the wanted rate of false merges, or undefined with fewer than 200 pairs to judge by.
 * `tracks` are the faces of each track; `apart` are pairs of places in it that are two people.
 */
export function selfCalibrate(
  tracks: readonly (readonly TimedVector[])[],
  apart: readonly Pair[],
): SelfCalibration | undefined {
  const negatives = apart.flatMap(([one, other]) =>
    tracks[one]!.flatMap((face) => tracks[other]!.map((second) => dot(face.vector, second.vector))),
  );
  if (negatives.length < negativesMin) return undefined;
  negatives.sort((one, other) => other - one);
  const cosine = negatives[Math.floor(falseRate * negatives.length)]!;
  const positives = tracks.flatMap((faces) =>
    faces.flatMap((face, index) =>
      faces
        .slice(index + 1)
        .filter(({ timeS }) => Math.abs(timeS - face.timeS) >= apartS)
        .map((second) => dot(face.vector, second.vector)),
    ),
  );
  const missed = positives.filter((similarity) => similarity <= cosine).length;
  return {
    cosine,
    negatives: negatives.length,
    positives: positives.length,
    missed: positives.length === 0 ? 0 : missed / positives.length,
  };
}
