// EpisodeRunResult: one build of one episode, as the Python engine reported it (contract 5).
import type { ActionReport } from '../engine/execute.js';
import { errorText } from './json.js';

/** What a run of an episode came to; the field names are the Python engine's. */
export interface EpisodeRunResult {
  readonly episode_id: string;
  readonly success: boolean;
  readonly tracks_count: number;
  /** Embedded samples. */
  readonly faces_count: number;
  readonly detections_count: number;
  readonly identities_count: number;
  readonly runtime_sec: number;
  readonly stages: readonly StageResult[];
  readonly error: string | null;
}

/** One action of the run: its stage, when and for how long it ran, and what it counted. */
export interface StageResult {
  readonly stage: string;
  readonly success: boolean;
  readonly runtime_sec: number;
  readonly started_at: string;
  readonly finished_at: string;
  readonly outcome: string;
  readonly device: { readonly asked: string; readonly resolved: string } | null;
  /** detections_count, tracks_count and so on, where the stage says them. */
  readonly [count: `${string}_count`]: number;
}

/** The reports of one episode's actions as the result that its clients read. */
export function episodeRunResult(ep: string, reports: readonly ActionReport[], seconds: number): EpisodeRunResult {
  const own = reports.filter(({ action }) => action.ep === ep);
  const stages = own.map(({ action, outcome, seconds: runtime, startedAt, counts }): StageResult => {
    const trace = outcome.kind === 'built' || outcome.kind === 'restored' ? outcome.trace : undefined;
    return {
      stage: action.rule.name,
      success: outcome.kind !== 'failed' && outcome.kind !== 'skipped',
      runtime_sec: rounded(runtime),
      started_at: startedAt.toISOString(),
      finished_at: new Date(startedAt.getTime() + runtime * 1000).toISOString(),
      outcome: outcome.kind,
      device: trace?.device ?? null,
      ...counts,
    };
  });
  const count = (name: string): number => own.find(({ counts }) => name in counts)?.counts[name] ?? 0;
  const failed = own.find(({ outcome }) => outcome.kind === 'failed');
  return {
    episode_id: ep,
    success: stages.every(({ success }) => success),
    tracks_count: count('tracks_count'),
    faces_count: count('faces_count'),
    detections_count: count('detections_count'),
    identities_count: count('identities_count'),
    runtime_sec: rounded(seconds),
    stages,
    error: failed === undefined ? null : `${failed.action.id}: ${errorText(failed.outcome) ?? ''}`,
  };
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
