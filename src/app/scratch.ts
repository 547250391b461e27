// A data root beside the artifacts in which a sweep builds: inputs and finished artifacts are links to
// the real ones, so what a parameter does not touch is fresh at once, and what is made replaces a link.
// Results go into the project's own store, and nothing else of the project changes.
import { copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { takeMutex } from '../disk/lock.js';
import { Lockfiles, lockfilePath } from '../engine/lockfile.js';
import type { Selection } from './select.js';
import { makeStateRoot, openWorkspace, type Workspace } from './workspace.js';

export interface Scratch {
  readonly workspace: Workspace;
  /** Removes it with all that was built in it. */
  remove(): void;
}

/**
 * Makes the scratch data root for the actions of `selection`, all of one episode. One sweep of a project
 * at a time: `onWait` is told of another one. Rejects when `signal` aborts.
 */
export async function openScratch(
  workspace: Workspace,
  { actions }: Selection,
  {
    artifacts = true,
    env,
    signal,
    onWait,
  }: {
    /** Whether what is built already is there; without, only the user's own files are. */
    readonly artifacts?: boolean;
    readonly env: NodeJS.ProcessEnv;
    readonly signal: AbortSignal;
    readonly onWait: (holder: string) => void;
  },
): Promise<Scratch> {
  const { dataRoot, projectRoot, stateRoot, storeRoot } = workspace;
  makeStateRoot(workspace);
  const mutex = await takeMutex(join(stateRoot, 'sweep.lock'), { signal, onWait });
  const folder = join(stateRoot, 'sweep');
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    mutex.release();
  };
  try {
    // What a killed sweep left.
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, '.sa'), { recursive: true });
    const lockfiles = new Lockfiles(dataRoot);
    const paths = actions.flatMap(({ ep, rule, inputs, outputs }) => [
      ...inputs.filter(({ madeBy }) => artifacts || madeBy === undefined).map(({ path }) => path),
      ...(artifacts ? Object.values(outputs) : []),
      ...Object.keys(lockfiles.get(ep, rule.name)?.manifest.found ?? {}),
    ]);
    for (const path of new Set(paths)) link(dataRoot, folder, path);
    if (artifacts) for (const ep of new Set(actions.map(({ ep: of }) => of))) copy(dataRoot, folder, lockfilePath(ep));
    // Links have the stamps of what they lead to, so that no video is read again.
    copy(stateRoot, join(folder, '.sa'), 'digests.json');
    return { workspace: await openWorkspace({ cwd: projectRoot, dataRoot: folder, storeRoot, env }), remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function link(from: string, to: string, path: string): void {
  const bare = path.replace(/\/$/, '');
  // What lies outside the data root is read where it is.
  if (bare.startsWith('..') || !existsSync(join(from, bare)) || existsSync(join(to, bare))) return;
  mkdirSync(dirname(join(to, bare)), { recursive: true });
  symlinkSync(join(from, bare), join(to, bare));
}

function copy(from: string, to: string, path: string): void {
  if (!existsSync(join(from, path))) return;
  mkdirSync(dirname(join(to, path)), { recursive: true });
  copyFileSync(join(from, path), join(to, path));
}
