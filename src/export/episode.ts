// What every export starts from: an episode's parsed artifacts, who is on screen when, and where
// boxes lie in the stored picture. Pure; exports read no file.
import type { Bbox, FramesIndex, Identities, Identity, Scenes, Screentime, Track } from '../stage/artifacts.js';

/** One text with the file name it would have; names hold the episode, and for EDLs the person. */
export interface ExportedFile {
  readonly name: string;
  readonly text: string;
}

/** The parsed artifacts of one episode. */
export interface EpisodeArtifacts {
  readonly frames: FramesIndex;
  readonly scenes: Scenes;
  readonly tracks: readonly Track[];
  readonly identities: Identities;
  readonly screentime: Screentime;
}

/** Half-open seconds [start_s, end_s) from the first frame. */
export interface Interval {
  readonly start_s: number;
  readonly end_s: number;
}

/** Somebody with the times a viewer would say they are on screen. */
export interface OnScreen {
  readonly id: string;
  readonly name?: string | undefined;
  /** Of somebody unnamed: whom the cast gallery finds likely, the most similar first. */
  readonly suggestions?: Identity['suggestions'];
  /** Ascending, apart from each other. */
  readonly intervals: readonly Interval[];
}

/**
 * The people of the screen-time table, in its order. Bridged holes are part of their intervals: a
 * face that turns away for half a second is on screen to a viewer. Hidden people are left out.
 */
export function peopleOnScreen({ screentime, identities }: EpisodeArtifacts): OnScreen[] {
  const hidden = hiddenIds(identities);
  const suggested = suggestionsById(identities);
  return screentime.identities
    .filter(({ id }) => !hidden.has(id))
    .map(({ id, name, intervals }) => ({ id, ...(name !== undefined && { name }), ...suggested.get(id), intervals: union(intervals) })); // prettier-ignore
}

/** What the cast gallery suggests for identities without a name. */
export function suggestionsById(identities: Identities): ReadonlyMap<string, Pick<OnScreen, 'suggestions'>> {
  return new Map(identities.identities.flatMap(({ identity_id, suggestions }) => suggestions === undefined ? [] : [[identity_id, { suggestions }]])); // prettier-ignore
}

/** Ids of the identities that a person has hidden. */
export function hiddenIds(identities: Identities): ReadonlySet<string> {
  return new Set(identities.identities.filter(({ hidden }) => hidden === true).map((each) => each.identity_id));
}

/** The identity of each track; tracks without one are absent. */
export function identityOfTrack(identities: Identities): ReadonlyMap<string, string> {
  return new Map(identities.identities.flatMap((each) => each.track_ids.map((track) => [track, each.identity_id])));
}

/** Seconds from the first frame to frame `index`; the end of the video for an index past the last. */
export function frameSeconds(
  { pts, time_base: [numerator, denominator], duration_s }: FramesIndex,
  index: number,
): number {
  const at = pts[index];
  return at === undefined ? duration_s : ((at - (pts[0] ?? 0)) * numerator) / denominator;
}

/** The first frame that begins at or after `seconds`, give or take half a PTS unit. */
export function frameAt(frames: FramesIndex, seconds: number): number {
  const [numerator, denominator] = frames.time_base;
  const wanted = (frames.pts[0] ?? 0) + (seconds * denominator) / numerator - 0.5;
  let low = 0;
  let high = frames.pts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames.pts[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The times in which a track's face was found: each processed frame lasts until the next one. */
export function seenIntervals(artifacts: EpisodeArtifacts, tracks: readonly Track[]): Interval[] {
  const { frames, scenes } = artifacts;
  const stride = samplingStep(artifacts.tracks);
  return union(
    tracks.flatMap((track) => {
      const sceneEnd = scenes.scenes[track.scene]?.end_s ?? frames.duration_s;
      return track.frames.map(([index], at) => {
        const next = track.frames[at + 1]?.[0] ?? Infinity;
        // An uneven step (24 of 30 frames a second) alternates; its longer half is no hole.
        const end = next - index < 2 * stride ? next : index + stride;
        return { start_s: frameSeconds(frames, index), end_s: Math.min(frameSeconds(frames, end), sceneEnd) };
      });
    }),
  );
}

/** Source frames from one processed frame to the next: the least step that any track takes. */
function samplingStep(tracks: readonly Track[]): number {
  let step = Infinity;
  for (const { frames } of tracks) {
    for (let at = 1; at < frames.length; at++) step = Math.min(step, frames[at]![0] - frames[at - 1]![0]);
  }
  return Number.isFinite(step) ? step : 1;
}

/** The same seconds as intervals that ascend and do not touch. */
function union(intervals: readonly Interval[]): Interval[] {
  const sorted = [...intervals].sort((a, b) => a.start_s - b.start_s || a.end_s - b.end_s);
  const merged: { start_s: number; end_s: number }[] = [];
  for (const { start_s, end_s } of sorted) {
    const last = merged.at(-1);
    // Rounded ends of neighbours may miss each other by a microsecond.
    if (last !== undefined && start_s <= last.end_s + 2e-6) last.end_s = Math.max(last.end_s, end_s);
    else if (end_s > start_s) merged.push({ start_s, end_s });
  }
  return merged;
}

/** A rectangle in pixels: top left corner and size. */
export interface PixelBox {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/**
 * A box of the upright frame (0..1) in pixels of the video as stored: the turn that makes the
 * picture upright is undone, and a non-square pixel counts as one. Hundredths of a pixel.
 */
export function storedBox(frames: FramesIndex, [x1, y1, x2, y2]: Bbox): PixelBox {
  const [ax, ay] = storedPoint(frames, x1, y1);
  const [bx, by] = storedPoint(frames, x2, y2);
  return {
    x: hundredths(Math.min(ax, bx)),
    y: hundredths(Math.min(ay, by)),
    w: hundredths(Math.abs(bx - ax)),
    h: hundredths(Math.abs(by - ay)),
  };
}

function storedPoint(frames: FramesIndex, x: number, y: number): readonly [number, number] {
  const { stored_width: width, stored_height: height } = frames;
  switch (frames.rotation) {
    case 0:
      return [x * width, y * height];
    case 90:
      return [y * width, (1 - x) * height];
    case 180:
      return [(1 - x) * width, (1 - y) * height];
    case 270:
      return [(1 - y) * width, x * height];
  }
}

export function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A name as one line of text, or the id of somebody unnamed. */
export function label({ id, name }: Pick<OnScreen, 'id' | 'name'>): string {
  // Control characters and line ends would end a line of the format.
  const line = (name ?? '').replace(/[\u0000-\u001f\u007f\u2028\u2029\s]+/g, ' ').trim();
  return line === '' ? id : line;
}
