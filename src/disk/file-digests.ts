// Digests of files under the data root, remembered by size, mtime, ctime and inode, so that an
// unchanged video is never read again. A memo is trusted only when the file was quiet for a while
// before it was hashed: a write in the same tick of the file system's clock would not show.
import { appendFileSync, lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestFile, digestText, type ContentDigest } from '../hash/xxh64.js';
import { writeAtomic } from './atomic.js';
import { isQuiet, isSame, lookAtFile, nothingThere, type Sighting } from './sighting.js';

/** How a file looked when it was hashed, and the digest that this look vouches for. */
export interface Memo {
  readonly seen: Sighting;
  readonly digest: ContentDigest;
}

/** The memory is written anew when more lines than this are of files that were looked at again since. */
const staleLinesMax = 1000;

export class FileDigests {
  readonly #root: string;
  readonly #memoPath: string;
  #memos: Map<string, Memo> | undefined;
  #linesRead = 0;
  readonly #learned = new Map<string, Memo>();
  readonly #primed = new Map<string, Memo | undefined>();

  /** Opens the memory kept in `memoPath`, read when it is first needed; what is damaged of it is forgotten, never an error. */
  constructor(root: string, memoPath: string) {
    this.#root = root;
    this.#memoPath = memoPath;
  }

  /**
   * Digest of the file at `path` (relative to the data root), or of the folder when it ends with
   * `/`; undefined when it is not there. A folder's digest covers the names and bytes of its files.
   */
  digestOf(path: string): ContentDigest | undefined {
    return path.endsWith('/') ? this.#ofFolder(path) : this.#ofFile(path);
  }

  /** What is remembered of a file; undefined when it was not quiet when it was hashed, or never hashed. */
  memoOf(path: string): Memo | undefined {
    return this.#learned.get(path) ?? (this.#primed.has(path) ? this.#primed.get(path) : this.#remembered().get(path));
  }

  /** Takes over what is remembered of a file elsewhere: the memory of all files need not be read for it. */
  prime(path: string, memo: Memo | undefined): void {
    this.#primed.set(path, memo);
  }

  /** Keeps what was learned for the next run; cheap when nothing changed. */
  save(): void {
    if (this.#learned.size === 0) return;
    const memos = this.#memos;
    if (memos !== undefined && this.#linesRead + this.#learned.size > 2 * memos.size + staleLinesMax) {
      for (const [path, memo] of this.#learned) memos.set(path, memo);
      writeAtomic(this.#memoPath, linesOf(memos));
      this.#linesRead = memos.size;
    } else {
      mkdirSync(dirname(this.#memoPath), { recursive: true });
      // A link in its place may lead anywhere.
      if (lstatSync(this.#memoPath, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(this.#memoPath);
      // A line feed first: the last line may be one that a full disk or a kill cut off.
      appendFileSync(this.#memoPath, `\n${linesOf(this.#learned)}`);
      this.#linesRead += this.#learned.size;
      for (const [path, memo] of this.#learned) memos?.set(path, memo);
    }
    this.#learned.clear();
  }

  #remembered(): Map<string, Memo> {
    if (this.#memos === undefined) {
      const { memos, lines } = readMemos(this.#memoPath);
      this.#memos = memos;
      this.#linesRead = lines;
    }
    return this.#memos;
  }

  #ofFile(path: string): ContentDigest | undefined {
    const absolute = join(this.#root, path);
    for (;;) {
      const nowMs = Date.now();
      const seen = lookAtFile(absolute);
      if (seen === nothingThere) return undefined;
      const memo = this.memoOf(path);
      if (memo !== undefined && isSame(memo.seen, seen)) return memo.digest;
      const digest = digestOrGone(absolute);
      // It changed, or went, while it was read.
      if (digest === undefined || !isSame(lookAtFile(absolute), seen)) continue;
      if (isQuiet(seen, nowMs)) this.#learned.set(path, { seen, digest });
      return digest;
    }
  }

  #ofFolder(path: string): ContentDigest | undefined {
    const files = filesIn(join(this.#root, path));
    if (files === undefined) return undefined;
    return digestText(files.map((file) => `${file}\0${this.#ofFile(path + file) ?? 'gone'}\n`).join(''));
  }
}

/** A folder and all folders below it, relative to it, each with a trailing `/` but the folder itself, which is ''. */
export function foldersIn(folder: string): string[] {
  const folders: string[] = [];
  const walk = (below: string): void => {
    folders.push(below);
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true }))
      if (entry.isDirectory()) walk(`${below}${entry.name}/`);
  };
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) walk('');
  return folders;
}

/** Paths of all files below a folder, relative to it, with `/`, in code unit order; undefined when there is no such folder. */
export function filesIn(folder: string): string[] | undefined {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  const files: string[] = [];
  const walk = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      if (entry.isDirectory()) walk(`${below}${entry.name}/`);
      else files.push(below + entry.name);
    }
  };
  walk('');
  return files.sort();
}

function digestOrGone(absolute: string): ContentDigest | undefined {
  try {
    return digestFile(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// A line a file, with a check of its own: a flipped byte must not turn into a wrong digest, and a
// line that was cut off takes no other with it. The last line of a file counts.
type Line = readonly [path: string, size: number, mtimeMs: number, ctimeMs: number, ino: number, digest: ContentDigest];

function linesOf(memos: ReadonlyMap<string, Memo>): string {
  const lines: string[] = [];
  for (const [path, { seen, digest }] of memos) {
    const text = JSON.stringify([path, seen.size, seen.mtimeMs, seen.ctimeMs, seen.ino, digest] satisfies Line);
    lines.push(`${checkOf(text)} ${text}\n`);
  }
  return lines.join('');
}

function readMemos(path: string): { readonly memos: Map<string, Memo>; readonly lines: number } {
  const memos = new Map<string, Memo>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return { memos, lines: 0 }; // only a memory: without it files are read again
  }
  let lines = 0;
  for (const line of text.split('\n')) {
    const cut = line.indexOf(' ');
    const body = line.slice(cut + 1);
    if (cut <= 0 || line.slice(0, cut) !== checkOf(body)) continue;
    const [file, size, mtimeMs, ctimeMs, ino, digest] = JSON.parse(body) as Line;
    memos.set(file, { seen: { size, mtimeMs, ctimeMs, ino }, digest });
    lines++;
  }
  return { memos, lines };
}

function checkOf(text: string): string {
  return digestText(text).slice('xxh64:'.length, 'xxh64:'.length + 16);
}
