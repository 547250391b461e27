// sa edit: people's say on who is who.
import { describeEdit, editEpisode, type EditDone, type EditRequest } from '../../app/edits.js';
import { effectOf, readResult } from '../../app/edit-effect.js';
import { openEditScene, type EditScene } from '../../app/edit-scene.js';
import { errorText } from '../../app/json.js';
import { select } from '../../app/select.js';
import { Session } from '../../app/session.js';
import type { Workspace } from '../../app/workspace.js';
import { didYouMean } from '../../base/closest.js';
import { problem } from '../../base/problem.js';
import { paint, printJson, type Io } from '../io.js';
import { choiceFromFlags, machineFromFlags, openFromFlags, text, texts, type Flags } from '../options.js';
import { watchProgress } from '../progress.js';
import { buildFlags } from '../options.js';

/** Each change with its words, for the help that follows a mistake. */
const changes = {
  name: 'EP WHO NAME',
  merge: 'EP WHO WHO...',
  split: 'EP TRACK... [--to WHO]',
  'not-same': 'EP WHO WHO',
  lock: 'EP WHO...',
  hide: 'EP WHO...',
  undo: 'EP [NUMBER]',
  list: 'EP',
  'keep-ids': 'EP',
} as const;
type ChangeWord = keyof typeof changes;

const editFlags = [...buildFlags, 'change', 'ep', 'to', 'build'] as const;

/** Writes an edit, or lists them. Exit code 0, or 1 when the rebuild failed or the edit did not apply. */
export async function edit(io: Io, flags: Flags): Promise<number> {
  const change = text(flags['change']) ?? '';
  if (!isChange(change)) {
    const hint = didYouMean(change, Object.keys(changes));
    throw problem('unknown-change', `sa edit has no ${JSON.stringify(change)}`, hint);
  }
  const ep = text(flags['ep']) ?? '';
  const workspace = await openFromFlags(io, flags);
  if (change === 'list') return list(io, flags, workspace, ep);
  const request = requestOf(change, texts(flags['words']), text(flags['to']));
  const before = flags['build'] === true ? await readResult(workspace.dataRoot, ep).catch(() => undefined) : undefined;
  const done = await editEpisode(workspace, { ep, request, signal: io.signal });
  tell(io, flags, done);
  if (flags['build'] !== true) {
    if (flags['json'] === true) printJson(io, { version: 1, ep, ...done, effect: null });
    else if (flags['quiet'] !== true) io.err.write(`written; apply it with: sa build ${ep}\n`);
    return 0;
  }
  return rebuild(io, flags, { workspace, ep, before, done });
}

function isChange(word: string): word is ChangeWord {
  return Object.hasOwn(changes, word);
}

function requestOf(change: Exclude<ChangeWord, 'list'>, words: readonly string[], to: string | undefined): EditRequest {
  const [first, second, ...more] = words;
  const wrong = (): Error => problem('usage', `${change} takes: sa edit ${change} ${changes[change]}`);
  if (to !== undefined && change !== 'split') throw problem('usage', `--to belongs to split, not to ${change}`);
  switch (change) {
    case 'name':
      if (first === undefined || second === undefined) throw wrong();
      return { kind: 'name', who: first, name: [second, ...more].join(' ') };
    case 'merge':
      if (second === undefined) throw wrong();
      return { kind: 'merge', who: words };
    case 'split':
      if (first === undefined) throw wrong();
      return { kind: 'split', tracks: words, to };
    case 'not-same':
      if (first === undefined || second === undefined || more.length > 0) throw wrong();
      return { kind: 'not_same', who: [first, second] };
    case 'lock':
    case 'hide':
      if (first === undefined) throw wrong();
      return { kind: change, who: words };
    case 'keep-ids':
      if (first !== undefined) throw wrong();
      return { kind: 'keep_ids' };
    case 'undo':
      if (second !== undefined || (first !== undefined && !/^[1-9]\d{0,8}$/.test(first))) throw wrong();
      return { kind: 'undo', number: first === undefined ? undefined : Number(first) };
  }
}

function tell(io: Io, flags: Flags, { added, removed, hint }: EditDone): void {
  if (flags['json'] === true) return;
  for (const line of added) io.out.write(`${line}\n`);
  for (const line of removed) io.out.write(`took back ${line}\n`);
  if (hint !== undefined && flags['quiet'] !== true) io.err.write(`${hint}\n`);
}

interface Rebuild {
  readonly workspace: Workspace;
  readonly ep: string;
  readonly before: Awaited<ReturnType<typeof readResult>> | undefined;
  readonly done: EditDone;
}

async function rebuild(io: Io, flags: Flags, { workspace, ep, before, done }: Rebuild): Promise<number> {
  const session = new Session(workspace, choiceFromFlags(flags, editFlags));
  const progress = watchProgress(io, { quiet: true, verbose: false });
  const reports = await session
    .build(select(workspace, { words: [ep], all: false }), {
      ...machineFromFlags(flags),
      keepGoing: false,
      observer: progress,
      signal: io.signal,
    })
    .finally(() => progress.end());
  const failed = reports.find(({ outcome }) => outcome.kind === 'failed');
  const after = failed === undefined ? await readResult(workspace.dataRoot, ep) : undefined;
  const effect = before === undefined || after === undefined ? undefined : effectOf(before, after);
  // Texts start with the entry's number, which the words of what was added do too.
  const numbers = new Set(done.added.map((line) => line.split(' ')[0]));
  const refused = after?.identities.edits_not_applied.filter((each) => numbers.has(each.edit.split(' ')[0])) ?? [];
  if (flags['json'] === true) {
    const error = failed === undefined ? null : errorText(failed.outcome);
    printJson(io, { version: 1, ep, ...done, effect: effect ?? null, not_applied: refused, error });
  } else if (effect !== undefined) io.out.write(`${effect}\n`);
  for (const { edit: entry, reason } of refused) {
    io.err.write(`${paint(io.err, 'yellow', 'not applied')} edit ${entry.split(' ')[0]!}: ${reason}\n`);
  }
  return failed === undefined && refused.length === 0 ? 0 : 1;
}

/** Each entry in words, with what the last build made of it. */
async function list(io: Io, flags: Flags, workspace: Workspace, ep: string): Promise<number> {
  const scene = await openEditScene(workspace, ep);
  const rows = rowsOf(scene, builtEdits(workspace, scene));
  if (flags['json'] === true) {
    printJson(io, { version: 1, ep, edits: rows });
    return 0;
  }
  if (rows.length === 0) io.out.write(`${scene.log.file} has no edits yet\n`);
  for (const { text: line, state, reason } of rows) {
    const note = state === 'applied' ? '' : state === 'pending' ? '  (not built yet)' : `  (not applied: ${reason ?? ''})`; // prettier-ignore
    io.out.write(`${line}${paint(io.out, 'yellow', note)}\n`);
  }
  return 0;
}

function rowsOf({ ...scene }: EditScene, built: boolean) {
  const reasons = new Map(scene.identities.edits_not_applied.map(({ edit: entry, reason }) => [entry, reason]));
  return scene.edits.map((entry) => {
    const reason = reasons.get(entry.text);
    const state = !built ? 'pending' : reason === undefined ? 'applied' : 'not_applied';
    return {
      number: Number(entry.text.split(' ')[0]),
      kind: entry.kind,
      text: describeEdit(scene, entry),
      state,
      ...(state === 'not_applied' ? { reason } : {}),
    };
  });
}

/** Whether the identities on disk were made with the log as it is now. */
function builtEdits(workspace: Workspace, { ep, log }: EditScene): boolean {
  const rule = workspace.pipeline.rules.find(({ code }) => code.kind === 'stage' && code.stage === 'identities');
  const entry = rule && new Session(workspace, choiceFromFlags({}, [])).lockfiles().get(ep, rule.name);
  return entry?.manifest.inputs['edits']?.[0]?.digest === workspace.digests.digestOf(log.file);
}
