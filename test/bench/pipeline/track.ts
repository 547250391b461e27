// (d) Tracking beside the same two associations as a Python loop writes them, on made-up faces.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteTrack, type FrameBoxes } from '../../../rules/track/byte-track.js';
import { numbers } from '../../support/long-episode.js';
import { seconds, times, type Row } from './bench.js';
import { missing, runPython } from './python.js';
import { inTurns, timed } from './turns.js';

/** An episode's length: what a program takes to warm up counts for little. */
const [frameCount, faceCount] = [64_500, 6];

export const trackRow: Row = {
  letter: 'd',
  async measure({ folder, line }) {
    const what = `track, ${frameCount} frames of ${faceCount} faces`;
    const absent = missing('numpy', 'scipy');
    if (absent !== undefined) {
      line({ what, sa: '', beside: absent });
      return;
    }
    const frames = wanderers();
    const file = join(folder, 'frames.json');
    writeFileSync(file, JSON.stringify(frames));
    const { ours, theirs } = await inTurns({
      ours: () => timed(() => byteTrack({ frames, trackThresh: 0.65, matchThresh: 0.85, trackBuffer: 15, fps: 25 })),
      theirs: async () => {
        const { stdout } = await runPython('track.py', [file]);
        return { wallS: (JSON.parse(stdout) as { readonly seconds: number }).seconds };
      },
    });
    line({
      what,
      sa: seconds(ours.wallS),
      beside: `numpy and scipy loop ${seconds(theirs.wallS)}`,
      ratio: times(theirs.wallS / ours.wallS),
      wanted: 'at least 10x',
    });
  },
};

/** Faces that wander, some with a low score. */
function wanderers(): FrameBoxes[] {
  const next = numbers(11);
  const places = Array.from({ length: faceCount }, () => [next() * 1700, next() * 800] as [number, number]);
  return Array.from({ length: frameCount }, (_, index) => ({
    index,
    boxes: places.map((place) => {
      place[0] += 4 * next() - 2;
      place[1] += 4 * next() - 2;
      return [place[0], place[1], place[0] + 90, place[1] + 120] as const;
    }),
    scores: places.map(() => 0.3 + 0.65 * next()),
  }));
}
