// The evaluator beside TrackEval's published figures, before it is trusted with anything.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { scoreTracks } from './mot-metrics.js';
import { readMot } from './mot.js';
import { describeWithShared, shared } from './shared.js';

const keys = ['HOTA', 'DetA', 'AssA', 'MOTA', 'IDF1', 'TP', 'FN', 'FP', 'IDSW'] as const;
const variants = ['t05', 't06', 'rescaled_t05', 't06_plainiou', 'motmetrics_test'];
const cases = ['TUD-Campus', 'TUD-Stadtmitte'].flatMap((sequence) =>
  variants.map((variant) => ({ sequence, variant })),
);

describeWithShared('track evaluator', ['data/mot'], () => {
  test.each(cases)('$sequence $variant scores what TrackEval gives it', ({ sequence, variant }) => {
    const folder = shared(`data/mot/${sequence}`);
    const file = variant === 'motmetrics_test' ? 'motmetrics_test.txt' : `bytetrack.${variant}.txt`;
    const scores = scoreTracks(readMot(`${folder}/gt.txt`), readMot(`${folder}/${file}`));
    const reference = JSON.parse(readFileSync(shared('data/mot/reference.json'), 'utf8')) as {
      sequences: Record<string, Record<string, Record<string, number>>>;
    };
    const wanted = reference.sequences[sequence]![variant]!;
    for (const key of keys) expect(`${key} ${scores[key].toFixed(5)}`).toBe(`${key} ${wanted[key]!.toFixed(5)}`);
  });
});
