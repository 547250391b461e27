// Screen time beside seconds that people timed by hand: their own labelled boxes go in as tracks,
// one a person and shot, so that only the counting is judged.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { screenTime, type TimedTrack } from '../../../rules/screentime/screen-time.js';
import { describeWithShared, shared } from '../../support/shared.js';

interface Truth {
  readonly fps: number;
  readonly frames: number;
  readonly height: number;
  readonly shots: readonly { readonly start_frame: number }[];
  readonly characters: readonly {
    readonly id: string;
    readonly visible_s: number;
    readonly visible: readonly unknown[];
  }[];
  readonly face_samples: readonly {
    readonly frame: number;
    readonly faces: readonly { readonly char: string | null; readonly state: string; readonly h: number }[];
  }[];
}

const clips = [
  { clip: 'angelone', stride: 6 },
  { clip: 'bbt_demo', stride: 10 },
  { clip: 'hamilton_short', stride: 6 },
];

describeWithShared('hand-timed clips', ['data/truth'], () => {
  test.each(clips)('$clip: seconds are the hand-timed ones within the error that is told', ({ clip, stride }) => {
    const truth = JSON.parse(readFileSync(shared(`data/truth/${clip}.gt.json`), 'utf8')) as Truth;
    const sceneStarts = truth.shots.map((shot) => shot.start_frame);
    const tracks = truth.characters.map(({ id }): TimedTrack => {
      const frames = truth.face_samples.flatMap(({ frame, faces }) =>
        faces
          .filter((face) => face.char === id && face.state === 'visible')
          .map((face) => ({ index: frame, height: face.h / truth.height })),
      );
      return { id, frames };
    });
    const table = screenTime({
      times: Float64Array.from({ length: truth.frames + 1 }, (_, i) => i / truth.fps),
      fps: truth.fps,
      stride,
      sceneStarts,
      tracks,
      people: tracks.map(({ id, frames }) => {
        return {
          id,
          trackIds: [id],
          samples: frames.length,
          detectionScore: 1,
          hidden: false,
          thumbPath: '',
          similarities: [1],
        };
      }),
      gapToleranceS: 0.5,
      minPersonS: 0,
      minPersonSamples: 1,
      minPersonConf: 0,
    });
    for (const { id, visible_s, visible } of truth.characters) {
      const found = table.identities.find((row) => row.id === id);
      const seconds = (found?.screen_time_s ?? 0) + (found?.bridged_s ?? 0);
      // Hand-timed ends are accurate to four frames each.
      const tolerance = (found?.error_s ?? 0) + (visible.length * 8) / truth.fps;
      expect(`${id} ${Math.abs(seconds - visible_s) <= tolerance}`).toBe(`${id} true`);
    }
    expect(table.identities.length).toBeGreaterThan(0);
  });
});
