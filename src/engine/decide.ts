// Decides whether an action must run. Every caller (build, dry run, verify, explain) comes through
// here, so they cannot disagree. It reads through the digests, lockfiles and store it is handed and
// changes none of them.
import { asJson, isSameJson } from '../base/canonical-json.js';
import type { FileDigests } from '../disk/file-digests.js';
import type { Action, ActionInput } from '../graph/graph.js';
import type { ContentDigest } from '../hash/xxh64.js';
import type { Store, Trace } from '../store/store.js';
import type { LockEntry, Lockfiles } from './lockfile.js';
import { fingerprintOf, writeManifest, type KnownFacts, type Manifest, type ManifestCode } from './manifest.js';
import { compareManifests, type PartialManifest, type Reason } from './reasons.js';

export type Verdict =
  /** `unrecorded`: the lockfile is to say something else of it (who vouches, where an input lies), nothing is to be made. */
  | { readonly kind: 'fresh'; readonly entry: LockEntry; readonly unrecorded: boolean }
  | { readonly kind: 'restore'; readonly entry: LockEntry; readonly trace: Trace; readonly reasons: readonly Reason[] }
  | {
      readonly kind: 'run';
      readonly manifest: Manifest;
      readonly fingerprint: string;
      readonly reasons: readonly Reason[];
    }
  /** An input must be made first; whether this one must run shows then. */
  | { readonly kind: 'later'; readonly reasons: readonly Reason[]; readonly waitsFor: readonly string[] };

/** What an action is judged by. */
export interface World {
  readonly digests: FileDigests;
  readonly lockfiles: Lockfiles;
  /** undefined with --no-cache: nothing is restored. */
  readonly store: Store | undefined;
  factsOf(action: Action): KnownFacts;
  /** The code as it is on disk at this moment, whatever it was when the action was judged. */
  codeNow(action: Action): ManifestCode;
  /** Digest of a file that a depfile named. */
  digestOfFound(path: string): ContentDigest | undefined;
  readonly forced: ReadonlySet<string>;
  readonly trusted: ReadonlySet<string>;
  /** Digests of what actions make that are known to be fresh and are not judged; by path. */
  readonly settled?: ReadonlyMap<string, ContentDigest> | undefined;
  /** Outputs and user inputs may be absent: their recorded digests stand in (verify --allow-missing). */
  readonly allowMissing: boolean;
}

/** A user's file that an action needs and that is not there. */
export interface MissingInput {
  readonly action: Action;
  readonly input: ActionInput;
}

/** The verdict on `action`, given those on the actions before it; or the input that is missing. */
export function decide(action: Action, before: ReadonlyMap<Action, Verdict>, world: World): Verdict | MissingInput {
  const { ep, rule } = action;
  const entry = world.lockfiles.get(ep, rule.name);
  const facts = world.factsOf(action);
  const digestOf = (input: ActionInput): ContentDigest | null | undefined => inputDigest(input, entry, before, world);

  for (const input of action.inputs) {
    if (input.madeBy === undefined && digestOf(input) === undefined) return { action, input };
  }
  const found = (base: Manifest): Readonly<Record<string, string>> => foundDigests(action, base, entry, world);
  const manifest = withFound(writeManifest(action, facts, digestOf), found);
  if (manifest === undefined) return later(action, facts, entry, digestOf);

  const fingerprint = fingerprintOf(manifest);
  const outputs = Object.entries(action.outputs).map(([role, path]) => ({
    role,
    path,
    digest: world.digests.digestOf(path),
  }));
  const reasons = reasonsOf({ action, entry, manifest, fingerprint, outputs, world });
  if (reasons.length === 0) {
    // A fingerprint knows inputs by role and digest alone; where they lie is kept for people.
    const moved = !isSameJson(asJson(entry!.manifest), asJson(manifest));
    return { kind: 'fresh', entry: moved ? { ...entry!, manifest } : entry!, unrecorded: moved };
  }
  const vouchedFor = world.trusted.has(rule.name) && !world.forced.has(rule.name);
  if (vouchedFor && outputs.every(({ digest }) => digest !== undefined)) {
    const digests = Object.fromEntries(outputs.map(({ role, digest }) => [role, digest!]));
    return {
      kind: 'fresh',
      unrecorded: true,
      entry: { fingerprint, manifest, outputs: digests, counts: entry?.counts ?? {}, trusted: true },
    };
  }
  const trace = world.forced.has(rule.name) ? undefined : world.store?.find(fingerprint);
  if (trace === undefined) return { kind: 'run', manifest, fingerprint, reasons };
  const restored = Object.fromEntries(Object.entries(trace.outputs).map(([role, { digest }]) => [role, digest]));
  return { kind: 'restore', entry: { fingerprint, manifest, outputs: restored, counts: trace.counts }, trace, reasons };
}

interface Judged {
  readonly action: Action;
  readonly entry: LockEntry | undefined;
  readonly manifest: Manifest;
  readonly fingerprint: string;
  readonly outputs: readonly { role: string; path: string; digest: ContentDigest | undefined }[];
  readonly world: World;
}

function reasonsOf({ action, entry, manifest, fingerprint, outputs, world }: Judged): Reason[] {
  if (world.forced.has(action.rule.name)) return [{ kind: 'forced' }];
  if (entry === undefined || (entry.fingerprint !== fingerprint && !isSound(entry))) return [{ kind: 'never-built' }];
  if (entry.fingerprint !== fingerprint)
    return compareManifests(entry.manifest, manifest, (path) => makerOf(action, path));
  return outputs.flatMap(({ role, path, digest }): Reason[] => {
    const expected = entry.outputs[role];
    if (digest === undefined) return world.allowMissing ? [] : [{ kind: 'output-missing', path }];
    return digest === expected ? [] : [{ kind: 'output-altered', path, old: expected ?? '', new: digest }];
  });
}

function later(
  action: Action,
  facts: KnownFacts,
  entry: LockEntry | undefined,
  digestOf: (input: ActionInput) => ContentDigest | null | undefined,
): Verdict {
  const waitsFor = new Set<string>();
  const inputs: Record<string, { path: string; digest: string | null; ep?: string | undefined }[]> = {};
  for (const input of action.inputs) {
    const digest = digestOf(input);
    if (digest === undefined && input.madeBy) waitsFor.add(input.madeBy.action.id);
    const files = (inputs[input.role] ??= []);
    if (digest !== null)
      files.push({ path: input.path, digest: digest ?? null, ...(input.pattern.gathers ? { ep: input.ep } : {}) });
  }
  const partial: PartialManifest = {
    rule: action.rule.name,
    ...facts,
    inputs,
    found: entry?.manifest.found ?? {},
    outputs: action.outputs,
  };
  const reasons: Reason[] =
    entry === undefined || !isSound(entry)
      ? [{ kind: 'never-built' }]
      : compareManifests(entry.manifest, partial, (path) => makerOf(action, path));
  return { kind: 'later', reasons, waitsFor: [...waitsFor] };
}

function inputDigest(
  input: ActionInput,
  entry: LockEntry | undefined,
  before: ReadonlyMap<Action, Verdict>,
  world: World,
): ContentDigest | null | undefined {
  if (input.madeBy === undefined) {
    const digest = world.digests.digestOf(input.path);
    if (digest !== undefined) return digest;
    const recorded = entry?.manifest.inputs[input.role];
    if (world.allowMissing && recorded)
      return (
        recorded.find(({ ep, path }) => ep === input.ep || path === input.path || recorded.length === 1)?.digest ?? null
      );
    return input.optional ? null : undefined;
  }
  const { action, role } = input.madeBy;
  const verdict = before.get(action);
  if (verdict === undefined) return world.settled?.get(input.path);
  if (verdict.kind !== 'fresh' && verdict.kind !== 'restore') return undefined;
  if (action.outputs[role] === input.path) return verdict.entry.outputs[role];
  // A file inside a folder that another action makes: known only once the folder is on disk.
  return verdict.kind === 'fresh'
    ? (world.digests.digestOf(input.path) ?? (input.optional ? null : undefined))
    : undefined;
}

function withFound(
  base: Manifest | undefined,
  found: (base: Manifest) => Readonly<Record<string, string>>,
): Manifest | undefined {
  return base && { ...base, found: found(base) };
}

// The files that a depfile named last time, for this very action or for the same one before it was toggled.
function foundDigests(
  { rule }: Action,
  base: Manifest,
  entry: LockEntry | undefined,
  world: World,
): Readonly<Record<string, string>> {
  if (rule.code.kind !== 'command' || rule.code.depfile === undefined) return {};
  const before =
    entry && fingerprintOf({ ...entry.manifest, found: {} }) === fingerprintOf(base)
      ? Object.keys(entry.manifest.found)
      : undefined;
  const paths = before ?? world.store?.dependenciesOf(fingerprintOf(base)) ?? [];
  return Object.fromEntries(paths.map((path) => [path, world.digestOfFound(path) ?? 'gone']));
}

function makerOf(action: Action, path: string): string | null {
  return action.inputs.find((input) => input.path === path)?.madeBy?.action.rule.name ?? null;
}

// A lockfile is a text that people merge: an entry counts only when its manifest is the one that
// its fingerprint was taken of.
const sound = new WeakMap<LockEntry, boolean>();
function isSound(entry: LockEntry): boolean {
  let known = sound.get(entry);
  if (known === undefined) {
    try {
      known = fingerprintOf(entry.manifest) === entry.fingerprint;
    } catch {
      known = false;
    }
    sound.set(entry, known);
  }
  return known;
}
