// Keeps the best faces of every track while frames go by, each frame seen once. Memory is bounded
// by the tracks on screen: a bin holds no more than may be chosen from it, and a track is given
// away as soon as its last frame to look at has passed. Pure: payloads are whatever the caller keeps.
import type { Rejection } from './align.js';
import { byQuality, type Candidate, type SamplingPlan, selectSamples } from './sampling.js';

/** A face that may be chosen, with what is needed to write it. */
export interface Offer<T> extends Candidate {
  readonly payload: T;
}

/** A face that cannot be embedded. */
export interface Refusal {
  readonly frame: number;
  readonly bin: number;
  readonly conf: number;
  readonly reason: Rejection;
}

/** What became of a track: its samples, and a refused face for each bin that gave nothing better. */
export interface Gathered<T, R extends Refusal = Refusal> {
  readonly chosen: readonly Offer<T>[];
  readonly refused: readonly R[];
}

/** The faces of one track, offered in ascending frame order. */
export class TrackGatherer<T, R extends Refusal = Refusal> {
  readonly #plan: SamplingPlan;
  readonly #kept = new Map<number, Offer<T>[]>();
  readonly #refused = new Map<number, R>();

  constructor(plan: SamplingPlan) {
    this.#plan = plan;
  }

  /** Whether an offer of this quality would be kept: asked first, so that payloads are made only then. */
  wouldKeep(candidate: Candidate): boolean {
    const kept = this.#kept.get(candidate.bin) ?? [];
    const worst = kept.at(-1);
    return kept.length < this.#plan.keptPerBin || (worst !== undefined && byQuality(candidate, worst) < 0);
  }

  /** Keeps a face if it is among the best of its bin. */
  offer(offer: Offer<T>): void {
    const kept = this.#kept.get(offer.bin) ?? [];
    kept.push(offer);
    kept.sort(byQuality);
    kept.splice(this.#plan.keptPerBin);
    this.#kept.set(offer.bin, kept);
  }

  /** Notes a face that cannot be embedded; the most confident one of each bin is remembered. */
  refuse(refusal: R): void {
    const known = this.#refused.get(refusal.bin);
    if (known === undefined || refusal.conf > known.conf) this.#refused.set(refusal.bin, refusal);
  }

  /** Chooses. Call once, after the last frame. */
  finish(options: { readonly min: number; readonly spacing: number }): Gathered<T, R> {
    const candidates = [...this.#kept.values()].flat();
    const refused = [...this.#refused.values()].filter(({ bin }) => !this.#kept.has(bin));
    return {
      chosen: selectSamples(candidates, { ...options, wanted: this.#plan.bins.length }),
      refused: refused.sort((left, right) => left.frame - right.frame),
    };
  }
}
