// manifests/{ep}/sa.lock: for each rule the manifest that built its outputs and their digests.
// Sorted keys, no times, no machine: two builds of the same thing write the same bytes.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { asJson } from '../base/canonical-json.js';
import { problem } from '../base/problem.js';
import { writeAtomic } from '../disk/atomic.js';
import { isQuiet, look, type Sighting } from '../disk/sighting.js';
import { digestBytes, type ContentDigest } from '../hash/xxh64.js';
import { LockText } from './lock-text.js';
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

const version = 1;

/** Path of the lockfile of an episode, or of the rules made once, relative to the data root. */
export function lockfilePath(ep: string | undefined): string {
  return ep === undefined ? 'manifests/sa.lock' : `manifests/${ep}/sa.lock`;
}

/** How a lockfile looked just before it was read, or just after it was written. */
export interface SeenLockfile {
  readonly ep: string | undefined;
  readonly seen: Sighting;
  /** A later look that is the same, quietly, vouches for the bytes: it was written by us, or quiet when it was read. */
  readonly vouches: boolean;
  /** undefined when there was none, and of one too large to be hashed by the way. */
  readonly digest: ContentDigest | undefined;
}

const hashedMax = 4 * 1024 * 1024;

interface OpenLockfile {
  readonly text: LockText;
  /** Entries that were looked at; undefined for one that is not there or makes no sense. */
  readonly entries: Map<string, LockEntry | undefined>;
  changed: boolean;
  seen: Omit<SeenLockfile, 'ep'>;
}

/** Of a build's time, about one part in so many goes into writing lockfiles, however large they are. */
const timeBetweenSaves = 10;

export class Lockfiles {
  readonly #root: string;
  readonly #known: boolean;
  readonly #open = new Map<string | undefined, OpenLockfile>();
  #nextSaveMs = 0;

  /** `known`: the lockfiles are known to be as sa left them, and need not be read whole. */
  constructor(dataRoot: string, { known }: { readonly known: boolean } = { known: false }) {
    this.#root = dataRoot;
    this.#known = known;
  }

  get(ep: string | undefined, rule: string): LockEntry | undefined {
    const lockfile = this.#lockfile(ep);
    if (!lockfile.entries.has(rule)) lockfile.entries.set(rule, readEntry(lockfile.text.get(rule)));
    return lockfile.entries.get(rule);
  }

  set(ep: string | undefined, rule: string, entry: LockEntry): void {
    const lockfile = this.#lockfile(ep);
    lockfile.entries.set(rule, entry);
    lockfile.text.set(rule, asJson(entry));
    lockfile.changed = true;
  }

  /** Forgets entries of rules that the pipeline no longer has. */
  keepOnly(ep: string | undefined, rules: ReadonlySet<string>): void {
    const lockfile = this.#lockfile(ep);
    for (const rule of [...lockfile.text.names()]) {
      if (rules.has(rule)) continue;
      lockfile.entries.delete(rule);
      lockfile.text.delete(rule);
      lockfile.changed = true;
    }
  }

  /** Whether an entry is of a rule that the pipeline no longer has. */
  holdsOthers(ep: string | undefined, rules: ReadonlySet<string>): boolean {
    for (const rule of this.#lockfile(ep).text.names()) if (!rules.has(rule)) return true;
    return false;
  }

  /**
   * Writes what changed, unless that was done just now: what is then not yet recorded is in the store,
   * from which a build that is killed before the next write restores it.
   */
  saveSoon(): void {
    if (performance.now() < this.#nextSaveMs) return;
    const started = performance.now();
    this.save({ durable: false });
    const ended = performance.now();
    this.#nextSaveMs = ended + timeBetweenSaves * (ended - started);
  }

  /** Writes every lockfile that changed; one without entries is removed, as a clean build has none. */
  save({ durable }: { readonly durable: boolean } = { durable: true }): void {
    for (const [ep, lockfile] of this.#open) {
      if (!lockfile.changed) continue;
      const absolute = join(this.#root, lockfilePath(ep));
      const bytes = lockfile.text.toBuffer();
      if (bytes === undefined) rmSync(absolute, { force: true });
      else writeAtomic(absolute, bytes, { durable });
      lockfile.seen = { seen: look(absolute), vouches: true, digest: bytes && digestByTheWay(bytes) };
      lockfile.changed = false;
    }
  }

  /** Every lockfile that was read or written, as it then looked. */
  seen(): readonly SeenLockfile[] {
    return [...this.#open].map(([ep, { seen }]) => ({ ep, ...seen }));
  }

  #lockfile(ep: string | undefined): OpenLockfile {
    let lockfile = this.#open.get(ep);
    if (lockfile === undefined) {
      const absolute = join(this.#root, lockfilePath(ep));
      const nowMs = Date.now();
      const seen = look(absolute);
      const bytes = readBytes(absolute);
      lockfile = {
        text: bytes === undefined ? LockText.empty() : readText(bytes, lockfilePath(ep), this.#known),
        entries: new Map(),
        changed: false,
        seen: { seen, vouches: isQuiet(seen, nowMs), digest: bytes && digestByTheWay(bytes) },
      };
      this.#open.set(ep, lockfile);
    }
    return lockfile;
  }
}

function digestByTheWay(bytes: Buffer): ContentDigest | undefined {
  return bytes.length <= hashedMax ? digestBytes(bytes) : undefined;
}

function readBytes(absolute: string): Buffer | undefined {
  try {
    return readFileSync(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

// A damaged lockfile is as good as none: everything in it can be restored from the store, and the
// next build writes it whole. One from a newer version is not ours to overwrite.
function readText(bytes: Buffer, shown: string, known: boolean): LockText {
  const written = LockText.of(bytes, { known });
  if (written !== undefined) return written;
  const text = LockText.empty();
  let document: { version?: unknown; actions?: unknown } | null;
  try {
    document = JSON.parse(bytes.toString('utf8')) as typeof document;
  } catch {
    return text;
  }
  if (typeof document?.version === 'number' && document.version > version) {
    throw problem(
      'lockfile-version',
      `${shown} has version ${document.version}; this sa knows ${version}`,
      'update sa, or delete the file to build anew',
    );
  }
  if (isRecord(document?.actions))
    for (const [name, entry] of Object.entries(document.actions)) if (isEntry(entry)) setIfSane(text, name, entry);
  return text;
}

// Nothing that sa wrote is nested so deep that it cannot be written again.
function setIfSane(text: LockText, name: string, entry: LockEntry): void {
  try {
    text.set(name, asJson(entry));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
}

function readEntry(text: string | undefined): LockEntry | undefined {
  if (text === undefined) return undefined;
  try {
    const entry: unknown = JSON.parse(text);
    return isEntry(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(entry: unknown): entry is LockEntry {
  if (!isRecord(entry) || typeof entry['fingerprint'] !== 'string') return false;
  return isRecord(entry['manifest']) && isRecord(entry['outputs']) && isRecord(entry['counts']);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
