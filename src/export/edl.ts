// `--format edl`: a cut list (CMX 3600) a person, with which an editor can lay all their appearances
// end to end. Timecodes count frames, never seconds, so that nothing drifts.
import { type EpisodeArtifacts, type ExportedFile, frameAt, label, type OnScreen, peopleOnScreen } from './episode.js';

/** A file a person, in the screen-time table's order; frame counts at the nearest whole rate, non-drop. */
export function episodeEdls(artifacts: EpisodeArtifacts): ExportedFile[] {
  const ep = artifacts.screentime.ep_id;
  return peopleOnScreen(artifacts).map((person) => ({
    name: `${ep}.${person.id}.edl`,
    text: personEdl(artifacts, person),
  }));
}

function personEdl({ frames, screentime }: EpisodeArtifacts, person: OnScreen): string {
  // 29.97 frames a second are counted as 30: non-drop code names frames, not wall-clock time.
  const rate = Math.max(1, Math.round(frames.fps));
  let record = rate * 3600;
  const events = person.intervals
    .map(({ start_s, end_s }) => [frameAt(frames, start_s), frameAt(frames, end_s)] as const)
    .filter(([start, end]) => end > start)
    .map(([start, end], index) => {
      const codes = [start, end, record, (record += end - start)].map((frame) => timecode(frame, rate));
      const number = String(index + 1).padStart(3, '0');
      return `${number}  AX       V     C        ${codes.join(' ')}\n* FROM CLIP NAME: ${screentime.ep_id}\n`;
    });
  return `TITLE: ${`${label(person)} in ${screentime.ep_id}`.slice(0, 70)}\nFCM: NON-DROP FRAME\n\n${events.join('')}`;
}

function timecode(frame: number, rate: number): string {
  const seconds = Math.floor(frame / rate);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60, frame % rate]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
}
