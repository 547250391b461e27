// From the detections of a whole episode to its tracks: one tracker a scene, no track over a cut,
// none with a long hole. Pure; it knows neither files nor normalised boxes.
import { backfill } from './backfill.js';
import { ByteTracker, type ByteTrackOptions, type FrameBoxes, type Link } from './byte-track.js';

export interface LinkedTrack {
  /** Ordinal of the scene that the whole track lies in. */
  readonly scene: number;
  /** Ascending by frame, never empty. */
  readonly links: readonly Link[];
}

export interface SceneLinkOptions extends ByteTrackOptions {
  /** Longest hole in source frames; a longer one splits the track. */
  readonly gapMax: number;
}

export interface LinkOptions extends SceneLinkOptions {
  /** First frame of each scene, ascending, the first 0. */
  readonly sceneStarts: readonly number[];
}

/**
 * Links detections into tracks. A fresh tracker starts at the first processed frame of each scene,
 * so that faces of its first picture are confirmed at once. The first detection of a track that was
 * confirmed later belongs to it, and so do good ones right before it (see backfill); a detection
 * that nothing followed is no track.
 *
 * @param frames every processed frame, those without boxes too, ascending
 * @returns tracks in order of birth
 */
export function linkDetections(frames: readonly FrameBoxes[], options: LinkOptions): LinkedTrack[] {
  const tracks: LinkedTrack[] = [];
  let next = 0;
  for (const [scene] of options.sceneStarts.entries()) {
    const end = options.sceneStarts[scene + 1] ?? Infinity;
    const first = next;
    while (next < frames.length && frames[next]!.index < end) next += 1;
    tracks.push(...linkScene(scene, frames.slice(first, next), options));
  }
  return tracks;
}

/** The same for the frames of one scene, which is independent of all others. */
export function linkScene(scene: number, frames: readonly FrameBoxes[], options: SceneLinkOptions): LinkedTrack[] {
  const parts = linksOf(frames, options).flatMap((track) => splitAtHoles(track, options.gapMax));
  // A part split off was born later than tracks that started within the hole.
  return parts.sort((a, b) => a[0]!.index - b[0]!.index).map((links) => ({ scene, links }));
}

function linksOf(frames: readonly FrameBoxes[], options: ByteTrackOptions): Link[][] {
  const tracker = new ByteTracker(options);
  const linksById = new Map<number, Link[]>();
  const confirmed = new Set<number>();
  for (const frame of frames) {
    for (const tracked of tracker.step(frame)) {
      const { id, detection, association } = tracked;
      const links = linksById.get(id) ?? [];
      links.push({ index: frame.index, detection, association });
      linksById.set(id, links);
      if (tracked.confirmed) confirmed.add(id);
    }
  }
  const tracks = [...linksById].sort(([a], [b]) => a - b).flatMap(([id, links]) => (confirmed.has(id) ? [links] : []));
  backfill(tracks, frames, options);
  return tracks;
}

function splitAtHoles(links: readonly Link[], gapMax: number): Link[][] {
  const parts: Link[][] = [];
  for (const link of links) {
    const part = parts.at(-1);
    if (part === undefined || link.index - part.at(-1)!.index - 1 > gapMax) parts.push([link]);
    else part.push(link);
  }
  return parts;
}
