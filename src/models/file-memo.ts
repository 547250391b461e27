// SHA-256 of model files, remembered by size, mtime, ctime and inode, so that a build with nothing
// to do reads no model. Only a memory: a missing or damaged file of it costs a second look.
import { readFileSync, statSync, type BigIntStats } from 'node:fs';
import { writeAtomic } from '../disk/atomic.js';
import { sha256File } from '../hash/sha256.js';

/** Kernel timestamps move in ticks of up to 10 ms; a stamp younger than this may yet repeat. */
const quietNs = 30_000_000n;

export interface FileFacts {
  readonly bytes: number;
  readonly sha256: string;
}

export class FileMemo {
  readonly #path: string;
  #known: Map<string, readonly [stamp: string, sha256: string]> | undefined;

  /** `path`: where the memory is kept between runs. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Size and digest of a file, or undefined when there is no such file. The digest is left out when
   * the size is not `bytes`, since the file is then the wrong one whatever it holds. `fresh` reads it again.
   */
  factsOf(absolute: string, { bytes, fresh = false }: { bytes: number; fresh?: boolean }): FileFacts | undefined {
    const stats = statSync(absolute, { bigint: true, throwIfNoEntry: false });
    if (stats?.isFile() !== true) return undefined;
    const size = Number(stats.size);
    if (size !== bytes) return { bytes: size, sha256: '' };
    const known = this.#load();
    const memo = known.get(absolute);
    if (!fresh && memo?.[0] === stampOf(stats)) return { bytes: size, sha256: memo[1] };
    const sha256 = sha256File(absolute);
    const changed = stats.ctimeNs > stats.mtimeNs ? stats.ctimeNs : stats.mtimeNs;
    if (BigInt(Date.now()) * 1_000_000n - changed > quietNs) this.#remember(known, absolute, [stampOf(stats), sha256]);
    return { bytes: size, sha256 };
  }

  #load(): Map<string, readonly [string, string]> {
    this.#known ??= readMemory(this.#path);
    return this.#known;
  }

  #remember(known: Map<string, readonly [string, string]>, absolute: string, memo: readonly [string, string]): void {
    const before = known.get(absolute);
    if (before?.[0] === memo[0] && before[1] === memo[1]) return;
    known.set(absolute, memo);
    try {
      writeAtomic(this.#path, `${JSON.stringify([...known].sort())}\n`);
    } catch {
      // A project that cannot be written to can still be read: the files are hashed again next time.
    }
  }
}

function stampOf(stats: BigIntStats): string {
  return `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
}

function readMemory(path: string): Map<string, readonly [string, string]> {
  try {
    return new Map(JSON.parse(readFileSync(path, 'utf8')) as [string, readonly [string, string]][]);
  } catch {
    return new Map();
  }
}
