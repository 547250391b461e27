// Builds one episode with each value of one or two parameters and says what came of it, beside what is
// on disk now. Neither an artifact nor a lockfile changes; what was built is in the store, so that the
// same sweep again, or a build with one of its values, restores it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../../base/closest.js';
import { problem } from '../../base/problem.js';
import { quote } from '../../base/quote.js';
import type { ActionReport } from '../../engine/execute.js';
import type { ParamValues } from '../../pipeline/pipeline.js';
import { artifactPath } from '../../stage/artifact-path.js';
import {
  framesIndexSchema,
  identitiesSchema,
  screentimeSchema,
  trackSchema,
  type FramesIndex,
} from '../../stage/artifacts.js';
import { readJson, readJsonLines } from '../../stage/read-write.js';
import { errorText } from '../json.js';
import { select, type Selection } from '../select.js';
import { Session, type BuildOptions } from '../session.js';
import { requireEpisode, type Workspace } from '../workspace.js';
import { agreement, type Agreement, type Grouping } from './agreement.js';
import type { Axis, Grid } from './grid.js';
import { openScratch } from '../scratch.js';

export interface SweepRow {
  /** The swept parameters alone. */
  readonly params: ParamValues;
  /** undefined where an action failed. */
  readonly result: SweepResult | undefined;
  readonly error: string | null;
  /** Rules that ran, and rules whose result was in the store. */
  readonly built: readonly string[];
  readonly restored: readonly string[];
  readonly seconds: number;
}

export interface SweepResult {
  readonly identities: number;
  readonly singletons: number;
  /** Rows of the screen-time table, and their seconds on screen together. */
  readonly people: number;
  readonly screen_time_s: number;
  /** Seconds on screen of those who have a name. */
  readonly named_s: Readonly<Record<string, number>>;
  readonly edits_not_applied: number;
  /** With the identities on disk; null where none are. */
  readonly agreement: Agreement | null;
}

export interface Sweep {
  readonly ep: string;
  readonly axes: readonly Axis[];
  /** What is on disk, with the values it was built with where they are known. */
  readonly present: { readonly params: ParamValues; readonly result: SweepResult } | null;
  readonly rows: readonly SweepRow[];
}

export interface SweepOptions extends Omit<BuildOptions, 'planned'> {
  readonly profile: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly onRow: (row: SweepRow, index: number) => void;
}

/** What the table is read from; rules that make neither are not built. */
const targets = ['identities', 'screentime'] as const;

/** Runs the sweep. Throws ProblemError for unknown parameters and values out of range, before anything runs. */
export async function sweep(workspace: Workspace, ep: string, grid: Grid, options: SweepOptions): Promise<Sweep> {
  requireEpisode(ep, workspace.episodes());
  const selection = select(workspace, { words: [ep, ...targets], all: false });
  requireUse(workspace, selection, grid);
  const sessionOf = (where: Workspace, explicit: ParamValues): Session =>
    new Session(where, { profile: options.profile, explicit, force: [], trust: [] });
  for (const point of grid.points) sessionOf(workspace, point).facts.paramsOf(ep);

  const present = await readGrouping(workspace.dataRoot, ep);
  const scratch = await openScratch(workspace, selection, {
    ...options,
    onWait: (holder) => options.observer.waiting(holder),
  });
  try {
    const rows: SweepRow[] = [];
    for (const [index, point] of grid.points.entries()) {
      const started = performance.now();
      const reports = await sessionOf(scratch.workspace, point).build(
        select(scratch.workspace, { words: [ep, ...targets], all: false }),
        options,
      );
      const failed = reports.find(({ outcome }) => outcome.kind === 'failed');
      const row: SweepRow = {
        params: Object.fromEntries(grid.axes.map(({ name }) => [name, point[name]!])),
        result: failed ? undefined : await resultOf(scratch.workspace.dataRoot, ep, present),
        error: failed === undefined ? null : `${failed.action.id}: ${errorText(failed.outcome) ?? ''}`,
        built: rulesWith(reports, 'built'),
        restored: rulesWith(reports, 'restored'),
        seconds: (performance.now() - started) / 1000,
      };
      rows.push(row);
      options.onRow(row, index);
    }
    return { ep, axes: grid.axes, present: await presentOf(workspace, ep, grid, present), rows };
  } finally {
    scratch.remove();
  }
}

// A parameter that changes nothing would give a table of equal rows.
function requireUse({ pipeline }: Workspace, { actions }: Selection, { axes }: Grid): void {
  const { fields = {} } = pipeline;
  for (const { name } of axes) {
    if (actions.some(({ rule }) => rule.params.includes(name) && fields[name]?.how !== true)) continue;
    const used = new Set(actions.flatMap(({ rule }) => rule.params).filter((one) => fields[one]?.how !== true));
    throw problem('unused-param', `identities and screen time do not depend on ${quote(name)}`, didYouMean(name, used));
  }
}

function rulesWith(reports: readonly ActionReport[], kind: 'built' | 'restored'): string[] {
  return reports.flatMap(({ action, outcome }) => (outcome.kind === kind ? [action.rule.name] : []));
}

interface Present extends Grouping {
  readonly frames: FramesIndex;
}

async function readGrouping(dataRoot: string, ep: string): Promise<Present | undefined> {
  const path = (kind: Parameters<typeof artifactPath>[1]): string => join(dataRoot, artifactPath(ep, kind));
  if (!(['identities', 'tracks', 'frames_index', 'screentime'] as const).every((kind) => existsSync(path(kind))))
    return undefined;
  return {
    frames: await readJson(path('frames_index'), framesIndexSchema),
    tracks: await readJsonLines(path('tracks'), trackSchema),
    identities: await readJson(path('identities'), identitiesSchema),
  };
}

async function resultOf(dataRoot: string, ep: string, present: Present | undefined): Promise<SweepResult> {
  const now = await readGrouping(dataRoot, ep);
  if (now === undefined)
    throw problem(
      'no-identities',
      `the rules of this pipeline make no identities, tracks, frames and screen time under their usual names`,
      'a sweep needs the shipped stages',
    );
  const { identities } = await readJson(join(dataRoot, artifactPath(ep, 'screentime')), screentimeSchema);
  const named = identities.flatMap(({ name, screen_time_s }) =>
    name === undefined ? [] : [[name, screen_time_s] as const],
  );
  return {
    identities: now.identities.metadata.num_identities,
    singletons: now.identities.metadata.num_singletons,
    people: identities.length,
    screen_time_s: rounded(identities.reduce((sum, { screen_time_s }) => sum + screen_time_s, 0)),
    named_s: Object.fromEntries(named.map(([name, seconds]) => [name, rounded(seconds)])),
    edits_not_applied: now.identities.edits_not_applied.length,
    agreement: present === undefined ? null : agreed(now, present),
  };
}

function agreed(now: Present, before: Present): Agreement {
  const { pts, time_base: [numerator, denominator], last_duration: last } = now.frames; // prettier-ignore
  const ticksAt = (frame: number): number => pts[frame] ?? (pts.at(-1) ?? 0) + last;
  const { adjusted_rand, moved_s } = agreement(
    now,
    before,
    (from, frames) => ((ticksAt(from + frames) - ticksAt(from)) * numerator) / denominator,
  );
  return { adjusted_rand: Math.round(adjusted_rand * 1e4) / 1e4, moved_s: rounded(moved_s) };
}

async function presentOf(
  workspace: Workspace,
  ep: string,
  { axes }: Grid,
  present: Present | undefined,
): Promise<Sweep['present']> {
  if (present === undefined) return null;
  const session = new Session(workspace, { explicit: {}, force: [], trust: [] });
  const lockfiles = session.lockfiles();
  const built = workspace.pipeline.rules.map(({ name }): ParamValues => lockfiles.get(ep, name)?.manifest.params ?? {});
  const params = Object.fromEntries(
    axes.flatMap(({ name }) => {
      const holder = built.find((values) => name in values);
      return holder === undefined ? [] : [[name, holder[name]!]];
    }),
  );
  return { params, result: await resultOf(workspace.dataRoot, ep, present) };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
