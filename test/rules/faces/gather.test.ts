import { describe, expect, test } from 'vitest';
import { TrackGatherer } from '../../../rules/faces/gather.js';

const limits = { min: 1, spacing: 4 };

describe('faces of a track, gathered as frames go by', () => {
  test('a bin keeps no more than its plan allows, and the best', () => {
    const gatherer = new TrackGatherer<string>({ bins: [[0, 1, 2], [3]], keptPerBin: 1 });
    for (const [frame, quality] of [0.3, 0.9, 0.5].entries()) {
      const candidate = { frame, bin: 0, quality };
      expect(gatherer.wouldKeep(candidate)).toBe(frame < 2);
      gatherer.offer({ ...candidate, payload: `face ${frame}` });
    }
    expect(gatherer.finish(limits).chosen.map(({ payload }) => payload)).toEqual(['face 1']);
  });

  test('an equal face that comes later does not replace the first', () => {
    const gatherer = new TrackGatherer<string>({ bins: [[0, 1]], keptPerBin: 1 });
    gatherer.offer({ frame: 0, bin: 0, quality: 0.5, payload: 'first' });
    expect(gatherer.wouldKeep({ frame: 1, bin: 0, quality: 0.5 })).toBe(false);
  });

  test('a bin with nothing but refused faces reports its most confident one', () => {
    const gatherer = new TrackGatherer<string>({
      bins: [
        [0, 1],
        [2, 3],
      ],
      keptPerBin: 1,
    });
    gatherer.refuse({ frame: 0, bin: 0, conf: 0.7, reason: 'no_landmarks' });
    gatherer.offer({ frame: 1, bin: 0, quality: 0.5, payload: 'good' });
    gatherer.refuse({ frame: 2, bin: 1, conf: 0.7, reason: 'too_small' });
    gatherer.refuse({ frame: 3, bin: 1, conf: 0.8, reason: 'off_frame' });
    expect(gatherer.finish(limits).refused).toEqual([{ frame: 3, bin: 1, conf: 0.8, reason: 'off_frame' }]);
  });
});
