// What `sa models list` and `verify` show: plain data, ready to be JSON.
import { sourceWords } from './fetch.js';
import { difference, fileState, shown } from './install.js';
import { readModelsLock } from './lock.js';
import type { FileEntry, ModelEntry, ModelRole, Registry } from './registry.js';
import { acceptedTerms } from './terms.js';

interface ListedFile {
  readonly part: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly state: 'installed' | 'altered' | 'missing';
  /** Where it lies, relative to the project where it is inside; null when it is missing. */
  readonly where: string | null;
  /** Where it can be had, in order; empty for a file without a public address. */
  readonly sources: readonly string[];
}

export interface ListedModel {
  readonly name: string;
  readonly role: ModelRole;
  readonly aliases: readonly string[];
  /** `detector auto` and the like: the choices that models.lock pins to it. */
  readonly chosen_as: readonly string[];
  readonly licence: string;
  readonly training: string;
  readonly source: string;
  readonly terms: { readonly name: string; readonly text: string; readonly accepted: boolean } | null;
  readonly installed: boolean;
  /** Whether every missing file has a source, or can be made of one that has. */
  readonly obtainable: boolean;
  readonly files: readonly ListedFile[];
}

/** Every model of the registry in its order. */
export function listModels(registry: Registry): readonly ListedModel[] {
  const lock = readModelsLock(registry.projectRoot);
  const accepted = acceptedTerms(registry.projectRoot);
  return registry.entries.map((entry) => {
    const files = Object.entries(entry.files).map(([part, file]) => listedFile(registry, part, file));
    const { name, role, aliases, terms, card } = entry;
    return {
      name,
      role,
      aliases,
      chosen_as: Object.keys(lock[role])
        .filter((choice) => lock[role][choice] === name)
        .map((choice) => `${role} ${choice}`),
      licence: card.licence,
      training: card.training,
      source: card.source,
      terms:
        terms === undefined
          ? null
          : { name: terms, text: registry.terms[terms] ?? '', accepted: accepted.includes(terms) },
      installed: files.every(({ state }) => state === 'installed'),
      obtainable: files.every(({ state, sources }) => state === 'installed' || sources.length > 0),
      files,
    };
  });
}

interface VerifiedFile {
  readonly model: string;
  readonly file: string;
  readonly state: 'ok' | 'altered' | 'missing';
  /** What is wrong, in words; null when nothing is. */
  readonly fault: string | null;
}

export interface ModelsVerification {
  readonly version: 1;
  /** No file has other bytes than declared, and every model that models.lock pins or that was named is there. */
  readonly ok: boolean;
  readonly files: readonly VerifiedFile[];
}

/** Reads every installed file again and compares its digest. `words`: names, aliases or packs; all models when empty. */
export function verifyModels(registry: Registry, words: readonly string[] = []): ModelsVerification {
  const lock = readModelsLock(registry.projectRoot);
  const pinned = new Set([...Object.values(lock.detector), ...Object.values(lock.embedder)]);
  const entries = words.length === 0 ? registry.entries : words.flatMap((word) => registry.named(word));
  const checked = entries.map((entry) => ({
    needed: words.length > 0 || pinned.has(entry.name),
    files: verified(registry, entry),
  }));
  const ok = checked.every(({ needed, files }) =>
    files.every(({ state }) => state === 'ok' || (state === 'missing' && !needed)),
  );
  const unknown = [...pinned].filter((name) => !registry.entries.some((entry) => entry.name === name));
  const lost = unknown.map((model): VerifiedFile => ({
    model,
    file: '',
    state: 'missing',
    fault: `models.lock pins it, and ${registry.file} does not have it`,
  }));
  return { version: 1, ok: ok && lost.length === 0, files: [...checked.flatMap(({ files }) => files), ...lost] };
}

function listedFile(registry: Registry, part: string, file: FileEntry): ListedFile {
  const state = fileState(registry, file);
  const sources = file.sources.map(sourceWords);
  const made = file.patch?.of.sources.map((source) => `${sourceWords(source)}, patched`) ?? [];
  return {
    part,
    file: file.file,
    bytes: file.bytes,
    sha256: file.sha256,
    state: state.kind,
    where: state.kind === 'missing' ? null : shown(registry, state.path),
    sources: [...made, ...sources],
  };
}

function verified(registry: Registry, entry: ModelEntry): readonly VerifiedFile[] {
  return Object.values(entry.files).map((file) => {
    const state = fileState(registry, file, true);
    const of = { model: entry.name, file: file.file };
    if (state.kind === 'installed') return { ...of, state: 'ok', fault: null };
    if (state.kind === 'missing') return { ...of, state: 'missing', fault: 'not installed' };
    return { ...of, state: 'altered', fault: difference(file, state) };
  });
}
