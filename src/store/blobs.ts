// Bytes by SHA-256. A blob is whole or absent: it is copied beside, checked, flushed and renamed.
// A folder is one blob, packed, so that ten thousand thumbnails cost one flush and one name.
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { flushDirectory, flushFile, temporaryBeside } from '../disk/atomic.js';
import { filesIn } from '../disk/file-digests.js';
import { sha256, sha256File } from '../hash/sha256.js';

/** Hex SHA-256, the name of a blob. */
export type BlobName = string;

export class Blobs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  has(name: BlobName): boolean {
    return existsSync(this.#path(name));
  }

  /** Keeps the bytes of a file (a reflink where the file system has them, else a copy; never a hard link). */
  putFile(absolute: string): BlobName {
    const name = sha256File(absolute);
    this.#put(name, (temporary) => copyFileSync(absolute, temporary, constants.COPYFILE_FICLONE));
    return name;
  }

  /** Keeps a folder with all files below it as one packed blob. */
  putFolder(absolute: string): BlobName {
    const pack = packFolder(absolute);
    const name = sha256(pack);
    this.#put(name, (temporary) => writeFileSync(temporary, pack));
    return name;
  }

  /**
   * Writes a kept file to `target`, which must not exist. False when the blob is absent or its
   * bytes are not what its name says; a damaged blob is set aside, and nothing stays at `target`.
   */
  restoreFile(name: BlobName, target: string): boolean {
    if (!this.has(name)) return false;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(this.#path(name), target, constants.COPYFILE_FICLONE);
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
    if (!this.has(name)) return false;
    const pack = readFileSync(this.#path(name));
    if (sha256(pack) !== name) {
      this.setAside(name);
      return false;
    }
    unpackFolder(pack, target);
    this.#touch(name);
    return true;
  }

  /** Moves a damaged blob out of the way, for a person to look at; the next build makes it anew. */
  setAside(name: BlobName): void {
    const aside = join(this.#folder, '../corrupt', name);
    mkdirSync(dirname(aside), { recursive: true });
    renameSync(this.#path(name), aside);
  }

  #path(name: BlobName): string {
    return join(this.#folder, name.slice(0, 2), name);
  }

  #put(name: BlobName, write: (temporary: string) => void): void {
    const path = this.#path(name);
    if (existsSync(path)) {
      this.#touch(name);
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    const temporary = temporaryBeside(path);
    try {
      write(temporary);
      if (sha256File(temporary) !== name) throw new Error(`the file changed while it was stored as ${name}`);
      flushFile(temporary);
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    flushDirectory(dirname(path));
  }

  // The last use, for a collector that drops what was not used for longest.
  #touch(name: BlobName): void {
    const now = new Date();
    utimesSync(this.#path(name), now, now);
  }
}

/** One buffer of a folder: a JSON line of [path, bytes] pairs in code unit order, then the contents. */
function packFolder(folder: string): Buffer {
  const contents: Buffer[] = [];
  const index = (filesIn(folder) ?? []).map((path) => {
    const bytes = readFileSync(join(folder, path));
    contents.push(bytes);
    return [path, bytes.length] as const;
  });
  return Buffer.concat([Buffer.from(`${JSON.stringify(index)}\n`), ...contents]);
}

function unpackFolder(pack: Buffer, folder: string): void {
  const headerEnd = pack.indexOf(10);
  let offset = headerEnd + 1;
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of JSON.parse(pack.toString('utf8', 0, headerEnd)) as [string, number][]) {
    const target = join(folder, path);
    if (path.includes('/')) mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, pack.subarray(offset, offset + bytes));
    offset += bytes;
  }
}
