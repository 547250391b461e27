// Thousands of random histories. SA_SEEDS=5000:9000 lives other ones; SA_SEED replays one.
import { expect, test } from 'vitest';
import { liveHistory } from '../support/history.js';

const [first = 1000, end = 3000] = (process.env['SA_SEED'] ?? process.env['SA_SEEDS'] ?? '1000:3000')
  .split(':')
  .map(Number);
const last = process.env['SA_SEED'] === undefined ? end : first + 1;
/** Histories a test case: few enough that a report comes now and then. */
const batch = 100;

for (let from = first; from < last; from += batch) {
  const until = Math.min(from + batch, last);
  test(`histories with seeds ${from} to ${until - 1} keep every promise`, { timeout: 1_800_000 }, async () => {
    let builds = 0;
    for (let seed = from; seed < until; seed++)
      builds += (await liveHistory({ seed, steps: 6, commands: 0.05 })).builds;
    expect(builds).toBeGreaterThanOrEqual((until - from) * 7);
  });
}
