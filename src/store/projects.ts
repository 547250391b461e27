// Which projects use a store: what their lockfiles name is never collected, whoever collects. Each
// project has a small file of its own, named by the digest of its data root's path.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../hash/sha256.js';
import { readChecked, writeChecked } from './checked.js';

/** Notes that the project with this data root (an absolute path) uses the store. */
export function registerProject(storeRoot: string, dataRoot: string): void {
  const path = fileOf(storeRoot, dataRoot);
  if (existsSync(path)) return;
  try {
    writeChecked(path, { data_root: dataRoot });
  } catch (error) {
    // Into a store that cannot be written to nothing is kept, and from one that is full nothing is restored that is not there.
    if (!['EACCES', 'EROFS', 'EPERM', 'ENOSPC'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** The data roots of all projects that use the store, whether or not they are still there; sorted. */
export function projectsOf(storeRoot: string): string[] {
  const folder = join(storeRoot, 'projects');
  const files = existsSync(folder) ? readdirSync(folder) : [];
  return files
    .flatMap((name) => {
      const { data_root: dataRoot } = (readChecked(join(folder, name)) ?? {}) as { readonly data_root?: unknown };
      return typeof dataRoot === 'string' ? [dataRoot] : [];
    })
    .sort();
}

function fileOf(storeRoot: string, dataRoot: string): string {
  return join(storeRoot, 'projects', `${sha256(dataRoot).slice(0, 32)}.json`);
}
