// Everything that decides an action's outputs, gathered in one value. Its canonical text is what
// the fingerprint hashes, and the same value is kept in the lockfile for `explain`: a fact cannot
// be in one and missing from the other. No clock, no absolute path, no machine is ever in it.
import { type Json, asJson, canonicalJson } from '../base/canonical-json.js';
import type { Action } from '../graph/graph.js';
import { sha256 } from '../hash/sha256.js';
import type { ContentDigest } from '../hash/xxh64.js';

/** An input as the manifest knows it; `ep` only where a rule gathers episodes. */
export interface ManifestInput {
  readonly path: string;
  readonly digest: ContentDigest;
  readonly ep?: string | undefined;
}

export interface ManifestModel {
  readonly name: string;
  readonly digest: string;
}

/** The identity of the code that runs: a stage's revision, or a command with its files' digests. */
export type ManifestCode =
  | { readonly kind: 'stage'; readonly stage: string; readonly revision: number }
  | { readonly kind: 'module'; readonly file: string; readonly files: Readonly<Record<string, string>> }
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly shell: boolean;
      readonly files: Readonly<Record<string, string>>;
    };

export interface Manifest {
  readonly rule: string;
  readonly code: ManifestCode;
  readonly params: Readonly<Record<string, Json>>;
  readonly inputs: Readonly<Record<string, readonly ManifestInput[]>>;
  /** Inputs found while the action ran (depfile), by path. */
  readonly found: Readonly<Record<string, string>>;
  readonly models: Readonly<Record<string, ManifestModel>>;
  readonly env: Readonly<Record<string, string | null>>;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Hex SHA-256 of the manifest's canonical text. Paths of inputs are for people and left out: role and digest count. */
export function fingerprintOf(manifest: Manifest): string {
  const inputs = Object.fromEntries(
    Object.entries(manifest.inputs).map(([role, files]) => [
      role,
      files.map(({ ep, digest }) => (ep === undefined ? digest : [ep, digest])),
    ]),
  );
  return sha256(canonicalJson(asJson({ ...manifest, inputs })));
}

/** What the engine must be told of the world to write a manifest. */
export interface KnownFacts {
  readonly code: ManifestCode;
  readonly params: Readonly<Record<string, Json>>;
  readonly models: Readonly<Record<string, ManifestModel>>;
  readonly env: Readonly<Record<string, string | null>>;
}

/**
 * The manifest of an action, or undefined when the digest of an input is not known yet. `digestOf`
 * answers undefined for an unknown digest and null for an optional input that is not there.
 */
export function writeManifest(
  action: Action,
  facts: KnownFacts,
  digestOf: (input: Action['inputs'][number]) => ContentDigest | null | undefined,
  found: Readonly<Record<string, string>> = {},
): Manifest | undefined {
  const inputs: Record<string, ManifestInput[]> = {};
  for (const input of action.inputs) {
    const digest = digestOf(input);
    if (digest === undefined) return undefined;
    const files = (inputs[input.role] ??= []);
    if (digest !== null) files.push({ path: input.path, digest, ...(input.pattern.gathers ? { ep: input.ep } : {}) });
  }
  return { rule: action.rule.name, ...facts, inputs, found, outputs: action.outputs };
}
