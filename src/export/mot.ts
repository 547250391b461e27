// `--format mot`: tracks as MOTChallenge rows, for tools that score or draw trackers.
import { type EpisodeArtifacts, hundredths, storedBox } from './episode.js';

/**
 * Rows `frame,id,left,top,width,height,conf,-1,-1,-1` by frame, then id. Frames, ids and pixel
 * positions count from 1 (MOT16, arXiv 1603.00831). The id is the track's number, not a person:
 * these files are about tracking, and two tracks of one person may be in one frame.
 */
export function episodeMot({ frames, tracks }: EpisodeArtifacts): string {
  const rows = tracks.flatMap((track) =>
    track.frames.map(([index, box, conf]) => {
      const { x, y, w, h } = storedBox(frames, box);
      return {
        frame: index + 1,
        id: trackNumber(track.track_id),
        box: [hundredths(x + 1), hundredths(y + 1), w, h],
        conf,
      };
    }),
  );
  rows.sort((a, b) => a.frame - b.frame || a.id - b.id);
  return rows.map(({ frame, id, box, conf }) => `${frame},${id},${box.join(',')},${conf},-1,-1,-1\n`).join('');
}

/** The number in `track-00012`. */
function trackNumber(trackId: string): number {
  return Number(trackId.slice('track-'.length));
}
