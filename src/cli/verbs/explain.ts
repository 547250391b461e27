// sa explain: why a target is stale, root cause first. It looks and changes nothing.
import { explain as explainTargets, type CauseJson, type Difference } from '../../app/explain.js';
import { select } from '../../app/select.js';
import { paint, printJson, type Io } from '../io.js';
import { sessionFromFlags, words, type Flags } from '../options.js';
import { describeReason } from '../words.js';
import { lookFlags } from './look.js';

/** Exit code 0: to be stale is no fault. */
export async function explain(io: Io, flags: Flags): Promise<number> {
  const session = await sessionFromFlags(io, flags, lookFlags);
  const selection = select(session.workspace, { ...words(flags), lockedToo: true });
  const { steps } = session.judge(selection);
  const explained = explainTargets(steps, new Set(selection.wanted), session.past());
  if (flags['json'] === true) {
    printJson(io, explained);
    return 0;
  }
  const stale = explained.targets.filter(({ verdict }) => verdict !== 'fresh');
  if (stale.length === 0)
    io.out.write(`${explained.targets.map(({ id }) => id).join(', ')}: fresh; nothing differs from what built it\n`);
  for (const { id, verdict, causes } of stale) {
    io.out.write(`${paint(io.out, 'bold', id)}: ${verdict}\n`);
    for (const cause of causes) for (const line of causeLines(cause, io)) io.out.write(`${line}\n`);
  }
  return 0;
}

function causeLines({ action, verdict, since, differences, chain }: CauseJson, { out }: Io): string[] {
  const state = since === true ? 'made otherwise since' : verdict;
  return [
    ...(chain.length === 0 ? [] : [`  ${paint(out, 'cyan', action)} (${state})`]),
    ...differences.map((difference) => `    ${describeDifference(difference)}`),
    ...chain.map(
      (link) => `  then ${link.action} (${link.verdict}), which reads ${link.input} (made by ${link.made_by})`,
    ),
  ];
}

function describeDifference(difference: Difference): string {
  if (difference.kind === 'param-changed') return describeReason({ ...difference, name: difference.path });
  return describeReason(difference);
}
