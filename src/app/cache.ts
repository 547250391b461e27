// Cares for the store: what is in it and what may go. Nothing that a lockfile of a project that uses it
// names is ever collected. A trace goes before its blobs, so that none promises what is gone.
import { join } from 'node:path';
import { takeMutex } from '../disk/lock.js';
import { Inventory, type StoredFile, type StoredTrace } from '../store/inventory.js';
import { projectsOf } from '../store/projects.js';
import { buildingSinceMs, lockedActions } from './locked.js';
import { makeStateRoot, type Workspace } from './workspace.js';

const dayMs = 24 * 60 * 60 * 1000;
/** Times of files come from several clocks of one machine, which are nearly the same. */
const clockTickMs = 1000;

export interface CacheStats {
  readonly version: 1;
  readonly store: string;
  /** All bytes of the store: blobs, traces, and what was set aside. */
  readonly bytes: number;
  readonly blobs: number;
  readonly blob_bytes: number;
  readonly traces: number;
  /** What the lockfiles of this project name; `missing` of it could not be restored. */
  readonly locked: {
    readonly traces: number;
    readonly blobs: number;
    readonly bytes: number;
    readonly missing: number;
  };
  /** Blobs that no trace names. */
  readonly unnamed: { readonly blobs: number; readonly bytes: number };
  readonly damaged_traces: number;
  readonly set_aside: { readonly files: number; readonly bytes: number };
  /** Bytes that each rule's traces name; a blob of two rules counts for both. */
  readonly by_rule: Readonly<Record<string, { readonly traces: number; readonly bytes: number }>>;
}

export function cacheStats({ storeRoot, dataRoot }: Workspace): CacheStats {
  const inventory = new Inventory(storeRoot);
  const [blobs, traces, corrupt] = [inventory.blobs(), inventory.traces(), inventory.corrupt()];
  const locked = lockedActions(dataRoot);
  const lockedTraces = traces.filter(({ name, trace }) => trace !== undefined && locked.has(name));
  const lockedBlobs = new Set(lockedTraces.flatMap(blobsOf));
  const complete = lockedTraces.filter((trace) => blobsOf(trace).every((name) => blobs.has(name)));
  const named = new Set(traces.flatMap(blobsOf));
  const unnamed = [...blobs.values()].filter(({ name }) => !named.has(name));
  const rules = new Map<string, StoredTrace[]>();
  for (const one of traces) {
    if (one.trace === undefined) continue;
    const rule = one.trace.action.split('@')[0]!;
    rules.set(rule, [...(rules.get(rule) ?? []), one]);
  }
  const bytesOf = (names: Iterable<string>): number => total([...names].flatMap((name) => blobs.get(name) ?? []));
  const blobBytes = total(blobs.values());
  return {
    version: 1,
    store: storeRoot,
    bytes: blobBytes + total(traces) + total(inventory.dependencies()) + total(corrupt),
    blobs: blobs.size,
    blob_bytes: blobBytes,
    traces: traces.length,
    locked: {
      traces: lockedTraces.length,
      blobs: lockedBlobs.size,
      bytes: bytesOf(lockedBlobs),
      missing: locked.size - complete.length,
    },
    unnamed: { blobs: unnamed.length, bytes: total(unnamed) },
    damaged_traces: traces.filter(({ trace }) => trace === undefined).length,
    set_aside: { files: corrupt.length, bytes: total(corrupt) },
    by_rule: Object.fromEntries(
      [...rules]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([rule, ones]) => [rule, { traces: ones.length, bytes: bytesOf(new Set(ones.flatMap(blobsOf))) }]),
    ),
  };
}

export interface Limits {
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
}

export interface Removal {
  readonly kind: 'trace' | 'blob' | 'set-aside';
  readonly name: string;
  /** The action that made it, where that is known. */
  readonly action: string | null;
  /** Bytes that become free with it. */
  readonly bytes: number;
  readonly reason: string;
}

export interface CollectJson {
  readonly version: 1;
  readonly dry_run: boolean;
  readonly removed: readonly Removal[];
  readonly freed_bytes: number;
  readonly kept_bytes: number;
  /** Set when what lockfiles name alone is more than --max-bytes. */
  readonly over_by_bytes: number;
}

/**
 * Removes what no lockfile names, of this project or of another that uses the store: of old use (`maxAgeMs`), then the least recently
 * used until `maxBytes` fit; and always blobs that nothing names. `dryRun` only says what would go.
 */
export async function collectCache(
  workspace: Workspace,
  limits: Limits,
  {
    dryRun,
    signal,
    onWait,
  }: { readonly dryRun: boolean; readonly signal: AbortSignal; readonly onWait: (holder: string) => void },
): Promise<CollectJson> {
  if (dryRun) return collect(workspace, limits, { dryRun });
  makeStateRoot(workspace);
  const mutex = await takeMutex(join(workspace.stateRoot, 'lock'), { signal, onWait });
  try {
    return collect(workspace, limits, { dryRun });
  } finally {
    mutex.release();
  }
}

function collect(
  { storeRoot, dataRoot }: Workspace,
  { maxBytes, maxAgeMs }: Limits,
  { dryRun }: { readonly dryRun: boolean },
): CollectJson {
  const inventory = new Inventory(storeRoot);
  const now = Date.now();
  const blobs = inventory.blobs();
  // What another project's build keeps from now on is not listed, or touched and so left alone.
  const traces = inventory.traces().map((one) => ({ ...one, lastUseMs: lastUse(one, blobs) }));
  // In this order: what is listed is in a lockfile by now, or of a build that is not over.
  const roots = [...new Set([dataRoot, ...projectsOf(storeRoot)])];
  const busySinceMs = Math.min(...roots.filter((root) => root !== dataRoot).map(buildingSinceMs)) - clockTickMs;
  const locked = new Set(roots.flatMap((root) => [...lockedActions(root).keys()]));
  const users = new Map<string, number>();
  for (const one of traces) for (const name of blobsOf(one)) users.set(name, (users.get(name) ?? 0) + 1);
  const setAside = inventory.corrupt();
  let bytes = total(blobs.values()) + total(traces) + total(inventory.dependencies()) + total(setAside);
  const removed: Removal[] = [];
  const remove = (file: StoredFile): number => (dryRun || inventory.remove(file) ? file.bytes : 0);
  const note = (removal: Removal): void => {
    bytes -= removal.bytes;
    removed.push(removal);
  };
  const removeTrace = (one: (typeof traces)[number], reason: string): void => {
    let freed = remove(one);
    if (freed === 0) return; // used or gone since
    for (const name of blobsOf(one)) {
      const left = users.get(name)! - 1;
      users.set(name, left);
      const blob = blobs.get(name);
      if (left === 0 && blob !== undefined) freed += remove(blob);
    }
    note({ kind: 'trace', name: one.name, action: one.trace?.action ?? null, bytes: freed, reason });
  };
  const removeFile = (kind: Removal['kind'], file: StoredFile, reason: string): void => {
    const freed = remove(file);
    if (freed > 0 || file.bytes === 0) note({ kind, name: file.name, action: null, bytes: freed, reason });
  };

  for (const blob of blobs.values()) {
    // A build keeps blobs before the trace that names them: a young one may be of a build under way.
    if (!users.has(blob.name) && now - blob.usedMs > dayMs) removeFile('blob', blob, 'no trace names it');
  }
  const free = traces
    .filter(({ name, lastUseMs }) => !locked.has(name) && lastUseMs < busySinceMs)
    .sort((a, b) => a.lastUseMs - b.lastUseMs || (a.name < b.name ? -1 : 1));
  const aged = (usedMs: number): boolean => maxAgeMs !== undefined && now - usedMs > maxAgeMs;
  const notUsed = (usedMs: number): string => `not used for ${describeAge(now - usedMs)}`;
  const over = (): boolean => maxBytes !== undefined && bytes > maxBytes;
  for (const file of setAside) {
    if (aged(file.usedMs)) removeFile('set-aside', file, `damaged, ${notUsed(file.usedMs)}`);
    else if (over()) removeFile('set-aside', file, 'damaged, and room is needed');
  }
  for (const one of free) {
    if (aged(one.lastUseMs)) removeTrace(one, notUsed(one.lastUseMs));
    else if (over())
      removeTrace(one, `least recently used (${describeAge(now - one.lastUseMs)} ago), and room is needed`);
  }
  return {
    version: 1,
    dry_run: dryRun,
    removed,
    freed_bytes: removed.reduce((sum, one) => sum + one.bytes, 0),
    kept_bytes: bytes,
    over_by_bytes: maxBytes === undefined ? 0 : Math.max(0, bytes - maxBytes),
  };
}

/** 90 min, 5 h, 31 days. */
function describeAge(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / (24 * 60))} days`;
}

/** The blobs that a trace names, each once. */
export function blobsOf({ trace }: StoredTrace): string[] {
  return trace === undefined ? [] : [...new Set(Object.values(trace.outputs).map(({ blob }) => blob))];
}

function lastUse(one: StoredTrace, blobs: ReadonlyMap<string, StoredFile>): number {
  return Math.max(one.usedMs, ...blobsOf(one).map((name) => blobs.get(name)?.usedMs ?? 0));
}

function total(files: Iterable<StoredFile>): number {
  let bytes = 0;
  for (const file of files) bytes += file.bytes;
  return bytes;
}
