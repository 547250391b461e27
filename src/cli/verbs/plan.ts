// sa plan, and sa build --dry-run: says what a build would do, and changes nothing.
import { planJson } from '../../app/json.js';
import { quickPlan } from '../../app/quick.js';
import type { Recalled } from '../../app/recall.js';
import { select } from '../../app/select.js';
import { printJson, type Io } from '../io.js';
import {
  buildFlags,
  choiceFromFlags,
  isPlain,
  questionFromFlags,
  sessionFromFlags,
  words,
  type Flags,
} from '../options.js';
import { tellPlan } from '../summaries.js';

export async function plan(io: Io, flags: Flags, known?: Recalled): Promise<number> {
  const question = questionFromFlags(io, flags, buildFlags);
  const quick = isPlain(flags) ? await quickPlan(question, choiceFromFlags(flags, buildFlags), known) : undefined;
  if (quick !== undefined) return tellPlan(quick, io, flags);
  const session = await sessionFromFlags(io, flags, buildFlags);
  const selection = select(session.workspace, words(flags));
  const judged = session.plan(selection);
  if (judged.steps.every(({ verdict }) => verdict.kind === 'fresh' && !verdict.unrecorded))
    session.remember(question, selection);
  const expected = session.expected(judged);
  if (flags['json'] === true) {
    printJson(io, planJson(judged, expected));
    return 0;
  }
  const ids = judged.steps.map(({ action }) => action.id);
  return tellPlan({ ids: () => ids, count: ids.length, judged, expected }, io, flags);
}
