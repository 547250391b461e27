// Puts finished outputs in their places. Each comes whole from a staging folder in one rename (a
// folder in one exchange); nothing half-written ever stands under an artifact's name.
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { problem } from '../base/problem.js';
import { flushDirectory, flushFile, temporaryBeside } from '../disk/atomic.js';
import { filesIn } from '../disk/file-digests.js';
import { digestFile, digestText, type ContentDigest } from '../hash/xxh64.js';

let serial = 0;

/** A folder of this process where outputs are written before they are published. */
export class Staging {
  readonly folder: string;

  constructor(temporaryRoot: string) {
    this.folder = join(temporaryRoot, `${process.pid}-${++serial}`);
    mkdirSync(this.folder, { recursive: true });
  }

  /** Where the output in `role` is to be written: an existing empty folder when `path` ends with `/`. */
  pathFor(role: string, path: string): string {
    const staged = join(this.folder, role, basename(path));
    mkdirSync(path.endsWith('/') ? staged : dirname(staged), { recursive: true });
    return staged;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Removes what builds that were killed have left in the staging area. Call only while holding the mutex. */
export function clearStaging(temporaryRoot: string): void {
  rmSync(temporaryRoot, { recursive: true, force: true });
  mkdirSync(temporaryRoot, { recursive: true });
}

/** Removes temporary names that a killed writer left beside a lockfile. */
export function clearTemporaries(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name.startsWith('.sa-tmp-')) rmSync(join(folder, name), { recursive: true, force: true });
}

/** Digest of a staged file or folder, in the form in which artifacts are digested. */
export function digestStaged(staged: string): ContentDigest {
  if (!lstatSync(staged).isDirectory()) return digestFile(staged);
  return digestText((filesIn(staged) ?? []).map((file) => `${file}\0${digestFile(join(staged, file))}\n`).join(''));
}

/** Moves `staged` to `path` under the data root. Refuses a place that a link leads out of the data root. */
export function publish(staged: string, dataRoot: string, path: string): void {
  const target = join(dataRoot, path);
  mkdirSync(dirname(target), { recursive: true });
  refuseEscape(dataRoot, dirname(target), path);
  if (path.endsWith('/')) publishFolder(staged, target.slice(0, -1));
  else {
    flushFile(staged);
    moveInto(staged, target);
  }
  flushDirectory(dirname(target));
}

function publishFolder(staged: string, target: string): void {
  if (!existsSync(target)) {
    moveInto(staged, target);
    return;
  }
  const aside = `${staged}-before`;
  renameSync(target, aside);
  moveInto(staged, target);
}

function moveInto(staged: string, target: string): void {
  try {
    renameSync(staged, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // A folder of the data root is another file system: copy beside the target first.
    const beside = temporaryBeside(target);
    cpSync(staged, beside, { recursive: true });
    renameSync(beside, target);
  }
}

function refuseEscape(dataRoot: string, folder: string, path: string): void {
  const root = realpathSync(dataRoot);
  const real = realpathSync(folder);
  if (real !== root && !real.startsWith(root + sep)) {
    throw problem(
      'path-escapes',
      `${path} is not under the data folder: a link leads to ${real}`,
      'replace the link by a folder, or set SA_DATA_ROOT to the other place',
    );
  }
}
