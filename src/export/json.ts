// `--format json`: everybody with their intervals, every tracked face, the shots. The shape is the
// contract's (section 4) and what screen-time scorers read.
import { round6, type Track } from '../stage/artifacts.js';
import {
  type EpisodeArtifacts,
  frameSeconds,
  hiddenIds,
  identityOfTrack,
  type Interval,
  type OnScreen,
  peopleOnScreen,
  type PixelBox,
  seenIntervals,
  storedBox,
  suggestionsById,
} from './episode.js';

/** One face in one processed frame; `t` is the frame's second. */
export interface ExportedFace extends PixelBox {
  readonly t: number;
  readonly id: string;
}

export interface ExportedEpisode {
  readonly fps: number;
  /** The people of the screen-time table. */
  readonly identities: readonly OnScreen[];
  /** Small, fleeting or doubtful groups, counted apart from the table; their faces are among `faces`. */
  readonly others: readonly OnScreen[];
  readonly faces: readonly ExportedFace[];
  readonly shots: readonly Interval[];
}

/**
 * The episode as one document. Nobody is dropped for being small: those whom the table counts among
 * the others are listed apart, and so is a track that no identity has (under its track id). Only
 * people that somebody has hidden are left out, with their faces.
 */
export function exportedEpisode(artifacts: EpisodeArtifacts): ExportedEpisode {
  const { frames, scenes, tracks, identities } = artifacts;
  const owner = identityOfTrack(identities);
  const hidden = hiddenIds(identities);
  const shown = tracks
    .map((track) => ({ track, id: owner.get(track.track_id) ?? track.track_id }))
    .filter(({ id }) => !hidden.has(id));
  const faces = shown.flatMap(({ track, id }) =>
    track.frames.map(([index, box]) => ({
      t: round6(frameSeconds(frames, index)),
      id,
      ...storedBox(frames, box),
    })),
  );
  return {
    fps: frames.fps,
    ...everybody(artifacts, shown),
    faces: faces.sort((a, b) => a.t - b.t || compareText(a.id, b.id) || a.x - b.x || a.y - b.y),
    shots: scenes.scenes.map(({ start_s, end_s }) => ({ start_s, end_s })),
  };
}

/** The same as text: one row a person, a face and a shot. */
export function episodeJson(artifacts: EpisodeArtifacts): string {
  const { fps, identities, others, faces, shots } = exportedEpisode(artifacts);
  const list = (rows: readonly unknown[]): string =>
    rows.length === 0 ? '[]' : `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]`;
  return `{"fps":${fps},\n"identities":${list(identities)},\n"others":${list(others)},\n"faces":${list(faces)},\n"shots":${list(shots)}}\n`;
}

type ShownTrack = Readonly<{ track: Track; id: string }>;

function everybody(
  artifacts: EpisodeArtifacts,
  shown: readonly ShownTrack[],
): Pick<ExportedEpisode, 'identities' | 'others'> {
  const main = peopleOnScreen(artifacts);
  const known = new Set(main.map(({ id }) => id));
  const names = new Map(artifacts.identities.identities.map((each) => [each.identity_id, each.name]));
  const suggested = suggestionsById(artifacts.identities);
  const tracksOf = new Map<string, Track[]>();
  for (const { track, id } of shown) {
    if (known.has(id)) continue;
    const theirs = tracksOf.get(id);
    if (theirs === undefined) tracksOf.set(id, [track]);
    else theirs.push(track);
  }
  const rest = [...tracksOf].sort(([a], [b]) => compareText(a, b));
  return {
    identities: main,
    others: rest.map(([id, theirs]) => {
      const name = names.get(id);
      const seen = seenIntervals(artifacts, theirs);
      const intervals = seen.map(({ start_s, end_s }) => ({ start_s: round6(start_s), end_s: round6(end_s) }));
      return { id, ...(name !== undefined && { name }), ...suggested.get(id), intervals };
    }),
  };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
