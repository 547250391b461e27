// A build, plan or verify that looks first and judges only what no longer looks as it did when all was
// fresh. Every answer is what judging the whole project would give; where that cannot be known from
// here, there is no answer, and the caller judges the whole.
import type { ActionReport } from '../engine/execute.js';
import { expectedOf, type Expected } from '../engine/expected.js';
import type { Plan } from '../engine/plan.js';
import { partOf } from './part.js';
import { forget, keep, recall, type Question, type Recalled } from './recall.js';
import { refreshLedger } from './remember.js';
import { Session, type BuildOptions, type SessionOptions } from './session.js';

export interface QuickPlan {
  /** Every action's id in plan order. */
  ids(): string[];
  readonly count: number;
  /** How many are fresh because a person vouched for their outputs, of those not judged again. */
  readonly trusted: number;
  /** Verdicts on those that were judged again; all others are fresh. */
  readonly judged: Plan;
  readonly expected: Expected;
}

export interface QuickBuild {
  /** Actions that were not judged again. */
  readonly untouched: number;
  readonly trusted: number;
  readonly reports: readonly ActionReport[];
}

/** The ids of all actions, in plan order, when every one is fresh and none of them by somebody's word. */
export async function allFresh(question: Question, choice: SessionOptions): Promise<readonly string[] | undefined> {
  const recalled = await recallFor(question, choice);
  if (recalled === undefined || recalled.affected.length > 0 || recalled.ledger.head.trusted > 0) return undefined;
  return recalled.ledger.ids();
}

/** `known`: the answer that was held against the disk just now. */
export async function quickPlan(
  question: Question,
  choice: SessionOptions,
  known?: Recalled,
): Promise<QuickPlan | undefined> {
  const recalled = known ?? (await recallFor(question, choice));
  if (recalled === undefined) return undefined;
  const { ledger, affected } = recalled;
  const found = { ids: () => ledger.ids(), count: ledger.count, trusted: ledger.head.trusted };
  if (affected.length === 0) {
    const judged = { steps: [] };
    return { ...found, judged, expected: expectedOf(judged, () => undefined) };
  }
  const part = await partOf(recalled, question.options.env);
  if (part === undefined || ledger.head.trusted > 0) return undefined;
  const session = new Session(part.workspace, choice);
  const judged = session.planPart(part);
  return { ...found, judged, expected: session.expected(judged) };
}

export async function quickBuild(
  question: Question,
  choice: SessionOptions,
  options: BuildOptions,
  known?: Recalled,
): Promise<QuickBuild | undefined> {
  const recalled = known ?? (await recallFor(question, choice));
  if (recalled === undefined) return undefined;
  const { ledger, affected } = recalled;
  const untouched = { untouched: ledger.count - affected.length, trusted: ledger.head.trusted };
  if (affected.length === 0) return { ...untouched, reports: [] };
  const part = await partOf(recalled, question.options.env);
  // Which of them are vouched for is not remembered one by one.
  if (part === undefined || ledger.head.trusted > 0) return undefined;
  const session = new Session(part.workspace, choice);
  const reports = await session.buildPart(part, recalled, options);
  if (reports === undefined) return undefined;
  const done = reports.every(({ outcome }) => outcome.kind !== 'failed' && outcome.kind !== 'skipped');
  const made = new Set(reports.flatMap(({ action, outcome }) => (outcome.kind === 'fresh' ? [] : [action])));
  if (done && refreshLedger(ledger, part, { places: affected, made })) keep(ledger, recalled.path);
  else forget(recalled);
  return { ...untouched, reports };
}

// What one call forces or trusts is never remembered.
async function recallFor(question: Question, { force, trust }: SessionOptions): Promise<Recalled | undefined> {
  return force.length > 0 || trust.length > 0 ? undefined : recall(question);
}
