// Bytes by SHA-256. A blob is whole or absent: it is copied beside, checked, flushed and renamed.
// A folder is one blob, packed, so that ten thousand thumbnails cost one flush and one name.
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { flushDirectory, flushFile, temporaryName } from '../disk/atomic.js';
import { Gate } from '../disk/gate.js';
import { filesIn } from '../disk/file-digests.js';
import { piecesOf, writePieces } from '../disk/pieces.js';
import { sha256File, sha256Pieces } from '../hash/sha256.js';

/** Hex SHA-256, the name of a blob. */
export type BlobName = string;

const dayMs = 24 * 60 * 60 * 1000;

export class Blobs {
  readonly #folder: string;
  readonly #gate: Gate;
  readonly #temporaries: string;

  constructor(folder: string, gate = new Gate(join(folder, '../lock'))) {
    this.#folder = folder;
    this.#gate = gate;
    this.#temporaries = join(folder, '../tmp');
  }

  has(name: BlobName): boolean {
    return existsSync(this.#path(name));
  }

  /** Keeps the bytes of a file (a reflink where the file system has them, else a copy; never a hard link). */
  putFile(absolute: string, flush: { readonly durable: boolean } = { durable: true }): BlobName {
    const name = sha256File(absolute);
    this.#put(name, flush, (temporary) => copyFileSync(absolute, temporary, constants.COPYFILE_FICLONE));
    return name;
  }

  /** Keeps a folder with all files below it as one packed blob. */
  putFolder(absolute: string, flush: { readonly durable: boolean } = { durable: true }): BlobName {
    const name = sha256Pieces(packed(absolute));
    this.#put(name, flush, (temporary) => writePieces(temporary, packed(absolute)));
    return name;
  }

  /**
   * Writes a kept file to `target`, which must not exist. False when the blob is absent or its
   * bytes are not what its name says; a damaged blob is set aside, and nothing stays at `target`.
   */
  restoreFile(name: BlobName, target: string): boolean {
    mkdirSync(dirname(target), { recursive: true });
    try {
      copyFileSync(this.#path(name), target, constants.COPYFILE_FICLONE);
    } catch (error) {
      return absent(error);
    }
    if (sha256File(target) === name) {
      this.#touch(name);
      return true;
    }
    rmSync(target, { force: true });
    this.setAside(name);
    return false;
  }

  /** The same for a packed folder; `target` is created. */
  restoreFolder(name: BlobName, target: string): boolean {
    const path = this.#path(name);
    try {
      if (sha256File(path) !== name) {
        this.setAside(name);
        return false;
      }
    } catch (error) {
      return absent(error);
    }
    unpackFolder(path, target);
    this.#touch(name);
    return true;
  }

  remove(name: BlobName): void {
    rmSync(this.#path(name), { force: true });
  }

  /** Removes what killed writers left half-copied. Others may be writing now, so only what is a day old goes. */
  sweep(): void {
    const oldest = Date.now() - dayMs;
    for (const name of existsSync(this.#temporaries) ? readdirSync(this.#temporaries) : []) {
      const temporary = join(this.#temporaries, name);
      const stats = statSync(temporary, { throwIfNoEntry: false });
      if (stats !== undefined && stats.mtimeMs < oldest) rmSync(temporary, { force: true });
    }
  }

  /** Moves a damaged blob out of the way, for a person to look at; the next build makes it anew. */
  setAside(name: BlobName): void {
    const aside = join(this.#folder, '../corrupt', name);
    mkdirSync(dirname(aside), { recursive: true });
    try {
      renameSync(this.#path(name), aside);
    } catch (error) {
      absent(error); // another build was quicker
    }
  }

  #path(name: BlobName): string {
    return join(this.#folder, name.slice(0, 2), name);
  }

  #put(name: BlobName, { durable }: { readonly durable: boolean }, write: (temporary: string) => void): void {
    const path = this.#path(name);
    const isThere = this.#gate.shared(() => {
      const found = existsSync(path);
      if (found) this.#touch(name);
      return found;
    });
    if (isThere) return;
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(this.#temporaries, { recursive: true });
    const temporary = join(this.#temporaries, temporaryName(name));
    try {
      write(temporary);
      if (sha256File(temporary) !== name) throw new Error(`the file changed while it was stored as ${name}`);
      if (durable) flushFile(temporary);
      this.#gate.shared(() => renameSync(temporary, path));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    if (durable) flushDirectory(dirname(path));
  }

  // The last use, for a collector that drops what was not used for longest.
  #touch(name: BlobName): void {
    const now = new Date();
    try {
      utimesSync(this.#path(name), now, now);
    } catch {
      // In a store that belongs to someone else, or was removed just now, its use is not noted.
    }
  }
}

// False for a file that is not there; any other error is thrown again.
function absent(error: unknown): false {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return false;
}

/**
 * A folder as one blob: a JSON line of [path, bytes] pairs in code unit order, then the contents. In pieces, each
 * good until the next one is asked for: the thumbnails of an hour are too much to hold.
 */
function* packed(folder: string): Generator<Uint8Array, void> {
  const paths = filesIn(folder) ?? [];
  yield Buffer.from(`${JSON.stringify(paths.map((path) => [path, statSync(join(folder, path)).size]))}\n`);
  for (const path of paths) yield* piecesOf(join(folder, path));
}

function unpackFolder(pack: string, folder: string): void {
  const header = firstLineOf(pack);
  let offset = header.length + 1;
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of JSON.parse(header.toString('utf8')) as [string, number][]) {
    const target = join(folder, path);
    if (path.includes('/')) mkdirSync(dirname(target), { recursive: true });
    writePieces(target, piecesOf(pack, { from: offset, to: offset + bytes }));
    offset += bytes;
  }
}

function firstLineOf(path: string): Buffer {
  const read: Buffer[] = [];
  for (const piece of piecesOf(path)) {
    const end = piece.indexOf(10);
    read.push(Buffer.from(end < 0 ? piece : piece.subarray(0, end)));
    if (end >= 0) break;
  }
  return Buffer.concat(read);
}
