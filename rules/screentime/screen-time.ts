// From tracks that belong to people to seconds on screen. Pure: times come as a list, so nothing
// here assumes a frame rate. What is seen and what is only bridged are never added together.
import type { Screentime } from '../../src/stage/artifacts.js';
import { holes, measure, type Span, sweep, union } from '../media/spans.js';

/** A track as screen time needs it. */
export interface TimedTrack {
  readonly id: string;
  /** Processed frames with a detection, ascending, and the face's height as a share of the picture's. */
  readonly frames: readonly { readonly index: number; readonly height: number }[];
}

/** Somebody with their tracks. */
export interface Person {
  readonly id: string;
  readonly name?: string | undefined;
  readonly trackIds: readonly string[];
  /** Embedded faces behind this person. */
  readonly samples: number;
  /** Mean score over the person's detections, of several looks where the detector doubted, 0..1. */
  readonly detectionScore: number;
  /** Asked to be left out of the table: counted among the others. */
  readonly hidden: boolean;
  readonly thumbPath: string;
  /** Share of trust in each of trackIds, 0..1: its similarity to the person's centroid. */
  readonly similarities: readonly number[];
}

/** Everything that screen time is measured from. */
export interface ScreenTimeInput {
  /** Seconds at which each frame begins, and last the end of the video (see frameTimes). */
  readonly times: Float64Array;
  /** Mean frames a second; only for the error bound. */
  readonly fps: number;
  /** Frames with an index divisible by it were looked at. */
  readonly stride: number;
  /** First frame of each scene, ascending, the first 0. */
  readonly sceneStarts: readonly number[];
  readonly tracks: readonly TimedTrack[];
  readonly people: readonly Person[];
  /** Holes up to this long inside a scene are bridged. */
  readonly gapToleranceS: number;
  /** A person stays in the table with this many samples or this many seconds. */
  readonly minPersonSamples: number;
  readonly minPersonS: number;
  /** Below this mean detection score it may be no face at all: a poster, a back of a head, a blur. */
  readonly minPersonConf: number;
}

/** Similarity (calibrated) from which a track surely shows its person; the cast gallery's own limit. */
const strongSimilarity = 0.68;

interface Presence {
  readonly person: Person;
  readonly tracks: readonly TimedTrack[];
  /** Disjoint spans in which a detection stands behind the person, by scene. */
  readonly byScene: ReadonlyMap<number, readonly Span[]>;
  readonly seen: readonly Span[];
  readonly bridged: readonly Span[];
  /** Seen or bridged. */
  readonly present: readonly Span[];
}

/**
 * The screen-time table of one episode, unrounded. A processed frame stands for the time until the
 * next processed one, never beyond its scene; two tracks of a person at once count once. All times are
 * seconds from the first frame, spans half-open; holes inside a scene up to `gapToleranceS` are told apart as
 * `bridged`, and those whom the table leaves out are summed up as `others`.
 *
 * @throws when a person names a track that is not there, or a frame lies beyond the video
 */
export function screenTime(input: ScreenTimeInput): Omit<Screentime, 'schema_version' | 'ep_id'> {
  const trackById = new Map(input.tracks.map((track) => [track.id, track]));
  const everybody = input.people.map((person) => presenceOf(person, trackById, input));
  const kept = everybody.filter((presence) => isKept(presence, input)).sort(bySeconds);
  const rest = everybody.filter((presence) => !kept.includes(presence));
  const { solo, together } = shareTime(kept, rest);
  const duration = input.times.at(-1)!;
  return {
    fps: input.fps,
    duration_s: duration,
    identities: kept.map((presence, i) => ({
      ...personTime(presence, input),
      id: presence.person.id,
      ...(presence.person.name === undefined ? {} : { name: presence.person.name }),
      longest_s: Math.max(...presence.present.map(([start, end]) => end - start)),
      first_s: presence.present[0]![0],
      last_s: presence.present.at(-1)![1],
      solo_s: solo[i]!,
      scenes: presence.byScene.size,
      mean_face_height: mean(presence.tracks.flatMap((track) => track.frames.map((frame) => frame.height))),
      thumb_path: presence.person.thumbPath,
      confidence: confidenceOf(presence, input),
    })),
    others: othersOf(rest, input),
    per_scene: perScene(kept, rest, input),
    co_appearance: together,
  };
}

function presenceOf(person: Person, trackById: ReadonlyMap<string, TimedTrack>, input: ScreenTimeInput): Presence {
  const tracks = person.trackIds.map((id) => {
    const track = trackById.get(id);
    if (track === undefined) throw new Error(`${person.id} names ${id}, which is not among the tracks`);
    return track;
  });
  return { person, tracks, ...timesOf(tracks, input) };
}

/** Union over the tracks, scene by scene, and the short holes inside each scene. */
function timesOf(tracks: readonly TimedTrack[], input: ScreenTimeInput): Omit<Presence, 'person' | 'tracks'> {
  const spansByScene = new Map<number, Span[]>();
  for (const { index } of tracks.flatMap((track) => track.frames)) {
    const { scene, span } = spanOf(index, input);
    const spans = spansByScene.get(scene);
    if (spans === undefined) spansByScene.set(scene, [span]);
    else spans.push(span);
  }
  const inOrder = [...spansByScene].sort(([a], [b]) => a - b);
  const byScene = new Map(inOrder.map(([scene, spans]) => [scene, union(spans)]));
  const bridged = [...byScene.values()].flatMap((spans) => holes(spans, input.gapToleranceS));
  const seen = union([...byScene.values()].flat());
  return { byScene, seen, bridged, present: union([...seen, ...bridged]) };
}

/** The time that one processed frame stands for. */
function spanOf(
  index: number,
  { times, stride, sceneStarts }: ScreenTimeInput,
): { readonly scene: number; readonly span: Span } {
  const frameCount = times.length - 1;
  if (index >= frameCount) throw new Error(`a track names frame ${index}, but the video has ${frameCount}`);
  const scene = lastAtOrBefore(sceneStarts, index);
  const nextProcessed = (Math.floor(index / stride) + 1) * stride;
  const end = Math.min(nextProcessed, sceneStarts[scene + 1] ?? frameCount, frameCount);
  return { scene, span: [times[index]!, times[end]!] };
}

function lastAtOrBefore(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}

// Whoever a human has named stays. Without one embedded face nobody can say who it is, however long.
function isKept({ person, seen }: Presence, { minPersonS, minPersonSamples, minPersonConf }: ScreenTimeInput): boolean {
  if (person.hidden || seen.length === 0) return false;
  if (person.name !== undefined) return true;
  if (person.samples === 0 || person.detectionScore < minPersonConf) return false;
  return person.samples >= minPersonSamples || measure(seen) >= minPersonS - 1e-9;
}

function bySeconds(a: Presence, b: Presence): number {
  return measure(b.seen) - measure(a.seen) || (a.person.id < b.person.id ? -1 : 1);
}

function personTime(
  { seen, bridged, present }: Pick<Presence, 'seen' | 'bridged' | 'present'>,
  { times, fps, stride }: ScreenTimeInput,
): Omit<Screentime['others'], 'identity_ids'> {
  const intervals = [
    ...seen.map(([start_s, end_s]) => ({ start_s, end_s, kind: 'seen' as const })),
    ...bridged.map(([start_s, end_s]) => ({ start_s, end_s, kind: 'bridged' as const })),
  ];
  return {
    screen_time_s: measure(seen),
    bridged_s: measure(bridged),
    error_s: (present.length * stride) / fps,
    share: (measure(seen) + measure(bridged)) / times.at(-1)!,
    appearances: present.length,
    intervals: intervals.sort((a, b) => a.start_s - b.start_s),
  };
}

/** Everybody left out of the table as if they were one person: time with several of them counts once. */
function othersOf(rest: readonly Presence[], input: ScreenTimeInput): Screentime['others'] {
  const times = timesOf(
    rest.flatMap((presence) => presence.tracks),
    input,
  );
  return { ...personTime(times, input), identity_ids: rest.map(({ person }) => person.id).sort() };
}

function perScene(
  kept: readonly Presence[],
  rest: readonly Presence[],
  { times, sceneStarts }: ScreenTimeInput,
): Screentime['per_scene'] {
  return sceneStarts.map((start, scene) => {
    const rows = kept.map(({ person, byScene }): [string, number] => [person.id, measure(byScene.get(scene) ?? [])]);
    const others = union(rest.flatMap(({ byScene }) => byScene.get(scene) ?? []));
    rows.push(['others', measure(others)]);
    return {
      scene,
      start_s: times[start]!,
      end_s: times[sceneStarts[scene + 1] ?? times.length - 1]!,
      seconds: Object.fromEntries(rows.filter(([, seconds]) => seconds > 0)),
    };
  });
}

/** Seconds each is seen with nobody else, others included, and seconds of each pair of the table. */
function shareTime(
  kept: readonly Presence[],
  rest: readonly Presence[],
): { readonly solo: readonly number[]; readonly together: Screentime['co_appearance'] } {
  const solo = kept.map(() => 0);
  const together = new Map<number, number>();
  sweep(
    [...kept, ...rest].map((presence) => presence.seen),
    (present, seconds) => {
      const shown = present.filter((person) => person < kept.length);
      if (present.length === 1 && shown.length === 1) solo[shown[0]!]! += seconds;
      for (const [i, a] of shown.entries()) {
        for (const b of shown.slice(i + 1)) {
          const pair = a * kept.length + b;
          together.set(pair, (together.get(pair) ?? 0) + seconds);
        }
      }
    },
  );
  const pairs = [...together].sort(([a], [b]) => a - b);
  const idOf = (place: number): string => kept[place]!.person.id;
  return {
    solo,
    together: pairs.map(([pair, seconds]) => {
      const [a, b] = [Math.floor(pair / kept.length), pair % kept.length];
      return { a: idOf(a), b: idOf(b), seconds };
    }),
  };
}

/** Share of the seen seconds in which a track close to the person's centroid stands behind them. */
function confidenceOf({ person, tracks, seen }: Presence, input: ScreenTimeInput): number {
  const strong = tracks.filter((_, i) => (person.similarities[i] ?? 0) >= strongSimilarity);
  return Math.min(1, measure(timesOf(strong, input).seen) / measure(seen));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
