// sa status and sa verify: they look and change nothing.
import { allFresh } from '../../app/quick.js';
import type { Question } from '../../app/recall.js';
import { select } from '../../app/select.js';
import { verify as verifyProject, type VerifyJson } from '../../app/verify.js';
import type { Verdict } from '../../engine/decide.js';
import type { Io } from '../io.js';
import { choiceFromFlags, questionFromFlags, sessionFromFlags, words, type Flags } from '../options.js';
import { freshStates, tellStatus, verifySummary, type ActionState } from '../summaries.js';
import { describeReason } from '../words.js';
import type { FindingFormat, ShownFindings } from './finding-formats.js';
import { printFindings, requireFormat } from './print-findings.js';

export const lookFlags = ['all', 'allow-missing', 'format'] as const;

/** Exit code 0 when all is as it should be, 1 when something is stale. */
export async function verify(io: Io, flags: Flags): Promise<number> {
  const format = requireFormat('verify', flags);
  const question = questionFromFlags(io, flags, lookFlags, true);
  // A document for programs names what is missing, which is not remembered.
  const known = format === 'json' ? undefined : await allFresh(question, choiceFromFlags(flags, lookFlags));
  const result = known === undefined ? await verifyWhole(io, flags, question) : whollyFresh(known);
  printFindings(io, format, result, shownVerify(result, format));
  return result.ok ? 0 : 1;
}

async function verifyWhole(io: Io, flags: Flags, question: Question): Promise<VerifyJson> {
  const session = await sessionFromFlags(io, flags, lookFlags);
  const selection = select(session.workspace, { ...words(flags), lockedToo: true });
  const result = verifyProject(session, selection, { allowMissing: question.allowMissing });
  if (result.ok && isAskedAgain(io)) session.remember(question, selection);
  return result;
}

function whollyFresh(ids: readonly string[]): VerifyJson {
  return { version: 1, ok: true, checked: ids.length, stale: [], trusted: [], missing: [] };
}

// The checkout of a CI job is asked once and thrown away.
function isAskedAgain({ env }: Io): boolean {
  return (env['CI'] ?? '') === '';
}

function shownVerify({ checked, stale, trusted }: VerifyJson, format: FindingFormat): ShownFindings {
  const forPeople =
    stale.length === 0 ? verifySummary(checked) : `${stale.length} of ${checked} actions are not up to date`;
  return {
    verb: 'verify',
    findings: stale.map(({ id, reasons, waits_for: waits = [] }) => ({
      id,
      state: 'is stale',
      kinds: reasons.map(({ kind }) => kind),
      lines: [...reasons.map(describeReason), ...waits.map((one) => `after ${one}`)],
    })),
    warnings: trusted.map((id) => ({
      id,
      state: 'is trusted',
      kinds: [],
      lines: ['its outputs were vouched for with --trust, not built from this manifest'],
    })),
    checked,
    summary: format === 'text' ? forPeople : `${checked} actions checked, ${stale.length} stale`,
  };
}

/** A table of episodes and artifacts. */
export async function status(io: Io, flags: Flags): Promise<number> {
  return tellStatus(await statesOf(io, flags), io, flags);
}

async function statesOf(io: Io, flags: Flags): Promise<readonly ActionState[]> {
  const question = questionFromFlags(io, flags, lookFlags, true);
  const known = await allFresh(question, choiceFromFlags(flags, lookFlags));
  if (known !== undefined) return freshStates(known);
  const session = await sessionFromFlags(io, flags, lookFlags);
  const selection = select(session.workspace, { ...words(flags), lockedToo: true });
  const { steps } = session.judge(selection);
  if (steps.every(({ verdict }) => verdict.kind === 'fresh' && !verdict.unrecorded) && isAskedAgain(io))
    session.remember(question, selection);
  return steps.map(({ action, verdict }) => ({ rule: action.rule.name, ep: action.ep ?? '', state: stateOf(verdict) }));
}

function stateOf(verdict: Verdict): ActionState['state'] {
  if (verdict.kind === 'fresh') return 'fresh';
  const kinds = new Set(verdict.reasons.map(({ kind }) => kind));
  if (kinds.has('output-altered')) return 'altered';
  return kinds.has('never-built') || kinds.has('output-missing') ? 'missing' : 'stale';
}
