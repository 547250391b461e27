// The values that a sweep goes through: `name=from:to:step` and `name=a,b,c` among ordinary settings.
// Pure.
import type { Json } from '../../base/canonical-json.js';
import { problem } from '../../base/problem.js';
import { quote } from '../../base/quote.js';
import { parseSetting } from '../../pipeline/settings.js';
import type { ParamValues } from '../../pipeline/pipeline.js';

/** One parameter with the values it is to have, in the order given. */
export interface Axis {
  readonly name: string;
  readonly values: readonly Json[];
}

export interface Grid {
  /** One or two. */
  readonly axes: readonly Axis[];
  /** Settings that stay the same throughout. */
  readonly fixed: ParamValues;
  /** Every combination, the last axis fastest. */
  readonly points: readonly ParamValues[];
}

/** Each point is a build: more than this is a mistake in the step. */
const pointsMax = 500;

/** Reads the settings as text, e.g. `cluster_thresh=0.60:0.85:0.05`. Throws ProblemError for what is no grid. */
export function readGrid(settings: readonly string[]): Grid {
  const axes: Axis[] = [];
  const fixed: Record<string, Json> = {};
  for (const setting of settings) {
    const { name, value } = parseSetting(setting);
    const values = typeof value === 'string' ? valuesOf(name, value) : undefined;
    if (values === undefined) fixed[name] = value;
    else axes.push({ name, values });
  }
  if (axes.length === 0 || axes.length > 2)
    throw problem(
      'bad-grid',
      axes.length === 0
        ? 'there is nothing to sweep over'
        : `a sweep goes over one or two parameters, not ${axes.length}`,
      'write a range or a list, e.g. --set cluster_thresh=0.60:0.85:0.05 or --set stride=1,2,4',
    );
  const twice = axes.find(({ name }, index) => name in fixed || axes.findIndex((axis) => axis.name === name) !== index);
  if (twice) throw problem('bad-grid', `${quote(twice.name)} is set twice`, 'give each parameter once');
  const points = axes.reduce<ParamValues[]>(
    (before, { name, values }) => before.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [fixed],
  );
  if (points.length > pointsMax)
    throw problem('bad-grid', `${points.length} points are too many; ${pointsMax} are the most`, 'take a larger step');
  return { axes, fixed, points };
}

function valuesOf(name: string, text: string): Json[] | undefined {
  const numeral = String.raw`\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*`;
  const range = new RegExp(`^${numeral}:${numeral}:${numeral}$`).exec(text);
  if (range) return rangeOf(name, text, range.slice(1, 4));
  if (!text.includes(',')) return undefined;
  return text.split(',').map((part) => parseSetting(`${name}=${part.trim()}`).value);
}

// Counted in whole steps and rounded to the decimals that were written: 0.6 and 0.05 never give 0.6500000000000001.
function rangeOf(name: string, text: string, parts: readonly string[]): number[] {
  const [from, to, step] = parts.map(Number) as [number, number, number];
  const steps = (to - from) / step;
  if (!Number.isFinite(steps) || steps < 0)
    throw problem(
      'bad-grid',
      `${quote(text)} is no range of ${quote(name)}`,
      'write from:to:step, e.g. 0.60:0.85:0.05',
    );
  if (steps >= pointsMax)
    throw problem('bad-grid', `${quote(text)} has more than ${pointsMax} values`, 'take a larger step');
  const decimals = Math.max(...parts.map((part) => /\.(\d+)/.exec(part)?.[1]?.length ?? 0));
  const exact = parts.some((part) => /[eE]/.test(part))
    ? (value: number) => value
    : (value: number) => Number(value.toFixed(decimals));
  return Array.from({ length: Math.floor(steps + 1e-9) + 1 }, (_, index) => exact(from + index * step));
}
