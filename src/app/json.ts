// The documents that --json prints and other programs rely on (contract 3). Built from plans and
// reports alone, so that text and JSON cannot tell different stories.
import type { Verdict } from '../engine/decide.js';
import type { ActionReport, Outcome } from '../engine/execute.js';
import type { Expected } from '../engine/expected.js';
import { countVerdicts, type Plan } from '../engine/plan.js';
import type { Reason } from '../engine/reasons.js';
import { fingerprintOf } from '../engine/manifest.js';
import type { Action } from '../graph/graph.js';

interface ActionJson {
  readonly id: string;
  readonly rule: string;
  readonly ep: string | null;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface PlanJson {
  readonly version: 1;
  readonly actions: readonly (ActionJson & {
    readonly verdict: Verdict['kind'];
    readonly reasons: readonly Reason[];
    readonly fingerprint: string | null;
    readonly waits_for?: readonly string[];
    /** By what it took before; 0 for what is fresh or restored, null where nothing is known. */
    readonly expected_sec: number | null;
  })[];
  readonly counts: Readonly<Record<Verdict['kind'], number>>;
  /** All one after another; the longest chain alone; and how many actions have no known time. */
  readonly expected: { readonly work_sec: number; readonly path_sec: number; readonly unknown: number };
}

export interface BuildJson {
  readonly version: 1;
  readonly success: boolean;
  readonly runtime_sec: number;
  readonly actions: readonly (ActionJson & {
    readonly outcome: 'built' | 'restored' | 'fresh' | 'failed' | 'skipped';
    readonly trusted?: true;
    readonly reasons: readonly Reason[];
    readonly runtime_sec: number;
    readonly counts: Readonly<Record<string, number>>;
    readonly device?: { readonly asked: string; readonly resolved: string };
    readonly error: string | null;
  })[];
  readonly counts: Readonly<Record<Outcome['kind'], number>>;
}

export function planJson(plan: Plan, expected: Expected): PlanJson {
  return {
    version: 1,
    actions: plan.steps.map(({ action, verdict }) => ({
      ...actionJson(action),
      verdict: verdict.kind,
      reasons: verdict.kind === 'fresh' ? [] : verdict.reasons,
      fingerprint: fingerprintIn(verdict),
      ...(verdict.kind === 'later' ? { waits_for: verdict.waitsFor } : {}),
      expected_sec: expected.seconds.has(action) ? known(expected.seconds.get(action)) : 0,
    })),
    counts: countVerdicts(plan),
    expected: {
      work_sec: rounded(expected.workSeconds),
      path_sec: rounded(expected.pathSeconds),
      unknown: expected.unknown,
    },
  };
}

export function buildJson(reports: readonly ActionReport[], seconds: number): BuildJson {
  const counts = { fresh: 0, trusted: 0, built: 0, restored: 0, failed: 0, skipped: 0 };
  for (const { outcome } of reports) counts[outcome.kind]++;
  return {
    version: 1,
    success: counts.failed === 0 && counts.skipped === 0,
    runtime_sec: rounded(seconds),
    actions: reports.map(({ action, outcome, seconds: runtime, counts: counted }) => {
      const trace = outcome.kind === 'built' || outcome.kind === 'restored' ? outcome.trace : undefined;
      return {
        ...actionJson(action),
        outcome: outcome.kind === 'trusted' ? 'fresh' : outcome.kind,
        ...(outcome.kind === 'trusted' ? { trusted: true as const } : {}),
        reasons: outcome.kind === 'built' || outcome.kind === 'restored' ? outcome.reasons : [],
        runtime_sec: rounded(runtime),
        counts: counted,
        ...(trace?.device ? { device: trace.device } : {}),
        error: errorText(outcome),
      };
    }),
    counts,
  };
}

/** What a failed or skipped action says of itself; null for the others. */
export function errorText(outcome: Outcome): string | null {
  if (outcome.kind === 'skipped') return `skipped: ${outcome.because}`;
  if (outcome.kind !== 'failed') return null;
  return outcome.error instanceof Error ? outcome.error.message : String(outcome.error);
}

function fingerprintIn(verdict: Verdict): string | null {
  switch (verdict.kind) {
    case 'fresh':
    case 'restore':
      return fingerprintOf(verdict.entry.manifest);
    case 'run':
      return verdict.fingerprint;
    case 'later':
      return null;
  }
}

function actionJson(action: Action): ActionJson {
  return {
    id: action.id,
    rule: action.rule.name,
    ep: action.ep ?? null,
    inputs: [...new Set(action.inputs.map(({ path }) => path))],
    outputs: Object.values(action.outputs),
  };
}

function known(seconds: number | undefined): number | null {
  return seconds === undefined ? null : rounded(seconds);
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
