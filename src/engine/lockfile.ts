// manifests/{ep}/sa.lock: for each rule the manifest that built its outputs and their digests.
// Sorted keys, no times, no machine: two builds of the same thing write the same bytes.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJsonPretty, type Json } from '../base/canonical-json.js';
import { problem } from '../base/problem.js';
import { writeAtomic } from '../disk/atomic.js';
import type { ContentDigest } from '../hash/xxh64.js';
import type { Manifest } from './manifest.js';

export interface LockEntry {
  readonly fingerprint: string;
  readonly manifest: Manifest;
  readonly outputs: Readonly<Record<string, ContentDigest>>;
  /** What the stage counted: detections_count, tracks_count, ... */
  readonly counts: Readonly<Record<string, number>>;
  /** A person vouched for the outputs with --trust; nothing built them from this manifest. */
  readonly trusted?: true;
}

type Entries = Readonly<Record<string, LockEntry>>;

const version = 1;

/** Path of the lockfile of an episode, or of the rules made once, relative to the data root. */
export function lockfilePath(ep: string | undefined): string {
  return ep === undefined ? 'manifests/sa.lock' : `manifests/${ep}/sa.lock`;
}

export class Lockfiles {
  readonly #root: string;
  readonly #open = new Map<string | undefined, { entries: Map<string, LockEntry>; changed: boolean }>();

  constructor(dataRoot: string) {
    this.#root = dataRoot;
  }

  get(ep: string | undefined, rule: string): LockEntry | undefined {
    return this.#lockfile(ep).entries.get(rule);
  }

  set(ep: string | undefined, rule: string, entry: LockEntry): void {
    const lockfile = this.#lockfile(ep);
    lockfile.entries.set(rule, entry);
    lockfile.changed = true;
  }

  /** Forgets entries of rules that the pipeline no longer has. */
  keepOnly(ep: string | undefined, rules: ReadonlySet<string>): void {
    const lockfile = this.#lockfile(ep);
    for (const rule of lockfile.entries.keys()) {
      if (rules.has(rule)) continue;
      lockfile.entries.delete(rule);
      lockfile.changed = true;
    }
  }

  /** Whether an entry is of a rule that the pipeline no longer has. */
  holdsOthers(ep: string | undefined, rules: ReadonlySet<string>): boolean {
    return [...this.#lockfile(ep).entries.keys()].some((rule) => !rules.has(rule));
  }

  /** Writes every lockfile that changed; one without entries is removed, as a clean build has none. */
  save(): void {
    for (const [ep, lockfile] of this.#open) {
      if (!lockfile.changed) continue;
      const absolute = join(this.#root, lockfilePath(ep));
      const actions = Object.fromEntries(lockfile.entries);
      if (lockfile.entries.size === 0) rmSync(absolute, { force: true });
      else writeAtomic(absolute, canonicalJsonPretty({ version, actions } as unknown as Json));
      lockfile.changed = false;
    }
  }

  #lockfile(ep: string | undefined): { entries: Map<string, LockEntry>; changed: boolean } {
    let lockfile = this.#open.get(ep);
    if (lockfile === undefined) {
      lockfile = { entries: readEntries(join(this.#root, lockfilePath(ep)), lockfilePath(ep)), changed: false };
      this.#open.set(ep, lockfile);
    }
    return lockfile;
  }
}

// A damaged lockfile is as good as none: everything in it can be restored from the store, and the
// next build writes it whole. One from a newer version is not ours to overwrite.
function readEntries(absolute: string, shown: string): Map<string, LockEntry> {
  let text: string;
  try {
    text = readFileSync(absolute, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return new Map();
    throw error;
  }
  let document: { version?: unknown; actions?: Entries } | null;
  try {
    document = JSON.parse(text) as typeof document;
  } catch {
    return new Map();
  }
  if (typeof document?.version === 'number' && document.version > version) {
    throw problem(
      'lockfile-version',
      `${shown} has version ${document.version}; this sa knows ${version}`,
      'update sa, or delete the file to build anew',
    );
  }
  const entries = Object.entries(document?.actions ?? {}).filter(([, entry]) => isEntry(entry));
  return new Map(entries);
}

function isEntry(entry: unknown): boolean {
  if (!isRecord(entry) || typeof entry['fingerprint'] !== 'string') return false;
  return isRecord(entry['manifest']) && isRecord(entry['outputs']) && isRecord(entry['counts']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
