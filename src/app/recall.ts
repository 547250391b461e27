// Answers a build, plan or verify from the memory of the last judgement of the same question, where
// nothing that it depended on has changed since; and where little has, says what must be judged again.
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../base/canonical-json.js';
import { isStagingUsed } from '../engine/staging-area.js';
import { loadHash } from '../hash/xxh64.js';
import type { ParamChoice } from './facts.js';
import { Ledger } from './ledger.js';
import { findProject } from './project.js';
import { programStamp } from './program-stamp.js';
import type { Words } from './select.js';
import type { WorkspaceOptions } from './workspace.js';

/** Who asks what: only the very same question is answered from memory. */
export interface Question extends Words {
  readonly options: WorkspaceOptions;
  readonly choice: ParamChoice;
  /** Absent files count as they were recorded (verify --allow-missing). */
  readonly allowMissing: boolean;
}

/** So many questions of a project are remembered. */
const ledgersMax = 16;

/** A remembered answer, held against the disk just now. */
export class Recalled {
  readonly projectRoot: string;
  readonly path: string;
  readonly ledger: Ledger;
  /** Places of the paths that are not as they were. */
  readonly changed: readonly number[];
  /** Places of the actions that must be judged again. */
  readonly affected: readonly number[];

  constructor(projectRoot: string, path: string, ledger: Ledger, changed: readonly number[]) {
    this.projectRoot = projectRoot;
    this.path = path;
    this.ledger = ledger;
    this.changed = changed;
    this.affected = changed.length === 0 ? [] : ledger.affectedBy(changed);
  }

  /** Whether another build recorded something since: a lockfile, or what concerns all, is no longer as it was. */
  isOvertaken(): boolean {
    return this.ledger.changes({ frameOnly: true }) === undefined;
  }
}

/** What is remembered of the question; undefined when it must be judged as a whole. */
export async function recall(question: Question): Promise<Recalled | undefined> {
  await loadHash();
  const projectRoot = findProject(question.options.cwd);
  const path = ledgerPath(projectRoot, question);
  const ledger = Ledger.read(path);
  if (ledger === undefined) return undefined;
  for (const [name, value] of Object.entries(ledger.head.env))
    if ((process.env[name] ?? null) !== value) return undefined;
  // A whole build clears what a killed one left.
  if (isStagingUsed(join(ledger.head.dataRoot, '.sa', 'tmp'))) return undefined;
  const found = ledger.changes();
  if (found === undefined) return undefined;
  if (found.settled) keep(ledger, path);
  return new Recalled(projectRoot, path, ledger, found.changed);
}

/** Where the answer to a question is remembered. */
export function ledgerPath(projectRoot: string, question: Question): string {
  const { options, choice, words, all, lockedToo = false, allowMissing } = question;
  const { dataRoot, storeRoot, env } = options;
  const facts = {
    program: programStamp(),
    data: resolve(options.cwd, dataRoot ?? env['SA_DATA_ROOT'] ?? ''),
    store: resolve(options.cwd, storeRoot ?? env['SA_STORE'] ?? ''),
    models: env['SA_MODELS'] ?? '',
    words: [...words],
    all,
    lockedToo,
    allowMissing,
    profile: choice.profile ?? null,
    explicit: choice.explicit,
  };
  const name = createHash('sha256').update(canonicalJson(facts)).digest('hex');
  return join(projectRoot, '.sa', 'judged', name.slice(0, 32));
}

/** Remembers an answer. A project that cannot be written to is judged anew each time. */
export function keep(ledger: Ledger, path: string): void {
  try {
    ledger.write(path);
    dropOldest(join(path, '..'));
  } catch {
    // What stands there from before is held against the disk when it is read.
  }
}

/** Forgets an answer that no longer holds. */
export function forget({ path }: Recalled): void {
  rmSync(path, { force: true });
}

function dropOldest(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= ledgersMax) return;
  const byAge = names
    .map((name) => ({ path: join(folder, name), usedMs: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => a.usedMs - b.usedMs);
  for (const { path } of byAge.slice(0, names.length - ledgersMax)) rmSync(path, { force: true });
}
