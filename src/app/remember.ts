// Writes down what a judgement that found everything fresh depended on, so that the next one need only
// look. What cannot be vouched for by a look is written down with its digest, or as unknown: then the
// next judgement is a whole one. Nothing here decides what is fresh.
import { isAbsolute, join } from 'node:path';
import { foldersListed, hasWildcard } from '../disk/glob.js';
import { filesIn, foldersIn } from '../disk/file-digests.js';
import { isQuiet, isSame, look, nothingThere, type Sighting } from '../disk/sighting.js';
import { lockfilePath, type LockEntry, type Lockfiles, type SeenLockfile } from '../engine/lockfile.js';
import type { Action } from '../graph/graph.js';
import type { ContentDigest } from '../hash/xxh64.js';
import { moduleFiles } from '../runner/module-code.js';
import { Ledger, type Expected, type LedgerAction, type LedgerPath } from './ledger.js';
import { fromDataRoot, type Workspace } from './workspace.js';

export interface Judged {
  readonly workspace: Workspace;
  /** Everything that was judged, in graph order; each is fresh by its entry in `lockfiles`. */
  readonly actions: readonly Action[];
  readonly lockfiles: Lockfiles;
  /** Episodes that only a lockfile remembers counted too. */
  readonly lockedToo: boolean;
}

/** The ledger of a judgement; undefined when an action has no entry after all. */
export function ledgerOf(judged: Judged): Ledger | undefined {
  const { workspace, actions, lockfiles } = judged;
  const paths = new PathList(workspace);
  for (const file of projectFiles(judged)) paths.frame(file);
  for (const one of lockfiles.seen()) paths.add(lockfilePath(one.ep), paths.lockfile(one));
  for (const folder of listedFolders(judged)) paths.frame(folder);
  const folders = new Map<string, readonly string[]>();
  for (const folder of foldersOf(actions)) {
    const absolute = join(workspace.dataRoot, folder);
    for (const below of foldersIn(absolute)) paths.frame(join(absolute, below));
    folders.set(
      folder,
      (filesIn(absolute) ?? []).map((file) => folder + file),
    );
  }
  const frame = paths.count;

  const places = new Map(actions.map((action, index) => [action, index]));
  const ruleAt = new Map(workspace.pipeline.rules.map(({ name }, index) => [name, index]));
  const episodes = [...new Set(actions.flatMap(({ ep, inputs }) => [ep, ...inputs.map((input) => input.ep)]))]
    .filter((ep) => ep !== undefined)
    .sort();
  const epAt = new Map(episodes.map((ep, index) => [ep, index]));
  const env: Record<string, string | null> = {};
  const rows: LedgerAction[] = [];
  let trusted = 0;
  for (const action of actions) {
    const { rule, ep } = action;
    const entry = lockfiles.get(ep, rule.name);
    if (entry === undefined) return undefined;
    if (entry.trusted) trusted++;
    if (rule.code.kind === 'command') for (const name of rule.code.env) env[name] = process.env[name] ?? null;
    const own = new Set<number>();
    const note = (path: string, digest: ContentDigest | undefined): void => {
      if (path.endsWith('/'))
        for (const file of folders.get(path) ?? []) own.add(paths.file(file, workspace.digests.digestOf(file)));
      else own.add(paths.file(path, digest));
    };
    const { manifest } = entry;
    const known = recordedDigests(entry, workspace);
    for (const { path } of action.inputs) note(path, known.get(path));
    for (const [role, path] of Object.entries(action.outputs)) note(path, entry.outputs[role]);
    for (const [path, digest] of Object.entries(manifest.found))
      note(path, digest === 'gone' ? undefined : (digest as ContentDigest));
    if (manifest.code.kind === 'command')
      for (const [file, digest] of Object.entries(manifest.code.files))
        own.add(paths.file(fromDataRoot(workspace, file), digest === 'gone' ? undefined : (digest as ContentDigest)));
    const needs = new Set(action.inputs.flatMap(({ madeBy }) => (madeBy ? [places.get(madeBy.action)!] : [])));
    rows.push({
      id: action.id,
      rule: ruleAt.get(rule.name)!,
      ep: ep === undefined ? -1 : epAt.get(ep)!,
      paths: [...own],
      needs: [...needs],
    });
  }
  const { pipelineKey, dataRoot, storeRoot } = workspace;
  return Ledger.of({ pipelineKey, dataRoot, storeRoot, episodes, env, trusted, frame }, paths.list, rows);
}

/**
 * Notes how things look after the actions at `places` were judged anew, and those in `made` built or
 * restored. False when what they
 * depend on is no longer what is listed: the answer is then to be forgotten.
 */
export function refreshLedger(
  ledger: Ledger,
  { workspace, actions, lockfiles }: Omit<Judged, 'lockedToo'>,
  { places, made }: { readonly places: readonly number[]; readonly made: ReadonlySet<Action> },
): boolean {
  const paths = new PathList(workspace);
  for (const [index, action] of actions.entries()) {
    const entry = lockfiles.get(action.ep, action.rule.name);
    if (entry === undefined) return false;
    const known = recordedDigests(entry, workspace);
    const listed = new Map(ledger.actionAt(places[index]!).paths.map((place) => [ledger.pathAt(place), place]));
    const all = [...action.inputs.map(({ path }) => path), ...Object.values(action.outputs), ...known.keys()];
    // Which files a folder has now is not known, nor when it will have been quiet.
    if (made.has(action) && Object.values(action.outputs).some((path) => path.endsWith('/'))) return false;
    for (const path of all) {
      if (path.endsWith('/')) continue;
      const place = listed.get(path);
      if (place === undefined) return false;
      ledger.expect(place, paths.expected(path, known.get(path)));
    }
  }
  const written = new Map(lockfiles.seen().map((one) => [lockfilePath(one.ep), one]));
  for (let place = 0; place < ledger.head.frame; place++) {
    const one = written.get(ledger.pathAt(place));
    if (one !== undefined) ledger.expect(place, paths.lockfile(one));
  }
  return true;
}

// Digests of everything that an entry says was read or made, by path; a folder's are not in it file by file.
function recordedDigests({ manifest, outputs }: LockEntry, workspace: Workspace): Map<string, ContentDigest> {
  const known = new Map<string, ContentDigest>();
  const note = (path: string, digest: string): void => {
    if (digest !== 'gone') known.set(path, digest as ContentDigest);
  };
  for (const files of Object.values(manifest.inputs)) for (const { path, digest } of files) note(path, digest);
  for (const [role, path] of Object.entries(manifest.outputs)) note(path, outputs[role] ?? 'gone');
  for (const [path, digest] of Object.entries(manifest.found)) note(path, digest);
  if (manifest.code.kind === 'command')
    for (const [file, digest] of Object.entries(manifest.code.files)) note(fromDataRoot(workspace, file), digest);
  return known;
}

class PathList {
  readonly list: LedgerPath[] = [];
  readonly #workspace: Workspace;
  readonly #places = new Map<string, number>();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get count(): number {
    return this.list.length;
  }

  /** Something that was read after the workspace was opened: it is as it was read if it is older than that. */
  frame(absolute: string): void {
    const seen = look(absolute);
    this.add(absolute, isQuiet(seen, this.#workspace.openedAtMs) ? { kind: 'look', seen } : { kind: 'unknown' });
  }

  /** The place of a file whose digest is known; undefined: it is not there. */
  file(path: string, digest: ContentDigest | undefined): number {
    return this.#places.get(path) ?? this.add(path, this.expected(path, digest));
  }

  expected(path: string, digest: ContentDigest | undefined): Expected {
    if (digest === undefined) return absentNow(this.#workspace, path);
    const memo = this.#workspace.digests.memoOf(path);
    // It may have been put there anew, with the same bytes.
    const holds = memo?.digest === digest && isSame(look(this.#absolute(path)), memo.seen);
    return holds ? { kind: 'look', seen: memo.seen } : { kind: 'bytes', digest };
  }

  /**
   * A lockfile that was read or written: the look that was taken then vouches for it once it was quiet
   * for a while. Until then its digest does, if it was small enough to have one.
   */
  lockfile({ ep, seen, vouches, digest }: SeenLockfile): Expected {
    const absolute = join(this.#workspace.dataRoot, lockfilePath(ep));
    if (digest === undefined && vouches && seen.size >= 0) waitUntilQuiet(seen);
    const nowMs = Date.now();
    if (!isSame(look(absolute), seen)) return { kind: 'unknown' };
    if (seen.size < 0 || (vouches && isQuiet(seen, nowMs))) return { kind: 'look', seen };
    return digest === undefined ? { kind: 'unknown' } : { kind: 'bytes', digest };
  }

  #absolute(path: string): string {
    return isAbsolute(path) ? path : `${this.#workspace.dataRoot}/${path}`;
  }

  add(path: string, expected: Expected): number {
    const known = this.#places.get(path);
    if (known !== undefined) return known;
    this.list.push({ path, expected });
    this.#places.set(path, this.list.length - 1);
    return this.list.length - 1;
  }
}

// A large lockfile was just written, so a few more milliseconds do not count.
function waitUntilQuiet(seen: Sighting): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!isQuiet(seen, Date.now()) && Date.now() - seen.ctimeMs >= 0) Atomics.wait(pause, 0, 0, 5);
}

// What is not there now, and was not when it was judged, is a look like any other.
function absentNow({ dataRoot }: Workspace, path: string): Expected {
  const seen = look(isAbsolute(path) ? path : join(dataRoot, path));
  return seen.size < 0 ? { kind: 'look', seen: nothingThere } : { kind: 'unknown' };
}

function projectFiles({ workspace: { projectRoot, registry }, actions }: Judged): string[] {
  const modules = new Set(actions.flatMap(({ rule: { code } }) => (code.kind === 'module' ? [code.file] : [])));
  return [
    'pipeline.yaml',
    'models/models.yaml',
    registry.file,
    'models/models.lock',
    ...[...modules].flatMap((file) => moduleFiles(projectRoot, file)),
  ].map((file) => (isAbsolute(file) ? file : join(projectRoot, file)));
}

function listedFolders({ workspace: { pipeline, dataRoot }, actions, lockedToo }: Judged): Set<string> {
  const patterns = new Set([pipeline.each, ...(lockedToo ? ['manifests/{ep}/sa.lock'] : [])]);
  for (const { inputs } of actions)
    for (const { pattern, ep, madeBy } of inputs)
      if (madeBy === undefined && hasWildcard(pattern.pattern))
        patterns.add(ep === undefined ? pattern.pattern : pattern.pattern.replaceAll('{ep}', ep));
  return new Set(
    [...patterns].flatMap((pattern) => foldersListed(dataRoot, pattern)).map((folder) => join(dataRoot, folder)),
  );
}

function foldersOf(actions: readonly Action[]): Set<string> {
  const paths = actions.flatMap(({ inputs, outputs }) => [
    ...inputs.map(({ path }) => path),
    ...Object.values(outputs),
  ]);
  return new Set(paths.filter((path) => path.endsWith('/')));
}
