// The part of a project that must be judged again: its actions, made of what is remembered, without
// reading the rest of the pipeline, of the lockfiles or of the memory of digests.
import { look } from '../disk/sighting.js';
import { Lockfiles } from '../engine/lockfile.js';
import { Binder, type Action } from '../graph/graph.js';
import type { ContentDigest } from '../hash/xxh64.js';
import { recallPipeline } from './compiled.js';
import type { Ledger } from './ledger.js';
import type { Recalled } from './recall.js';
import { findFiles, reopenWorkspace, type Workspace, type WorkspaceOptions } from './workspace.js';

/** The actions that must be judged again, and the digests of what those before them have made. */
export interface Part {
  readonly workspace: Workspace;
  readonly lockfiles: Lockfiles;
  readonly actions: readonly Action[];
  readonly settled: ReadonlyMap<string, ContentDigest>;
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
