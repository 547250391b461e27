// Says whether what is on disk is what pipeline.yaml, the inputs and the lockfiles say. Changes
// nothing. With `allowMissing` only fingerprints are compared, for a checkout without the media.
import type { Reason } from '../engine/reasons.js';
import type { Selection } from './select.js';
import type { Session } from './session.js';

export interface VerifyJson {
  readonly version: 1;
  readonly ok: boolean;
  readonly checked: number;
  readonly stale: readonly {
    readonly id: string;
    readonly reasons: readonly Reason[];
    readonly waits_for?: readonly string[];
  }[];
  /** Actions whose outputs a person vouched for. */
  readonly trusted: readonly string[];
  /** Artifacts that are not on disk; with allowMissing they are no fault. */
  readonly missing: readonly string[];
}

/** Verifies the selected actions. A missing user file is a finding, not a usage fault. */
export function verify(
  session: Session,
  selection: Selection,
  { allowMissing }: { readonly allowMissing: boolean },
): VerifyJson {
  const plan = session.judge(selection, { allowMissing });
  const { digests } = session.workspace;
  const stale = plan.steps.flatMap(({ action, verdict }) =>
    verdict.kind === 'fresh'
      ? []
      : [
          {
            id: action.id,
            reasons: verdict.reasons,
            ...(verdict.kind === 'later' ? { waits_for: verdict.waitsFor } : {}),
          },
        ],
  );
  const missing = plan.steps.flatMap(({ action }) =>
    Object.values(action.outputs).filter((path) => digests.digestOf(path) === undefined),
  );
  const trusted = plan.steps.flatMap(({ action, verdict }) =>
    verdict.kind === 'fresh' && verdict.entry.trusted ? [action.id] : [],
  );
  return { version: 1, ok: stale.length === 0, checked: plan.steps.length, stale, trusted, missing };
}
