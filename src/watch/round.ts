// One round of watching as data, and the line in which a person reads it: what changed, what ran and
// for how long, what came of it.
import type { ActionReport } from '../engine/execute.js';
import type { Plan } from '../engine/plan.js';
import type { Reason } from '../engine/reasons.js';
import { describeReason, describeSeconds } from '../cli/words.js';
import { describeResults, type Results } from './results.js';

/** What a round did to one episode, or to the rules that are made once. */
export interface EpisodeRound {
  readonly ep: string | null;
  /** `cluster_thresh 0.75 -> 0.70`, `manifests/a/edits.yaml changed`. */
  readonly changes: readonly string[];
  readonly built: readonly string[];
  readonly restored: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  readonly seconds: number;
  /** `identities 12 -> 9`, `Lisa +41.2 s`. */
  readonly results: readonly string[];
}

export interface Round {
  readonly success: boolean;
  readonly seconds: number;
  readonly episodes: readonly EpisodeRound[];
}

/** Changes named in one line; the others are counted. */
const changesShown = 4;

/** What a plan was stale for, of one episode: causes alone, not what follows from them. */
export function changesOf(plan: Plan, ep: string | undefined): string[] {
  const texts = new Set<string>();
  for (const { action, verdict } of plan.steps) {
    if (action.ep !== ep || verdict.kind === 'fresh') continue;
    for (const reason of verdict.reasons) {
      const text = describeChange(reason, action.rule.name);
      if (text !== undefined) texts.add(text);
    }
  }
  return [...texts];
}

function describeChange(reason: Reason, rule: string): string | undefined {
  switch (reason.kind) {
    case 'never-built':
      return 'never built';
    case 'forced':
      return `${rule} forced`;
    case 'param-changed':
      return `${reason.name} ${describeValues(reason.old, reason.new)}`;
    case 'input-changed':
      return reason.rule === null ? `${reason.path} ${happened(reason)}` : undefined;
    case 'code-changed':
      return `${reason.path} ${happened(reason)}`;
    case 'rule-changed':
      return `${rule}: ${reason.what} changed`;
    case 'output-missing':
      return `${reason.path} was missing`;
    case 'output-altered':
      return `${reason.path} was altered`;
    case 'model-changed':
    case 'env-changed':
      return describeReason(reason).replace(/^[a-z-]+: /, '');
  }
}

function happened({ old, new: now }: { readonly old: string | null; readonly new: string | null }): string {
  if (old === null && now !== null) return 'added';
  return now === null && old !== null ? 'removed' : 'changed';
}

// Two numbers get the same decimals, so that they can be compared at a glance.
function describeValues(old: unknown, now: unknown): string {
  if (typeof old !== 'number' || typeof now !== 'number') return `${JSON.stringify(old)} -> ${JSON.stringify(now)}`;
  const [before, after] = [String(old), String(now)];
  if (/e/.test(before + after)) return `${before} -> ${after}`;
  const decimals = Math.max(...[before, after].map((text) => text.split('.')[1]?.length ?? 0));
  return `${old.toFixed(decimals)} -> ${now.toFixed(decimals)}`;
}

export interface Happened {
  readonly plan: Plan;
  /** The last report of each action that did something. */
  readonly reports: readonly ActionReport[];
  readonly seconds: number;
  readonly before: ReadonlyMap<string, Results>;
  readonly after: ReadonlyMap<string, Results>;
}

export function roundOf({ plan, reports, seconds, before, after }: Happened): Round {
  // Whatever finished first: the plan's order is that of the pipeline.
  const places = new Map(plan.steps.map(({ action }, place) => [action.id, place]));
  // What an edit took out of the pipeline while it ran comes last.
  const placeOf = ({ action }: ActionReport): number => places.get(action.id) ?? places.size;
  const inOrder = [...reports].sort((a, b) => placeOf(a) - placeOf(b));
  const groups = [...new Set(inOrder.map(({ action }) => action.ep))];
  const episodes = groups.map((ep): EpisodeRound => {
    const own = inOrder.filter(({ action }) => action.ep === ep);
    const rules = (kind: ActionReport['outcome']['kind']): string[] =>
      own.filter(({ outcome }) => outcome.kind === kind).map(({ action }) => action.rule.name);
    const [old, now] = ep === undefined ? [] : [before.get(ep), after.get(ep)];
    return {
      ep: ep ?? null,
      changes: changesOf(plan, ep),
      built: rules('built'),
      restored: rules('restored'),
      failed: rules('failed'),
      skipped: rules('skipped'),
      seconds: groups.length === 1 ? seconds : own.reduce((sum, report) => sum + report.seconds, 0),
      results: old && now ? describeResults(old, now) : [],
    };
  });
  return { success: episodes.every(({ failed, skipped }) => failed.length + skipped.length === 0), seconds, episodes };
}

/** One line an episode; with several, its name stands first. */
export function describeRound({ episodes }: Round, { named }: { readonly named: boolean }): string[] {
  return episodes.map((episode) => {
    const work = (['built', 'restored', 'failed', 'skipped'] as const).flatMap((kind) =>
      episode[kind].length === 0 ? [] : [`${kind} ${episode[kind].join(', ')}`],
    );
    const { changes } = episode;
    const shown = changes.slice(0, changesShown);
    if (changes.length > changesShown) shown.push(`${changes.length - changesShown} more`);
    return [
      named ? `${episode.ep ?? 'project'}: ` : '',
      shown.length === 0 ? '' : `${shown.join(', ')}: `,
      `${work.join('; ')} in ${describeSeconds(episode.seconds)}`,
      episode.results.length === 0 ? '' : `; ${episode.results.join(', ')}`,
    ].join('');
  });
}
