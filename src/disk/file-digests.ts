// Digests of files under the data root, remembered by size, mtime, ctime and inode, so that an
// unchanged video is never read again. A memo is trusted only when the file was quiet for a while
// before it was hashed: a write in the same tick of the file system's clock would not show.
import { lstatSync, readFileSync, readdirSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../hash/sha256.js';
import { digestFile, digestText, type ContentDigest } from '../hash/xxh64.js';
import { writeAtomic } from './atomic.js';

/** [size, mtime ns, ctime ns, inode] as one text, and the digest it vouches for. */
type Memo = readonly [stamp: string, digest: ContentDigest];

/** Kernel timestamps move in ticks of up to 10 ms; younger than this, a stamp may yet repeat. */
const quietNs = 30_000_000n;

export class FileDigests {
  readonly #root: string;
  readonly #memoPath: string;
  readonly #memos: Map<string, Memo>;
  #changed = false;

  /** Opens the memory kept in `memoPath`; a missing or damaged one is empty, never an error. */
  constructor(root: string, memoPath: string) {
    this.#root = root;
    this.#memoPath = memoPath;
    this.#memos = readMemos(memoPath);
  }

  /**
   * Digest of the file at `path` (relative to the data root), or of the folder when it ends with
   * `/`; undefined when it is not there. A folder's digest covers the names and bytes of its files.
   */
  digestOf(path: string): ContentDigest | undefined {
    return path.endsWith('/') ? this.#ofFolder(path) : this.#ofFile(path);
  }

  /** Keeps what was learned for the next run; cheap when nothing changed. */
  save(): void {
    if (!this.#changed) return;
    const text = JSON.stringify([...this.#memos]);
    writeAtomic(this.#memoPath, `${sha256(text)}\n${text}\n`);
    this.#changed = false;
  }

  #ofFile(path: string): ContentDigest | undefined {
    const absolute = join(this.#root, path);
    const stats = statSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true) return undefined;
    const stamp = stampOf(stats);
    const memo = this.#memos.get(path);
    if (memo?.[0] === stamp) return memo[1];
    const digest = digestOrGone(absolute);
    const after = statSync(absolute, { bigint: true, throwIfNoEntry: false });
    // It changed, or went, while it was read.
    if (digest === undefined || after === undefined || stampOf(after) !== stamp) return this.#ofFile(path);
    const quietSince = stats.ctimeNs > stats.mtimeNs ? stats.ctimeNs : stats.mtimeNs;
    if (BigInt(Date.now()) * 1_000_000n - quietSince > quietNs) {
      this.#memos.set(path, [stamp, digest]);
      this.#changed = true;
    } else if (this.#memos.delete(path)) this.#changed = true;
    return digest;
  }

  #ofFolder(path: string): ContentDigest | undefined {
    const files = filesIn(join(this.#root, path));
    if (files === undefined) return undefined;
    return digestText(files.map((file) => `${file}\0${this.#ofFile(path + file) ?? 'gone'}\n`).join(''));
  }
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

function stampOf(stats: BigIntStats): string {
  return `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
}

function digestOrGone(absolute: string): ContentDigest | undefined {
  try {
    return digestFile(absolute);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

// The first line checks the second: a flipped byte must not turn into a wrong digest.
function readMemos(path: string): Map<string, Memo> {
  try {
    const [check, text = ''] = readFileSync(path, 'utf8').split('\n');
    return new Map(check === sha256(text) ? (JSON.parse(text) as [string, Memo][]) : []);
  } catch {
    return new Map(); // only a memory: without it files are read again
  }
}
