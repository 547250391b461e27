// Random projects with random histories, held against a model after every build. A failing seed is
// in the error; SA_SEED replays it alone.
import { expect, test } from 'vitest';
import { liveHistory } from '../support/history.js';

const seeds =
  process.env['SA_SEED'] === undefined
    ? Array.from({ length: 24 }, (_, index) => index + 1)
    : [Number(process.env['SA_SEED'])];

test.each(seeds)(
  'history %i: after every edit a build equals a clean one, and runs just what changed',
  async (seed) => {
    const { builds } = await liveHistory({ seed, steps: 4, commands: 0.3 });
    expect(builds).toBeGreaterThanOrEqual(5);
  },
);
