// sa status and sa verify: they look and change nothing.
import { select } from '../../app/select.js';
import { verify as verifyProject, type VerifyJson } from '../../app/verify.js';
import type { Verdict } from '../../engine/decide.js';
import { printJson, table, type Io } from '../io.js';
import { sessionFromFlags, words, type Flags } from '../options.js';
import { describeReason } from '../words.js';
import type { FindingFormat, ShownFindings } from './finding-formats.js';
import { printFindings, requireFormat } from './print-findings.js';

export const lookFlags = ['all', 'allow-missing', 'format'] as const;

/** Exit code 0 when all is as it should be, 1 when something is stale. */
export async function verify(io: Io, flags: Flags): Promise<number> {
  const session = await sessionFromFlags(io, flags, lookFlags);
  const format = requireFormat('verify', flags);
  const result = verifyProject(session, words(flags), { allowMissing: flags['allow-missing'] === true });
  printFindings(io, format, result, shownVerify(result, format));
  return result.ok ? 0 : 1;
}

function shownVerify({ checked, stale, trusted }: VerifyJson, format: FindingFormat): ShownFindings {
  const whole = `${checked} actions, all as pipeline.yaml, the inputs and the lockfiles say`;
  const forPeople = stale.length === 0 ? whole : `${stale.length} of ${checked} actions are not up to date`;
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

type State = 'fresh' | 'stale' | 'missing' | 'altered';

/** A table of episodes and artifacts. */
export async function status(io: Io, flags: Flags): Promise<number> {
  const session = await sessionFromFlags(io, flags, lookFlags);
  const selection = select(session.workspace, { ...words(flags), lockedToo: true });
  const { steps } = session.judge(selection);
  const rules = [...new Set(steps.map(({ action }) => action.rule.name))];
  const episodes = [...new Set(steps.map(({ action }) => action.ep ?? ''))];
  const states = new Map(
    steps.map(({ action, verdict }) => [`${action.rule.name}@${action.ep ?? ''}`, stateOf(verdict)]),
  );
  if (flags['json'] === true) {
    const rows = episodes.map((ep) => ({
      ep: ep === '' ? null : ep,
      artifacts: Object.fromEntries(
        rules.flatMap((rule) => (states.has(`${rule}@${ep}`) ? [[rule, states.get(`${rule}@${ep}`)]] : [])),
      ),
    }));
    printJson(io, { version: 1, episodes: rows });
    return 0;
  }
  if (steps.length === 0) {
    io.out.write('no episodes yet; bring a video in with: sa add EPISODE VIDEO\n');
    return 0;
  }
  const rows = [
    ['episode', ...rules],
    ...episodes.map((ep) => [ep === '' ? '(project)' : ep, ...rules.map((rule) => states.get(`${rule}@${ep}`) ?? '-')]),
  ];
  io.out.write(`${table(rows).join('\n')}\n`);
  return 0;
}

function stateOf(verdict: Verdict): State {
  if (verdict.kind === 'fresh') return 'fresh';
  const kinds = new Set(verdict.reasons.map(({ kind }) => kind));
  if (kinds.has('output-altered')) return 'altered';
  return kinds.has('never-built') || kinds.has('output-missing') ? 'missing' : 'stale';
}
