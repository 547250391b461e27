// Which faces of a track are looked at, and which of those are kept. Pure: it sees frames,
// times and qualities, no pixels.

/** How many faces of a track are wanted; the parameters of the same names. */
export interface SamplingOptions {
  /** max_samples_per_track. */
  readonly max: number;
  /** min_samples_per_track. */
  readonly min: number;
  /** sample_every_n_frames: least distance, in source frames, of samples added after the bins' best. */
  readonly spacing: number;
}

/** One detection of a track as planning sees it. */
export interface Sighting {
  readonly frame: number;
  readonly timeS: number;
  /** Whether a confident detection stands behind it; others are used only where there is none. */
  readonly confident: boolean;
}

/** Equal stretches of a track's time, each with the frames that are looked at. */
export interface SamplingPlan {
  readonly bins: readonly (readonly number[])[];
  /** How many good candidates of one bin can be needed at most, when every bin with candidates has a good one. */
  readonly keptPerBin: number;
}

/**
 * Frames looked at in one bin, evenly spread: neighbours differ little, and a full-size decode and
 * an alignment cost the same for each. Bounds the work to 4 x max_samples_per_track a track.
 */
const candidatesPerBin = 4;

/**
 * Divides a track into equal time bins and chooses the frames to look at in each. There are as
 * many bins as samples spaced `spacing` frames fit, at least `min` and at most `max`.
 * `sightings` ascend by frame and are not empty.
 */
export function planSampling(sightings: readonly Sighting[], options: SamplingOptions): SamplingPlan {
  const bins: Sighting[][] = Array.from({ length: binCount(sightings, options) }, () => []);
  const binOf = binner(sightings, bins.length);
  for (const sighting of sightings) bins[binOf(sighting.timeS)]!.push(sighting);
  const filled = bins.filter((bin) => bin.length > 0).length;
  return {
    bins: bins.map((bin) => {
      const confident = bin.filter((sighting) => sighting.confident);
      return spread(confident.length > 0 ? confident : bin, candidatesPerBin).map(({ frame }) => frame);
    }),
    keptPerBin: bins.length - filled + 1,
  };
}

/** A face that was aligned and measured. */
export interface Candidate {
  readonly frame: number;
  readonly bin: number;
  readonly quality: number;
}

/**
 * Chooses a track's samples: the best of each bin; then, while there are fewer than `wanted`, the
 * next best that lies `spacing` frames from every chosen one; then, while there are fewer than
 * `min`, the next best. Ties go to the earlier frame. The result ascends by frame.
 */
export function selectSamples<T extends Candidate>(
  candidates: readonly T[],
  { wanted, min, spacing }: { readonly wanted: number; readonly min: number; readonly spacing: number },
): T[] {
  const ranked = [...candidates].sort(byQuality);
  const bins = new Set<number>();
  const chosen: T[] = [];
  const take = (rest: readonly T[], size: number, allowed: (candidate: T) => boolean): T[] =>
    rest.filter((candidate) => {
      if (chosen.length >= size || !allowed(candidate)) return true;
      chosen.push(candidate);
      bins.add(candidate.bin);
      return false;
    });
  let rest = take(ranked, wanted, ({ bin }) => !bins.has(bin));
  rest = take(rest, wanted, ({ frame }) => chosen.every((other) => Math.abs(other.frame - frame) >= spacing));
  take(rest, Math.min(min, wanted), () => true);
  return chosen.sort((left, right) => left.frame - right.frame);
}

/** Better first; of equals the earlier frame. */
export function byQuality(left: Candidate, right: Candidate): number {
  return right.quality - left.quality || left.frame - right.frame;
}

function binCount(sightings: readonly Sighting[], { max, min, spacing }: SamplingOptions): number {
  const span = sightings.at(-1)!.frame - sightings[0]!.frame + 1;
  return Math.max(1, Math.min(max, Math.max(min, Math.ceil(span / spacing))));
}

/** Maps a time to its bin; the last sighting belongs to the last bin. */
function binner(sightings: readonly Sighting[], bins: number): (timeS: number) => number {
  const start = sightings[0]!.timeS;
  const length = sightings.at(-1)!.timeS - start;
  if (length <= 0) return () => 0;
  // The last sighting lasts as long as the shortest other: n evenly timed ones then fall into n bins one by one.
  const step = Math.min(...sightings.slice(1).map(({ timeS }, index) => timeS - sightings[index]!.timeS));
  const width = (length + step) / bins;
  // Division may end a hair below a whole number.
  return (timeS) => Math.min(bins - 1, Math.floor((timeS - start) / width + 1e-9));
}

/** At most `count` items, evenly spread, from the middle of each stretch. */
function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, index) => items[Math.floor(((index + 0.5) * items.length) / count)]!);
}
