import { expect, test } from 'vitest';
import { describeCount } from '../../src/cli/words.js';

test.each([
  ['others_count', 1, '1 other'],
  ['people_count', 1, '1 person'],
  ['cast_people', 1, '1 cast person'],
  ['identities_count', 1, '1 identity'],
  ['faces_sampled', 1, '1 face sampled'],
  ['loss', 1, '1 loss'],
  ['status', 1, '1 status'],
  ['others_count', 2, '2 others'],
  ['faces_sampled', 0, '0 faces sampled'],
])('%s of %i is said as "%s"', (name, count, words) => {
  expect(describeCount(name, count)).toBe(words);
});
