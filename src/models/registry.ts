// The models that sa knows, by name, alias, choice and pack. Reads models.yaml once; what a name
// stands for, a model's card and its digest are then said without touching the disk.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import { sha256 } from '../hash/sha256.js';
import type { DetectorCard, EmbedderCard, ModelCard, ModelPart } from '../stage/model.js';
import type { FileSource, ModelDeclaration, ModelsFile, PartDeclaration, PatchPiece } from './declaration.js';
import { recallDeclaration } from './declaration-memory.js';
import { FileMemo } from './file-memo.js';
import { readModelsLock, type ModelsLock } from './lock.js';

export type ModelRole = ModelCard['role'];
type CardOfRole = { readonly detector: DetectorCard; readonly embedder: EmbedderCard };

/** A file of a model and where it may come from. */
export interface FileEntry {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly sources: readonly FileSource[];
  /** Set when the file is made of another one. */
  readonly patch: { readonly of: FileEntry; readonly pieces: readonly PatchPiece[] } | undefined;
}

/** One model of the registry. */
export interface ModelEntry<C extends ModelCard = ModelCard> {
  readonly name: string;
  readonly role: ModelRole;
  readonly aliases: readonly string[];
  readonly card: C;
  /** By part, in the order of the card's parts. */
  readonly files: Readonly<Record<string, FileEntry>>;
  /** Name of the terms to be accepted before it is used; undefined for most. */
  readonly terms: string | undefined;
}

export interface RegistryOptions {
  /** Folder of pipeline.yaml; its models/ holds the files. */
  readonly projectRoot: string;
  /** Where SA_MODELS is read from; the process's own variables unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The registry of the project's models/models.yaml, or of the one that comes with sa. Throws ProblemError. */
export async function loadRegistry({ projectRoot, env = process.env }: RegistryOptions): Promise<Registry> {
  const own = join(projectRoot, 'models', 'models.yaml');
  const path = existsSync(own) ? own : join(packageRoot(), 'models', 'models.yaml');
  const file = path === own ? 'models/models.yaml' : path;
  const text = await readFile(path, 'utf8');
  const memory = join(projectRoot, '.sa', 'models-registry.json');
  const declared = await recallDeclaration({ text, file, memory });
  return new Registry(resolve(projectRoot), file, declared, env['SA_MODELS'] ?? '');
}

export class Registry {
  readonly projectRoot: string;
  /** Where it was read from, as shown to people. */
  readonly file: string;
  readonly entries: readonly ModelEntry[];
  /** Folders searched for files, models/ first. */
  readonly folders: readonly string[];
  /** Texts of the terms by name. */
  readonly terms: Readonly<Record<string, string>>;
  readonly choices: ModelsFile['choices'];
  readonly packs: ModelsFile['packs'];
  readonly memo: FileMemo;
  /** The project's pins as last read or written. */
  lock: ModelsLock;
  readonly #byWord = new Map<string, ModelEntry>();

  constructor(projectRoot: string, file: string, declared: ModelsFile, searchPath: string) {
    this.projectRoot = projectRoot;
    this.file = file;
    this.terms = declared.terms;
    this.choices = declared.choices;
    this.packs = declared.packs;
    this.folders = [this.modelsFolder, ...searchPath.split(delimiter).filter((folder) => folder !== '')];
    this.lock = readModelsLock(projectRoot);
    this.memo = new FileMemo(join(projectRoot, '.sa', 'model-digests.json'));
    this.entries = declared.models.map((model) => entryOf(model, declared));
    for (const entry of this.entries)
      for (const word of [entry.name, ...entry.aliases]) this.#byWord.set(word.toLowerCase(), entry);
  }

  get modelsFolder(): string {
    return join(this.projectRoot, 'models');
  }

  /**
   * The model that a parameter's value names. A choice (`auto`, `arcface`) is the model that the lock
   * pins, or undefined when none is pinned yet: `pinAuto` then decides. Throws ProblemError for an
   * unknown name, and for a pin that no longer fits.
   */
  resolve<R extends ModelRole>(
    role: R,
    value: string,
    { lock = this.lock }: { readonly lock?: ModelsLock } = {},
  ): ModelEntry<CardOfRole[R]> | undefined {
    if (Object.hasOwn(this.choices[role], value)) {
      const pinned = lock[role][value];
      return pinned === undefined ? undefined : this.#pinned(role, value, pinned);
    }
    const entry = this.#byWord.get(value.toLowerCase());
    if (entry !== undefined && isOfRole(entry, role)) return entry;
    const message = entry
      ? `${quote(value)} is an ${entry.role}, not a ${role}`
      : `there is no ${role} ${quote(value)}`;
    throw problem(
      'unknown-model',
      message.replace('an detector', 'a detector').replace('a embedder', 'an embedder'),
      didYouMean(value, this.words(role)),
    );
  }

  /** Every word that names a model of this role, for hints and completion. */
  words(role: ModelRole): string[] {
    const own = this.entries.filter((entry) => entry.role === role);
    return [...Object.keys(this.choices[role]), ...own.flatMap(({ name, aliases }) => [name, ...aliases])];
  }

  /** The models that a name, an alias or a pack stands for. Throws ProblemError when it stands for none. */
  named(word: string): readonly ModelEntry[] {
    const pack = Object.hasOwn(this.packs, word) ? this.packs[word] : undefined;
    const found = (pack ?? [word]).map((name) => this.#byWord.get(name.toLowerCase()));
    const entries = found.filter((entry) => entry !== undefined);
    if (entries.length > 0) return entries;
    const known = [...Object.keys(this.packs), ...this.words('detector'), ...this.words('embedder')];
    throw problem('unknown-model', `there is no model ${quote(word)}`, didYouMean(word, known));
  }

  #pinned<R extends ModelRole>(role: R, value: string, name: string): ModelEntry<CardOfRole[R]> {
    const entry = this.entries.find((one) => one.name === name);
    if (entry !== undefined && isOfRole(entry, role)) return entry;
    const hint = `remove that line, and the next build chooses again`;
    throw problem(
      'stale-models-lock',
      `models/models.lock has ${quote(name)} for ${role} "${value}", which is not in ${this.file}`,
      hint,
    );
  }
}

/** The card that stages see. */
export function cardOf<C extends ModelCard>(entry: ModelEntry<C>): C {
  return entry.card;
}

/**
 * Hex digest of all that decides what a model computes: the bytes of its files and every field of
 * its card but licence, training and source, which change no number.
 */
export function modelDigest({ card }: ModelEntry): string {
  // The files' own names change nothing either.
  const words = new Set(['licence', 'training', 'source', 'file']);
  const facts = JSON.stringify(card, (key, value: unknown) => (words.has(key) ? undefined : value));
  return sha256(canonicalJson(JSON.parse(facts) as Json));
}

function isOfRole<R extends ModelRole>(entry: ModelEntry, role: R): entry is ModelEntry<CardOfRole[R]> {
  return entry.role === role;
}

function entryOf(model: ModelDeclaration, { models }: ModelsFile): ModelEntry {
  const fileOf = (part: PartDeclaration): FileEntry => {
    const base = part.patch && models.find(({ name }) => name === part.patch?.model)?.parts[part.patch.part];
    const { file, bytes, sha256: digest, sources } = part;
    return {
      file,
      bytes,
      sha256: digest,
      sources,
      patch: part.patch && base && { of: fileOf(base), pieces: part.patch.pieces },
    };
  };
  const files = Object.fromEntries(Object.entries(model.parts).map(([name, part]) => [name, fileOf(part)]));
  return {
    name: model.name,
    role: model.role,
    aliases: model.aliases,
    card: cardFrom(model),
    files,
    terms: model.terms,
  };
}

function cardFrom(model: ModelDeclaration): ModelCard {
  const parts: Record<string, ModelPart> = {};
  for (const [name, { file, bytes, sha256: digest, inputs, outputs, pixels, batch_max: batchMax }] of Object.entries(
    model.parts,
  ))
    parts[name] = { file, bytes, sha256: digest, inputs, outputs, pixels, batchMax };
  const { name, licence, training, source } = model;
  const shared = { name, licence, training, source, parts };
  if (model.role === 'embedder') {
    const { dim, crop_size: cropSize, template, calibration } = model;
    return { ...shared, role: 'embedder', dim, cropSize, template, calibration };
  }
  const { kind, resize, input_size: inputSize, score_threshold: scoreThreshold, nms_threshold: nmsThreshold } = model;
  const scoreMap = model.score_map === undefined ? {} : { scoreMap: model.score_map };
  return { ...shared, role: 'detector', kind, resize, inputSize, scoreThreshold, nmsThreshold, ...scoreMap };
}

/** The folder of sa's own package.json, from src/models as from dist/src/models. */
function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = parent;
  }
  return folder;
}
