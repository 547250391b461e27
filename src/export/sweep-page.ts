// The page of a sweep: one self-contained file with a chart a measure and the table below. Pure.
import type { Sweep, SweepResult, SweepRow } from '../app/sweep/sweep.js';
import type { Json } from '../base/canonical-json.js';

interface Measure {
  readonly title: string;
  readonly about: string;
  readonly of: (result: SweepResult) => number | undefined;
  readonly show: (value: number) => string;
}

const measures: readonly Measure[] = [
  { title: 'Identities', about: 'groups of tracks', of: ({ identities }) => identities, show: String },
  { title: 'Singletons', about: 'identities of one track', of: ({ singletons }) => singletons, show: String },
  { title: 'People', about: 'rows of the screen-time table', of: ({ people }) => people, show: String },
  {
    title: 'Screen time',
    about: 'seconds of all people of the table',
    of: ({ screen_time_s }) => screen_time_s,
    show: (value) => `${value.toFixed(1)} s`,
  },
  {
    title: 'Agreement',
    about: 'adjusted Rand index with the identities on disk, over faces',
    of: ({ agreement }) => agreement?.adjusted_rand,
    show: (value) => value.toFixed(3),
  },
  {
    title: 'Moved',
    about: 'seconds of faces that are somebody else than on disk',
    of: ({ agreement }) => agreement?.moved_s,
    show: (value) => `${value.toFixed(1)} s`,
  },
];

/** The whole page. */
export function sweepPage(sweep: Sweep): string {
  const { ep, axes, rows } = sweep;
  const names = axes.map(({ name }) => name).join(' and ');
  const figures = measures
    .filter(({ of }) => rows.some(({ result }) => result !== undefined && of(result) !== undefined))
    .map((measure) => figure(measure, axes.length === 1 ? lineChart(sweep, measure) : heatMap(sweep, measure)));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escape(`${ep}: sweep of ${names}`)}</title>
<style>${style}</style>
<header><p>${escape(ep)}</p><h1>Sweep of ${escape(names)}</h1>${presentLine(sweep)}</header>
<main>${figures.join('\n')}</main>
${tableOf(sweep)}
</html>
`;
}

function figure({ title, about }: Measure, body: string): string {
  return `<figure><figcaption><b>${title}</b><span>${about}</span></figcaption>${body}</figure>`;
}

function presentLine({ present }: Sweep): string {
  if (present === null) return '<p>Nothing is built yet; there is nothing to compare with.</p>';
  const values = Object.entries(present.params).map(([name, value]) => `${name} ${shown(value)}`);
  return `<p>On disk: ${escape(values.join(', '))}, ${present.result.identities} identities. Marked in the charts.</p>`;
}

const [width, height, left, right, top, bottom] = [420, 200, 56, 16, 14, 30];

function lineChart({ axes, rows, present }: Sweep, measure: Measure): string {
  const [axis] = axes;
  const numeric = axis!.values.every((value) => typeof value === 'number');
  const positionOf = (value: Json | undefined, index: number): number => (numeric ? (value as number) : index);
  const points = rows.flatMap(({ params, result }, index) => {
    const y = result && measure.of(result);
    return y === undefined ? [] : [{ label: shown(params[axis!.name]!), x: positionOf(params[axis!.name], index), y }];
  });
  const now = present?.params[axis!.name];
  const nowAt = numeric
    ? typeof now === 'number'
      ? now
      : undefined
    : axis!.values.findIndex((value) => value === now);
  const marked = nowAt !== undefined && nowAt >= 0;
  const x = scale([...points.map((point) => point.x), ...(marked ? [nowAt] : [])], [left, width - right]);
  const y = scale(niceEnds(points.map((point) => point.y)), [height - bottom, top]);
  const ticks = [...new Set(niceEnds(points.map((point) => point.y)))];
  const every = Math.ceil(points.length / 8);
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${measure.title}">`,
    ...ticks.map(
      (tick) =>
        `<line class="grid" x1="${left}" x2="${width - right}" y1="${y(tick)}" y2="${y(tick)}"/><text class="y" x="${left - 8}" y="${y(tick) + 4}">${escape(measure.show(tick))}</text>`,
    ),
    marked ? `<line class="now" x1="${x(nowAt)}" x2="${x(nowAt)}" y1="${top}" y2="${height - bottom}"/>` : '',
    `<polyline points="${points.map((point) => `${x(point.x)},${y(point.y)}`).join(' ')}"/>`,
    ...points.map(
      (point, index) =>
        `<circle cx="${x(point.x)}" cy="${y(point.y)}" r="4"><title>${escape(`${axis!.name} ${point.label}: ${measure.show(point.y)}`)}</title></circle>` +
        (index % every === 0
          ? `<text class="x" x="${x(point.x)}" y="${height - 10}">${escape(point.label)}</text>`
          : ''),
    ),
    '</svg>',
  ].join('');
}

function heatMap({ axes, rows, present }: Sweep, measure: Measure): string {
  const [down, across] = axes;
  const values = rows.flatMap(({ result }) => (result && measure.of(result)) ?? []);
  const shade = scale(values, [6, 62]);
  const cell = (one: Json, other: Json): string => {
    const row = rows.find(({ params }) => params[down!.name] === one && params[across!.name] === other);
    const value = row?.result && measure.of(row.result);
    if (value === undefined) return '<td></td>';
    const isPresent = present?.params[down!.name] === one && present.params[across!.name] === other;
    const percent = values.every((each) => each === values[0]) ? 6 : shade(value);
    return `<td${isPresent ? ' class="now"' : ''} style="--p:${percent}%">${escape(measure.show(value))}</td>`;
  };
  const head = `<tr><th class="corner">${escape(down!.name)} ↓<br>${escape(across!.name)} →</th>${across!.values.map((value) => `<th>${escape(shown(value))}</th>`).join('')}</tr>`;
  const body = down!.values.map(
    (one) => `<tr><th>${escape(shown(one))}</th>${across!.values.map((other) => cell(one, other)).join('')}</tr>`,
  );
  return `<table class="heat">${head}${body.join('')}</table>`;
}

function tableOf({ axes, rows, present }: Sweep): string {
  const people = new Set(
    [present?.result, ...rows.map(({ result }) => result)].flatMap((result) => Object.keys(result?.named_s ?? {})),
  );
  const names = [...people].sort();
  const cells = (result: SweepResult | undefined, error: string | null): string =>
    result === undefined
      ? `<td colspan="${measures.length + names.length}">${escape(error ?? '')}</td>`
      : [
          ...measures.map((measure) => {
            const value = measure.of(result);
            return `<td>${value === undefined ? '' : escape(measure.show(value))}</td>`;
          }),
          ...names.map((name) => `<td>${result.named_s[name]?.toFixed(1) ?? '–'}</td>`),
        ].join('');
  const line = ({ params, result, error }: Pick<SweepRow, 'params' | 'result' | 'error'>, kind: string): string =>
    `<tr${kind}>${axes.map(({ name }) => `<th>${escape(shown(params[name] ?? null))}</th>`).join('')}${cells(result, error)}</tr>`;
  return `<div class="scroll"><table><thead><tr>${axes.map(({ name }) => `<th>${escape(name)}</th>`).join('')}${measures.map(({ title }) => `<td>${title}</td>`).join('')}${names.map((name) => `<td>${escape(name)}, s</td>`).join('')}</tr></thead>
${present === null ? '' : line({ ...present, error: null }, ' class="now"')}
${rows.map((row) => line(row, '')).join('\n')}</table></div>`;
}

/** The least and the greatest, or a unit around them where they are one. */
function niceEnds(values: readonly number[]): [number, number] {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? [least - 1, most + 1] : [least, most];
}

function scale(values: readonly number[], [from, to]: readonly [number, number]): (value: number) => number {
  const [least, most] = niceEnds(values);
  return (value) => Math.round((from + ((value - least) / (most - least)) * (to - from)) * 10) / 10;
}

function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const style = `
:root{color-scheme:light dark;--bg:#f7f7f5;--surface:#fff;--ink:#17191c;--muted:#5b6067;--line:#e3e3df;--mark:#1a5fd0}
@media (prefers-color-scheme:dark){:root{--bg:#121315;--surface:#1a1c1f;--ink:#eceded;--muted:#a3a8af;--line:#2d3034;--mark:#8ab4ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1120px;padding:40px 24px;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header p{margin:0;color:var(--muted);font-size:14px}
h1{margin:2px 0 4px;font-size:32px;line-height:1.15;letter-spacing:-.02em;font-weight:650;overflow-wrap:anywhere}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(320px,1fr));gap:20px;margin:28px 0}
figure{margin:0;padding:16px;background:var(--surface);border:1px solid var(--line);border-radius:10px;overflow-x:auto}
figcaption b{display:block;font-weight:620}
figcaption span{color:var(--muted);font-size:13px}
svg{display:block;width:100%;height:auto;margin-top:10px}
svg text{fill:var(--muted);font-size:11px;font-variant-numeric:tabular-nums}
.x{text-anchor:middle}.y{text-anchor:end}
.grid{stroke:var(--line)}
line.now{stroke:var(--muted);stroke-dasharray:3 4}
polyline{fill:none;stroke:var(--mark);stroke-width:2;stroke-linejoin:round}
circle{fill:var(--surface);stroke:var(--mark);stroke-width:2}
.scroll{overflow-x:auto;background:var(--surface);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
.scroll table{width:100%}
th,td{padding:7px 14px;text-align:right;font-weight:400;white-space:nowrap}
th{text-align:left;font-weight:550}
thead{color:var(--muted);font-size:12.5px}
tr+tr,tbody tr{border-top:1px solid var(--line)}
tr.now{color:var(--muted);font-style:italic}
.heat{margin-top:12px}
.heat th,.heat td{padding:5px 9px}
.corner{color:var(--muted);font-size:11px;line-height:1.3}
.heat td{background:color-mix(in srgb,var(--mark) var(--p),var(--surface))}
.heat td.now{outline:2px dashed var(--ink);outline-offset:-2px}
`;
