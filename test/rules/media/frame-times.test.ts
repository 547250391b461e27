import { expect, test } from 'vitest';
import { frameTimes } from '../../../rules/media/frame-times.js';
import { framesIndexSchema } from '../../../src/stage/artifacts.js';
import { framesJson } from '../../support/json-stage.js';

test('times come from PTS, count from the first frame, and end with the end of the last', () => {
  const json = framesJson({ fps: 10, frameCount: 4, ptsMs: [850, 950, 1250, 1350] });
  expect([...frameTimes(framesIndexSchema.parse(JSON.parse(json)))]).toEqual([0, 0.1, 0.4, 0.5, 0.6]);
});
