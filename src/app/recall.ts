// Answers a build, plan or verify from the memory of the last judgement of the same question, where
// nothing that it depended on has changed since; and where little has, says what must be judged again.
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../base/canonical-json.js';
import { look } from '../disk/sighting.js';
import { isStagingUsed } from '../engine/publish.js';
import { Lockfiles } from '../engine/lockfile.js';
import { Binder, type Action } from '../graph/graph.js';
import { loadHash, type ContentDigest } from '../hash/xxh64.js';
import type { ParamChoice } from './facts.js';
import { recallPipeline } from './compiled.js';
import { Ledger } from './ledger.js';
import { programStamp } from './program-stamp.js';
import type { Words } from './select.js';
import { findFiles, findProject, reopenWorkspace, type Workspace, type WorkspaceOptions } from './workspace.js';

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

/** The actions that must be judged again, and the digests of what those before them have made. */
export interface Part {
  readonly workspace: Workspace;
  readonly lockfiles: Lockfiles;
  readonly actions: readonly Action[];
  readonly settled: ReadonlyMap<string, ContentDigest>;
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

/** Makes the affected actions; undefined when what was remembered is not all there any more. */
export async function partOf(
  { projectRoot, ledger, affected, changed }: Recalled,
  env: WorkspaceOptions['env'],
): Promise<Part | undefined> {
  const { pipelineKey, dataRoot, storeRoot, episodes } = ledger.head;
  const pipeline = recallPipeline(projectRoot, pipelineKey);
  if (pipeline === undefined) return undefined;
  const workspace = await reopenWorkspace({ projectRoot, dataRoot, storeRoot, pipeline, pipelineKey, env });
  const lockfiles = new Lockfiles(dataRoot, { known: true });
  const binder = new Binder(episodes, (pattern) => findFiles(dataRoot, pattern), { partly: true });
  const settled = new Map<string, ContentDigest>();
  const actions: Action[] = [];
  const isChanged = new Set(changed);
  for (const place of affected) {
    const { rule, ep } = ledger.actionAt(place);
    const action = binder.bind(pipeline.ruleAt(rule), ep < 0 ? undefined : episodes[ep]);
    const entry = lockfiles.get(action.ep, action.rule.name);
    if (entry === undefined) return undefined;
    actions.push(action);
    for (const files of Object.values(entry.manifest.inputs))
      for (const { path, digest } of files) settled.set(path, digest);
    primeDigests(place, ledger, isChanged, workspace, entry);
  }
  // A file of the user's that is gone is told with all that is wrong, where the whole project is read.
  const made = new Set(actions.flatMap(({ outputs }) => Object.values(outputs)));
  const gone = changed.some((index) => !made.has(ledger.pathAt(index)) && look(ledger.absoluteAt(index)).size < 0);
  return gone ? undefined : { workspace, lockfiles, actions, settled };
}

// What still looks as it did has the digest that the lockfile says: the memory of all digests, which
// may be of a hundred thousand files, is not read for a few.
function primeDigests(
  place: number,
  ledger: Ledger,
  changed: ReadonlySet<number>,
  { digests }: Workspace,
  { manifest, outputs }: NonNullable<ReturnType<Lockfiles['get']>>,
): void {
  const known = new Map([
    ...Object.values(manifest.inputs).flatMap((files) => files.map(({ path, digest }) => [path, digest] as const)),
    ...Object.entries(manifest.outputs).flatMap(([role, path]) =>
      outputs[role] ? [[path, outputs[role]] as const] : [],
    ),
  ]);
  for (const index of ledger.actionAt(place).paths) {
    const path = ledger.pathAt(index);
    const digest = known.get(path);
    const seen = changed.has(index) ? undefined : ledger.seenAt(index);
    digests.prime(path, seen && digest && { seen, digest });
  }
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
