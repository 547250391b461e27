// All that lies in a store, for whoever cares for it: what is there, how long it was not used, what is
// damaged. It removes single things when asked and decides nothing.
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Gate } from '../disk/gate.js';
import { sha256File } from '../hash/sha256.js';
import type { BlobName } from './blobs.js';
import { readChecked } from './checked.js';
import { storeGate, type Trace } from './store.js';

/** A file of the store. */
export interface StoredFile {
  readonly path: string;
  /** File name without its ending: a digest. */
  readonly name: string;
  readonly bytes: number;
  /** Last use, as milliseconds since 1970: a blob is touched whenever it is kept again or restored. */
  readonly usedMs: number;
}

export interface StoredTrace extends StoredFile {
  /** undefined when the file is not what was once written. */
  readonly trace: Trace | undefined;
}

export class Inventory {
  readonly #folder: string;
  readonly #gate: Gate;

  constructor(folder: string) {
    this.#folder = folder;
    this.#gate = storeGate(folder);
  }

  blobs(): Map<BlobName, StoredFile> {
    return new Map(this.#files('blobs').map((file) => [file.name, file]));
  }

  traces(): StoredTrace[] {
    return this.#files('traces').map((file) => ({ ...file, trace: readTrace(file) }));
  }

  /** What is known to be made by each action, by its id. */
  tracesByAction(): Map<string, Trace[]> {
    const found = new Map<string, Trace[]>();
    for (const { trace } of this.traces()) {
      if (trace === undefined) continue;
      const others = found.get(trace.action);
      if (others === undefined) found.set(trace.action, [trace]);
      else others.push(trace);
    }
    return found;
  }

  /** What depfiles named; a damaged one only makes its action run again. */
  dependencies(): (StoredFile & { readonly whole: boolean })[] {
    return this.#files('depends').map((file) => ({ ...file, whole: readChecked(file.path) !== undefined }));
  }

  /** What was set aside as damaged. */
  corrupt(): StoredFile[] {
    return namesIn(join(this.#folder, 'corrupt')).flatMap((name) => fileAt(join(this.#folder, 'corrupt', name)) ?? []);
  }

  /** Moves a file out of the way, for a person to look at, unless it was replaced since; says whether it did. */
  setAside({ path, usedMs }: StoredFile): boolean {
    return this.#gate.alone(() => {
      if (fileAt(path)?.usedMs !== usedMs) return false;
      this.#move(path);
      return true;
    });
  }

  #move(path: string): void {
    const aside = join(this.#folder, 'corrupt', basename(path));
    mkdirSync(dirname(aside), { recursive: true });
    try {
      renameSync(path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error; // another one was quicker
    }
  }

  /** Removes a file, unless it was used since it was listed; says whether it did. */
  remove({ path, usedMs }: StoredFile): boolean {
    return this.#gate.alone(() => {
      if (fileAt(path)?.usedMs !== usedMs) return false;
      rmSync(path, { force: true });
      return true;
    });
  }

  #files(kind: 'blobs' | 'traces' | 'depends'): StoredFile[] {
    const root = join(this.#folder, kind);
    return namesIn(root).flatMap((group) =>
      namesIn(join(root, group)).flatMap((name) => fileAt(join(root, group, name)) ?? []),
    );
  }
}

/** Whether the bytes of a blob are what its name says; undefined when it went meanwhile. */
export function isWhole({ path, name }: StoredFile): boolean | undefined {
  try {
    return sha256File(path) === name;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function readTrace({ path, name }: StoredFile): Trace | undefined {
  const trace = readChecked(path) as Trace | undefined;
  return trace?.fingerprint === name ? trace : undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

function fileAt(path: string): StoredFile | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return undefined;
  return { path, name: basename(path).replace(/\.json$/, ''), bytes: stats.size, usedMs: stats.mtimeMs };
}
