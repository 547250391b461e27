// (f) The screen time of 1,000 tracks of 12 people over 43 minutes. There is nothing to set beside it.
import { screenTime } from '../../../rules/screentime/screen-time.js';
import { numbers } from '../../support/long-episode.js';
import { seconds, type Row } from './bench.js';
import { inTurns, timed } from './turns.js';

const [trackCount, personCount, frameCount, fps] = [1000, 12, 64_500, 25];
const trackLength = 100;

export const screenTimeRow: Row = {
  letter: 'f',
  async measure({ line }) {
    const input = madeUp();
    const { ours } = await inTurns({ ours: () => timed(() => screenTime(input)) });
    line({
      what: `screen time, ${trackCount} tracks of ${personCount} people, ${frameCount / fps / 60} min`,
      sa: seconds(ours.wallS),
    });
  },
};

function madeUp(): Parameters<typeof screenTime>[0] {
  const next = numbers(11);
  const tracks = Array.from({ length: trackCount }, (_, track) => {
    const from = Math.floor(next() * (frameCount - trackLength));
    return {
      id: `t${track}`,
      frames: Array.from({ length: trackLength }, (__, step) => ({ index: from + step, height: 0.2 })),
    };
  });
  const people = Array.from({ length: personCount }, (_, person) => {
    const trackIds = tracks.filter((__, at) => at % personCount === person).map(({ id }) => id);
    return {
      id: `p${person}`,
      trackIds,
      similarities: trackIds.map(() => 0.9),
      samples: 100,
      detectionScore: 0.9,
      hidden: false,
      thumbPath: '',
    };
  });
  return {
    times: Float64Array.from({ length: frameCount + 1 }, (_, index) => index / fps),
    fps,
    stride: 1,
    sceneStarts: Array.from({ length: 500 }, (_, scene) => scene * 129),
    tracks,
    people,
    gapToleranceS: 0.5,
    minPersonS: 1,
    minPersonSamples: 3,
    minPersonConf: 0.65,
  };
}
