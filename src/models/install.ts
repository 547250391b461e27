// Puts a model's files in place: finds them in models/ or SA_MODELS, else makes or fetches them,
// checks length and digest, and renames them into models/. Nothing unchecked ever has the final
// name, so two processes may install the same file at once.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { problem } from '../base/problem.js';
import { flushDirectory, flushFile } from '../disk/atomic.js';
import { sha256File } from '../hash/sha256.js';
import { archiveOf, Fetcher, sourceWords } from './fetch.js';
import { applyPatch } from './patch.js';
import type { FileEntry, ModelEntry, Registry } from './registry.js';
import { acceptedTerms, requireTerms } from './terms.js';

/** What an installation tells whoever watches; `licence` comes once for each model it brought in. */
export type ModelEvent =
  | {
      readonly kind: 'fetching';
      readonly file: string;
      readonly from: string;
      readonly done: number;
      readonly total: number | undefined;
    }
  /** A source gave nothing; the next one is asked. */
  | { readonly kind: 'unavailable'; readonly file: string; readonly from: string; readonly reason: string }
  | { readonly kind: 'installed'; readonly file: string; readonly from: string; readonly bytes: number }
  | {
      readonly kind: 'licence';
      readonly model: string;
      readonly licence: string;
      readonly training: string;
      readonly source: string;
    };

export interface InstallOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ModelEvent) => void;
  /** Ask nobody: use what is there, and make what can be made of it. Default: SA_OFFLINE is 1. */
  readonly offline?: boolean;
}

/** Where a file of a model stands. */
export type FileState =
  | { readonly kind: 'installed'; readonly path: string }
  /** A file of the right name with other bytes; `sha256` is empty when its length is wrong already. */
  | { readonly kind: 'altered'; readonly path: string; readonly bytes: number; readonly sha256: string }
  | { readonly kind: 'missing' };

/** A scratch folder older than this was left behind by a process that was killed. */
const abandonedMs = 24 * 3600 * 1000;

/** Looks for a file in models/, then in SA_MODELS. `fresh` reads it again even if its stamp is known. */
export function fileState(registry: Registry, file: FileEntry, fresh = false): FileState {
  let altered: FileState | undefined;
  for (const folder of registry.folders) {
    const path = join(folder, file.file);
    const facts = registry.memo.factsOf(path, { bytes: file.bytes, fresh });
    if (facts?.sha256 === file.sha256) return { kind: 'installed', path };
    if (facts !== undefined && folder === registry.modelsFolder) altered = { kind: 'altered', path, ...facts };
  }
  return altered ?? { kind: 'missing' };
}

/** Whether every file of the model is there with the right bytes. */
export function isInstalled(registry: Registry, entry: ModelEntry): boolean {
  return Object.values(entry.files).every((file) => fileState(registry, file).kind === 'installed');
}

/**
 * Absolute path of each part's file, after fetching what is missing into models/. Throws ProblemError
 * when terms are not accepted, when a file in models/ has other bytes than declared, and when a file
 * can be had nowhere: then with its name, its sources and where to put it.
 */
export async function ensureInstalled(
  registry: Registry,
  entry: ModelEntry,
  options: InstallOptions = {},
): Promise<Readonly<Record<string, string>>> {
  requireTerms(registry, entry);
  const there = pathsIfThere(registry, entry);
  if (there !== undefined) return there;
  const wanted = installations.get(registry) ?? new Map<ModelEntry, UnderWay>();
  installations.set(registry, wanted);
  const other = wanted.get(entry);
  if (other === undefined) {
    // One after the other: an archive that one brings in may hold the next one's files.
    const before = Promise.allSettled([...wanted.values()].map(({ made }) => made));
    const made = before.then(() => installMissing(registry, entry, options)).finally(() => wanted.delete(entry));
    wanted.set(entry, { made, signal: options.signal });
    return made;
  }
  try {
    return await other.made;
  } catch (error) {
    if (other.signal?.aborted !== true) throw error;
    // Whoever installed it was stopped, which says nothing of the model.
    options.signal?.throwIfAborted();
    return await ensureInstalled(registry, entry, options);
  }
}

/** An installation that others who want the same model wait for, and whose failure is theirs. */
interface UnderWay {
  readonly made: Promise<Readonly<Record<string, string>>>;
  readonly signal: AbortSignal | undefined;
}

/** Installations of this process, by registry. */
const installations = new WeakMap<Registry, Map<ModelEntry, UnderWay>>();

async function installMissing(
  registry: Registry,
  entry: ModelEntry,
  options: InstallOptions,
): Promise<Readonly<Record<string, string>>> {
  const there = pathsIfThere(registry, entry);
  if (there !== undefined) return there;
  const before = new Set(registry.entries.filter((one) => isInstalled(registry, one)));
  const installation = new Installation(registry, options);
  try {
    for (const file of Object.values(entry.files))
      if (pathIfThere(registry, entry, file) === undefined) await installation.install(entry, file);
  } finally {
    installation.cleanUp();
  }
  // One archive may have brought in several models.
  for (const one of registry.entries) if (!before.has(one) && isInstalled(registry, one)) tellLicence(one, options);
  const paths = pathsIfThere(registry, entry);
  if (paths === undefined) throw new Error(`a file of ${entry.name} went away while it was installed`);
  return paths;
}

function pathsIfThere(registry: Registry, entry: ModelEntry): Readonly<Record<string, string>> | undefined {
  const paths: Record<string, string> = {};
  for (const [part, file] of Object.entries(entry.files)) {
    const path = pathIfThere(registry, entry, file);
    if (path === undefined) return undefined;
    paths[part] = path;
  }
  return paths;
}

function pathIfThere(registry: Registry, entry: ModelEntry, file: FileEntry): string | undefined {
  const state = fileState(registry, file);
  if (state.kind !== 'altered') return state.kind === 'installed' ? state.path : undefined;
  throw problem(
    'model-altered',
    `${shown(registry, state.path)} is not the file that ${registry.file} declares for ${entry.name}: ${difference(file, state)}`,
    `remove it, and it is fetched again; or declare it under a name of its own`,
  );
}

const told = new WeakSet<ModelEntry>();

/** Tells whoever watches, once, what may be done with a model and what it was made of. */
export function tellLicence(entry: ModelEntry, { onEvent }: InstallOptions): void {
  if (onEvent === undefined || told.has(entry)) return;
  told.add(entry);
  const { licence, training, source } = entry.card;
  onEvent({ kind: 'licence', model: entry.name, licence, training, source });
}

/** Both figures, found and declared, of a file that is the wrong one. */
export function difference(
  file: FileEntry,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string },
): string {
  return bytes === file.bytes
    ? `its sha256 is ${sha256}, declared is ${file.sha256}`
    : `it has ${bytes} bytes, declared are ${file.bytes}`;
}

/** A path as people know it: relative inside the project. */
export function shown(registry: Registry, path: string): string {
  const inside = relative(registry.projectRoot, path);
  return inside.startsWith('..') ? path : inside.replaceAll('\\', '/');
}

class Installation {
  readonly #registry: Registry;
  readonly #scratch: string;
  readonly #fetcher: Fetcher;
  readonly #offline: boolean;
  readonly #signal: AbortSignal;
  readonly #onEvent: (event: ModelEvent) => void;

  constructor(registry: Registry, { signal, onEvent, offline }: InstallOptions) {
    this.#registry = registry;
    this.#signal = signal ?? new AbortController().signal;
    this.#onEvent = onEvent ?? (() => undefined);
    this.#offline = offline ?? process.env['SA_OFFLINE'] === '1';
    this.#scratch = join(registry.modelsFolder, `${randomUUID()}.tmp`);
    mkdirSync(this.#scratch, { recursive: true });
    removeAbandoned(registry.modelsFolder);
    this.#fetcher = new Fetcher(this.#scratch);
  }

  cleanUp(): void {
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  async install(entry: ModelEntry, file: FileEntry): Promise<void> {
    const failures: string[] = [];
    const { path, from } = (await this.#obtain(file, failures)) ?? this.#fail(entry, file, failures);
    this.#moveIn(path, file);
    this.#onEvent({ kind: 'installed', file: file.file, from, bytes: file.bytes });
    await this.#emptyArchives();
  }

  /** A checked file in the scratch folder; undefined when every way failed, with a line each in `failures`. */
  async #obtain(file: FileEntry, failures: string[]): Promise<{ path: string; from: string } | undefined> {
    if (file.patch) {
      const path = await this.#patched(file, file.patch, failures);
      if (path !== undefined) return { path, from: file.patch.of.file };
    }
    for (const source of file.sources) {
      const from = sourceWords(source);
      if (this.#offline) {
        failures.push(`${from}: not asked, offline`);
        continue;
      }
      try {
        const path = await this.#fetcher.fetch(source, file.bytes, {
          signal: this.#signal,
          onBytes: (done, total) => this.#onEvent({ kind: 'fetching', file: file.file, from, done, total }),
        });
        check(file, path);
        return { path, from };
      } catch (error) {
        this.#signal.throwIfAborted();
        const reason = error instanceof Error ? error.message : String(error);
        failures.push(`${from}: ${reason}`);
        this.#onEvent({ kind: 'unavailable', file: file.file, from, reason });
      }
    }
    return undefined;
  }

  async #patched(
    file: FileEntry,
    { of, pieces }: NonNullable<FileEntry['patch']>,
    failures: string[],
  ): Promise<string | undefined> {
    const there = fileState(this.#registry, of);
    const original = there.kind === 'installed' ? there.path : (await this.#obtain(of, failures))?.path;
    if (original === undefined) return undefined;
    const path = join(this.#scratch, `patched-${file.file}`);
    writeFileSync(path, applyPatch(readFileSync(original), pieces));
    check(file, path);
    return path;
  }

  #moveIn(path: string, file: FileEntry): void {
    const target = join(this.#registry.modelsFolder, file.file);
    flushFile(path);
    try {
      renameSync(path, target);
    } catch (error) {
      // Windows refuses while another process holds the same file open; it is then already there.
      if (fileState(this.#registry, file).kind !== 'installed') throw error;
    }
    flushDirectory(this.#registry.modelsFolder);
  }

  /** Takes out of the archives at hand what else the registry knows in them, so that none is fetched twice. */
  async #emptyArchives(): Promise<void> {
    const accepted = acceptedTerms(this.#registry.projectRoot);
    for (const { files, terms } of this.#registry.entries) {
      if (terms !== undefined && !accepted.includes(terms)) continue;
      for (const file of Object.values(files)) {
        const source = file.sources.find((one) => archiveOf(one) !== undefined && this.#fetcher.has(one));
        if (source === undefined || fileState(this.#registry, file).kind !== 'missing') continue;
        const path = await this.#fetcher.fetch(source, file.bytes, { signal: this.#signal, onBytes: () => undefined });
        check(file, path);
        this.#moveIn(path, file);
        this.#onEvent({ kind: 'installed', file: file.file, from: sourceWords(source), bytes: file.bytes });
      }
    }
  }

  #fail(entry: ModelEntry, file: FileEntry, failures: readonly string[]): never {
    const wanted = file.patch ? ` (or ${file.patch.of.file}, of which it is made)` : '';
    const lines = [
      ...failures,
      ...(file.sources.length === 0 && !file.patch ? ['it has no public address; it must be brought by hand'] : []),
      `put it${wanted} at ${join(this.#registry.modelsFolder, file.file)}, or name its folder in SA_MODELS`,
      `its sha256 is ${file.sha256}`,
    ];
    const message = `model ${entry.name} needs ${file.file} (${file.bytes} bytes), which is not installed and could not be fetched`;
    throw problem('model-missing', message, lines.join('\n    '));
  }
}

function check(file: FileEntry, path: string): void {
  const { size } = statSync(path);
  const facts = { bytes: size, sha256: size === file.bytes ? sha256File(path) : '' };
  if (facts.sha256 !== file.sha256) throw new Error(difference(file, facts));
}

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!/^[0-9a-f-]{36}\.tmp$/.test(name)) continue;
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && Date.now() - stats.mtimeMs > abandonedMs) rmSync(path, { recursive: true, force: true });
  }
}
