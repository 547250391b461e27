// sa status and sa verify: they look and change nothing.
import { select } from '../../app/select.js';
import { verify as verifyProject, type VerifyJson } from '../../app/verify.js';
import { problem } from '../../base/problem.js';
import type { Verdict } from '../../engine/decide.js';
import { paint, printJson, table, type Io } from '../io.js';
import { sessionFromFlags, text, words, type Flags } from '../options.js';
import { describeReason } from '../words.js';
import { githubLines, junitDocument } from './verify-formats.js';

export const lookFlags = ['all', 'allow-missing', 'format'] as const;

/** Exit code 0 when all is as it should be, 1 when something is stale. */
export async function verify(io: Io, flags: Flags): Promise<number> {
  const session = await sessionFromFlags(io, flags, lookFlags);
  const result = verifyProject(session, words(flags), { allowMissing: flags['allow-missing'] === true });
  const format = flags['json'] === true ? 'json' : (text(flags['format']) ?? 'text');
  switch (format) {
    case 'json':
      printJson(io, result);
      break;
    case 'github':
      io.out.write(githubLines(result));
      break;
    case 'junit':
      io.out.write(junitDocument(result));
      break;
    case 'text':
      io.out.write(verifyText(result, io));
      break;
    default:
      throw problem(
        'unknown-format',
        `verify knows no format ${JSON.stringify(format)}`,
        'there are: text, json, github, junit',
      );
  }
  return result.ok ? 0 : 1;
}

function verifyText({ checked, stale, trusted }: VerifyJson, { out }: Io): string {
  const lines = stale.map(({ id, reasons, waits_for: waits = [] }) => {
    const why = [...reasons.map(describeReason), ...waits.map((one) => `after ${one}`)];
    return `${paint(out, 'red', 'stale')} ${id}: ${why.join('; ')}`;
  });
  for (const id of trusted)
    lines.push(
      `${paint(out, 'yellow', 'trusted')} ${id}: its outputs were vouched for with --trust, not built from this manifest`,
    );
  lines.push(
    stale.length === 0
      ? `${checked} actions, all as pipeline.yaml, the inputs and the lockfiles say`
      : `${stale.length} of ${checked} actions are not up to date`,
  );
  return `${lines.join('\n')}\n`;
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
