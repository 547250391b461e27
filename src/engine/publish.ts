// Puts finished outputs in their places. Each comes whole from a staging folder in one rename (a
// folder that replaces another in two); nothing half-written ever stands under an artifact's name.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ProblemError } from '../base/problem.js';
import { flushDirectory, flushFile, temporaryBeside } from '../disk/atomic.js';
import { escapeFrom } from '../disk/inside.js';
import { filesIn } from '../disk/file-digests.js';
import { digestFile, digestText, type ContentDigest } from '../hash/xxh64.js';

/**
 * A folder where one action's outputs are written before they are published. No two ever had the same
 * name: what is left of a killed build writes into its own folder, or into none.
 */
export class Staging {
  readonly folder: string;

  constructor(temporaryRoot: string) {
    mkdirSync(temporaryRoot, { recursive: true });
    this.folder = mkdtempSync(join(temporaryRoot, `${process.pid}-`));
  }

  /** Where the output in `role` is to be written: an existing empty folder when `path` ends with `/`. */
  pathFor(role: string, path: string): string {
    const staged = join(this.folder, role, basename(path));
    const folder = path.endsWith('/') ? staged : dirname(staged);
    if (!existsSync(folder)) mkdirSync(folder, { recursive: true });
    return staged;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Removes what builds that were killed have left in the staging area. Call only while holding the mutex. */
export function clearStaging(temporaryRoot: string): void {
  // Moved aside first: a process that a killed build left behind may be writing there, and finds the place no more.
  const aside = `${temporaryRoot}-before`;
  rmSync(aside, { recursive: true, force: true });
  if (existsSync(temporaryRoot)) renameSync(temporaryRoot, aside);
  mkdirSync(temporaryRoot, { recursive: true });
  rmSync(aside, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/** Removes temporary names that a killed writer left in `folder`. Call only while holding the mutex. */
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
export function publish(
  staged: string,
  dataRoot: string,
  path: string,
  { durable }: { readonly durable: boolean },
): void {
  const target = join(dataRoot, path.replace(/\/$/, ''));
  const folder = dirname(target);
  const escape = escapeFrom(dataRoot, folder, path);
  if (escape !== undefined) throw new ProblemError([escape]);
  mkdirSync(folder, { recursive: true });
  // A folder of the data root may be another file system: then copy beside the target first.
  const here = statSync(staged).dev === statSync(folder).dev;
  const ready = here ? staged : temporaryBeside(target);
  if (!here) cpSync(staged, ready, { recursive: true });
  if (path.endsWith('/')) replaceFolder(ready, target, here ? `${staged}-before` : temporaryBeside(target));
  else {
    if (durable) flushFile(ready);
    renameSync(ready, target);
  }
  if (durable) flushDirectory(folder);
}

function replaceFolder(ready: string, target: string, aside: string): void {
  if (existsSync(target)) renameSync(target, aside);
  renameSync(ready, target);
  rmSync(aside, { recursive: true, force: true });
}
