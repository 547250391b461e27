// What the lockfiles of a project name, and whether it is being built: what whoever cares for a store
// must leave alone. It reads and changes nothing.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../base/problem.js';
import { matchPattern } from '../disk/glob.js';
import { isMutexHeld } from '../disk/lock.js';
import type { LockEntry } from '../engine/lockfile.js';

/** Fingerprints in every lockfile under the data root, each with its action. A lockfile that cannot be read stops all. */
export function lockedActions(dataRoot: string): Map<string, string> {
  return new Map(lockedEntries(dataRoot).map(({ action, entry }) => [entry.fingerprint, action]));
}

export interface LockedEntry {
  readonly dataRoot: string;
  readonly action: string;
  readonly entry: Pick<LockEntry, 'fingerprint'> & Partial<LockEntry>;
}

/** Every entry of every lockfile under the data root. */
export function lockedEntries(dataRoot: string): LockedEntry[] {
  const paths = [...matchPattern(dataRoot, 'manifests/sa.lock'), ...matchPattern(dataRoot, 'manifests/*/sa.lock')];
  return paths.flatMap((path) => {
    const ep = path.split('/').length > 2 ? path.split('/')[1] : undefined;
    return Object.entries(entriesIn(dataRoot, path)).map(([rule, entry]) => ({
      dataRoot,
      action: ep === undefined ? rule : `${rule}@${ep}`,
      entry,
    }));
  });
}

/** When a build of the project that is under way began, as milliseconds since 1970; Infinity when none is. */
export function buildingSinceMs(dataRoot: string): number {
  const lock = join(dataRoot, '.sa', 'lock');
  // Whoever takes it writes his process id into it.
  return isMutexHeld(lock) ? statSync(lock).mtimeMs : Infinity;
}

function entriesIn(dataRoot: string, path: string): Readonly<Record<string, LockedEntry['entry']>> {
  let text: string;
  try {
    text = readFileSync(join(dataRoot, path), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw error;
  }
  try {
    const { actions } = JSON.parse(text) as { readonly actions: Readonly<Record<string, LockedEntry['entry']>> };
    for (const { fingerprint } of Object.values(actions))
      if (typeof fingerprint !== 'string') throw new Error('an entry without a fingerprint');
    return actions;
  } catch (error) {
    throw problem(
      'bad-lockfile',
      `${path} cannot be read, so what it names is not known`,
      'finish the merge, or build the episode again: sa build',
      error,
    );
  }
}
