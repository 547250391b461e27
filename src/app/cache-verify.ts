// Reads all of a store again and mends it: what is damaged is set aside, and kept anew from the artifact
// on disk where that is still what was kept. It runs no action.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Manifest } from '../engine/manifest.js';
import { fingerprintOf } from '../engine/manifest.js';
import { digestStaged } from '../engine/publish.js';
import { Inventory, isWhole, type StoredFile } from '../store/inventory.js';
import { projectsOf } from '../store/projects.js';
import { Store, type Trace } from '../store/store.js';
import { blobsOf } from './cache.js';
import { lockedEntries, type LockedEntry } from './locked.js';
import type { Workspace } from './workspace.js';

export interface CacheVerifyJson {
  readonly version: 1;
  /** Nothing was damaged, or all of it could be repaired. */
  readonly ok: boolean;
  readonly blobs: number;
  readonly traces: number;
  readonly damaged: readonly {
    readonly kind: 'blob' | 'trace' | 'dependencies';
    readonly name: string;
    readonly bytes: number;
    /** It was kept anew from what lies on disk; the damaged file is set aside all the same. */
    readonly repaired: boolean;
  }[];
  /** Actions whose kept results are not whole: they run again when they are next wanted. */
  readonly rebuilt: readonly string[];
}

interface Damaged {
  readonly kind: CacheVerifyJson['damaged'][number]['kind'];
  readonly file: StoredFile;
}

/** Reads every blob and every trace again; what is damaged is set aside, and repaired where it can be. */
export async function verifyCache({ storeRoot, dataRoot }: Workspace, signal: AbortSignal): Promise<CacheVerifyJson> {
  const inventory = new Inventory(storeRoot);
  const damaged: Damaged[] = [];
  const setAside = (kind: Damaged['kind'], file: StoredFile): void => {
    if (inventory.setAside(file)) damaged.push({ kind, file });
  };
  const traces = inventory.traces();
  const blobs = inventory.blobs();
  for (const one of traces) if (one.trace === undefined) setAside('trace', one);
  for (const one of inventory.dependencies()) if (!one.whole) setAside('dependencies', one);
  for (const blob of blobs.values()) {
    await nextTurn(); // reading is synchronous, and an interrupt wants to be heard
    signal.throwIfAborted();
    if (isWhole(blob) === false) setAside('blob', blob);
  }
  const roots = [...new Set([dataRoot, ...projectsOf(storeRoot)])];
  const locked = damaged.length === 0 ? [] : roots.flatMap(lockedEntries);
  const known = traces.flatMap(({ trace }) => trace ?? []);
  const repairs = new Repairs(new Store(storeRoot), roots, known, locked);
  // Traces first: each keeps its own blobs anew, and says of others where they lie.
  const order = { trace: 0, dependencies: 1, blob: 2 };
  const told = damaged
    .sort((a, b) => order[a.kind] - order[b.kind])
    .map(({ kind, file: { name, bytes } }) => ({ kind, name, bytes, repaired: repairs.repair(kind, name) }));
  const lost = new Set(told.filter(({ repaired }) => !repaired).map(({ name }) => name));
  const rebuilt = traces.flatMap((one) => {
    if (one.trace === undefined)
      return lost.has(one.name)
        ? locked.filter(({ entry }) => entry.fingerprint === one.name).map(({ action }) => action)
        : [];
    return blobsOf(one).some((name) => lost.has(name) || !blobs.has(name)) ? [one.trace.action] : [];
  });
  return {
    version: 1,
    ok: lost.size === 0,
    blobs: blobs.size,
    traces: traces.length,
    damaged: told,
    rebuilt: [...new Set(rebuilt)].sort(),
  };
}

/** An artifact that may be what a blob was. */
interface Candidate {
  readonly path: string;
  readonly directory: boolean;
  readonly digest: string;
}

class Repairs {
  readonly #store: Store;
  readonly #roots: readonly string[];
  readonly #traces: readonly Trace[];
  readonly #locked: readonly LockedEntry[];

  constructor(store: Store, roots: readonly string[], traces: readonly Trace[], locked: readonly LockedEntry[]) {
    this.#store = store;
    this.#roots = roots;
    this.#traces = traces;
    this.#locked = locked;
  }

  repair(kind: Damaged['kind'], name: string): boolean {
    switch (kind) {
      case 'blob':
        return (
          this.#store.blobs.has(name) || this.#candidates(name).some((candidate) => this.#keep(candidate) === name)
        );
      case 'trace':
        return this.#locked.some((one) => one.entry.fingerprint === name && this.#keepTrace(one));
      case 'dependencies':
        return this.#locked.some(({ entry }) => entry.manifest !== undefined && this.#keepFound(name, entry.manifest));
    }
  }

  /** Where the traces that name a blob say that its artifact lies, in each project. */
  #candidates(blob: string): Candidate[] {
    return this.#traces.flatMap((trace) => {
      const manifest = (trace.manifest ??
        this.#locked.find(({ entry }) => entry.fingerprint === trace.fingerprint)?.entry.manifest) as
        Manifest | undefined;
      return Object.entries(trace.outputs)
        .filter(([, output]) => output.blob === blob)
        .flatMap(([role, { digest }]) => {
          const path = manifest?.outputs[role];
          return path === undefined ? [] : this.#roots.map((root) => candidateAt(root, path, digest));
        });
    });
  }

  /** Keeps an artifact that is what it was; undefined when it is not. */
  #keep({ path, directory, digest }: Candidate): string | undefined {
    if (!existsSync(path) || digestStaged(path) !== digest) return undefined;
    return directory ? this.#store.blobs.putFolder(path) : this.#store.blobs.putFile(path);
  }

  /** A trace anew, from a lockfile that names it and the artifacts that it made. */
  #keepTrace({ dataRoot, action, entry }: LockedEntry): boolean {
    const { manifest, outputs = {}, counts = {}, fingerprint } = entry;
    if (manifest === undefined || entry.trusted === true || !isManifestOf(manifest, fingerprint)) return false;
    const kept = Object.entries(manifest.outputs).map(([role, path]) => {
      const digest = outputs[role];
      const blob = digest && this.#keep(candidateAt(dataRoot, path, digest));
      return digest !== undefined && blob !== undefined ? ([role, { digest, blob }] as const) : undefined;
    });
    const whole = kept.filter((one) => one !== undefined);
    if (whole.length < kept.length) return false;
    this.#store.keep({ fingerprint, action, outputs: Object.fromEntries(whole), counts, seconds: 0, manifest });
    return true;
  }

  #keepFound(base: string, manifest: Manifest): boolean {
    const found = Object.keys(manifest.found);
    if (found.length === 0 || !isManifestOf({ ...manifest, found: {} }, base)) return false;
    this.#store.keepDependencies(base, found);
    return true;
  }
}

function candidateAt(dataRoot: string, path: string, digest: string): Candidate {
  return { path: join(dataRoot, path), directory: path.endsWith('/'), digest };
}

function isManifestOf(manifest: Manifest, fingerprint: string): boolean {
  try {
    return fingerprintOf(manifest) === fingerprint;
  } catch {
    return false; // a lockfile is a text that people merge
  }
}
