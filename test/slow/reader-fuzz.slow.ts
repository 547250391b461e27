// Texts that nobody would write, many thousands: each ends in a pipeline or in problems, never in an
// error of another kind. SA_SEED replays; the seed of a failure is in its message.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stages } from '../../rules/stages.js';
import { ProblemError } from '../../src/base/problem.js';
import { readPipeline } from '../../src/pipeline/read.js';

const shipped = readFileSync(new URL('../../pipeline.yaml', import.meta.url), 'utf8');
const runs = {
  numRuns: Number(process.env['SA_RUNS'] ?? 20_000),
  ...(process.env['SA_SEED'] === undefined ? {} : { seed: Number(process.env['SA_SEED']) }),
};

/** The number of problems of a text; whatever else it throws fails the property. */
function problemsOf(text: string): number {
  try {
    readPipeline({ text, file: 'pipeline.yaml', catalogue: stages });
    return 0;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    for (const { message } of error.problems) expect(message.length).toBeLessThan(2000);
    return error.problems.length;
  }
}

const scrap = fc.oneof(
  fc.constantFrom(
    '{ep}',
    '../',
    '/',
    '*',
    '&a ',
    '*a',
    '<<: ',
    '!!js ',
    '"',
    "'",
    '|',
    '>',
    '- ',
    '? ',
    ': ',
    '[',
    ']',
    '{',
    '}',
  ),
  fc.constantFrom(
    '\n',
    '\n  ',
    '\t',
    '\r',
    '\0',
    '\ufeff',
    '\u2028',
    '\ud800',
    '__proto__',
    'constructor',
    '1e999',
    '.nan',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const mutation = fc.record({
  at: fc.nat(shipped.length),
  removed: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(400)),
  put: fc.oneof(
    scrap,
    fc.nat(shipped.length).map((from) => shipped.slice(from, from + 60)),
  ),
});

test(
  'the shipped pipeline, cut up and filled with scraps anywhere, ends in a pipeline or in problems',
  { timeout: 1_800_000 },
  () => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), (mutations) => {
        const text = mutations.reduce(
          (before, { at, removed, put }) => before.slice(0, at) + put + before.slice(at + removed),
          shipped,
        );
        expect(problemsOf(text)).toBeLessThanOrEqual(101);
      }),
      runs,
    );
  },
);

test('lines of it in any order, some many times, do too', { timeout: 1_800_000 }, () => {
  const lines = shipped.split('\n');
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...lines), { maxLength: 60 }), (some) => {
      expect(problemsOf(some.join('\n'))).toBeLessThanOrEqual(101);
    }),
    runs,
  );
});

const json = fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' });
test('any JSON in place of any part of it does too', { timeout: 1_800_000 }, () => {
  const part = fc.constantFrom('data', 'each', 'params', 'profiles', 'episodes', 'rules', 'groups', 'resources');
  const ofRule = fc.constantFrom(
    'stage',
    'run',
    'inputs',
    'outputs',
    'params',
    'models',
    'resources',
    'env',
    'timeout',
    'code',
  );
  fc.assert(
    fc.property(fc.dictionary(part, json), fc.dictionary(ofRule, json), (parts, rule) => {
      const whole = { sa: 1, each: { ep: 'v/{ep}.txt' }, rules: { r: rule }, ...parts };
      expect(problemsOf(JSON.stringify(whole))).toBeLessThanOrEqual(101);
    }),
    runs,
  );
});
