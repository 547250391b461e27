// Why an action is stale, in the contract's words, found by comparing two manifests fact by fact.
import { canonicalJson, type Json } from '../base/canonical-json.js';
import type { Manifest } from './manifest.js';

export type Reason =
  | { readonly kind: 'never-built' }
  | { readonly kind: 'forced' }
  | { readonly kind: 'param-changed'; readonly name: string; readonly old: Json; readonly new: Json }
  | {
      readonly kind: 'input-changed';
      readonly path: string;
      readonly old: string | null;
      readonly new: string | null;
      readonly rule: string | null;
    }
  | { readonly kind: 'model-changed'; readonly name: string; readonly old: string | null; readonly new: string | null }
  | { readonly kind: 'rule-changed'; readonly what: string; readonly old: Json; readonly new: Json }
  | { readonly kind: 'code-changed'; readonly path: string; readonly old: string | null; readonly new: string | null }
  | { readonly kind: 'env-changed'; readonly name: string; readonly old: string | null; readonly new: string | null }
  | { readonly kind: 'output-missing'; readonly path: string }
  | { readonly kind: 'output-altered'; readonly path: string; readonly old: string; readonly new: string };

/** The manifest as far as it is known: an input that must be made first has no digest yet. */
export type PartialManifest = Omit<Manifest, 'inputs'> & {
  readonly inputs: Readonly<
    Record<
      string,
      readonly { readonly path: string; readonly digest: string | null; readonly ep?: string | undefined }[]
    >
  >;
};

/** Every difference between the manifest that built the outputs and the one that holds now. */
export function compareManifests(
  old: Manifest,
  now: PartialManifest,
  makerOf: (path: string) => string | null,
): Reason[] {
  return [
    ...compareCode(old, now),
    ...differences(old.params, now.params).map(({ key, old, now }): Reason => ({
      kind: 'param-changed',
      name: key,
      old,
      new: now,
    })),
    ...compareModels(old, now),
    ...differences(old.env, now.env).map(({ key, old, now }): Reason => ({
      kind: 'env-changed',
      name: key,
      old: old as string | null,
      new: now as string | null,
    })),
    ...compareInputs(old, now, makerOf),
    ...differences(old.found, now.found).map(({ key, old, now }): Reason => ({
      kind: 'input-changed',
      path: key,
      old: old as string | null,
      new: now as string | null,
      rule: null,
    })),
    ...differences(old.outputs, now.outputs).map(({ key, old, now }): Reason => ({
      kind: 'rule-changed',
      what: `output ${key}`,
      old,
      new: now,
    })),
  ];
}

function compareCode(old: Manifest, now: PartialManifest): Reason[] {
  const plain = ({ code }: { code: Manifest['code'] }): Json => (code.kind === 'stage' ? code : { ...code, files: {} });
  const reasons: Reason[] = differences(plain(old) as Facts, plain(now) as Facts).map(({ key, old, now }) => ({
    kind: 'rule-changed',
    what: key,
    old,
    new: now,
  }));
  const files = (code: Manifest['code']): Facts => (code.kind === 'stage' ? {} : code.files);
  for (const { key, old: before, now: after } of differences(files(old.code), files(now.code))) {
    reasons.push({ kind: 'code-changed', path: key, old: before as string | null, new: after as string | null });
  }
  return reasons;
}

function compareModels(old: Manifest, now: PartialManifest): Reason[] {
  const text = (model: { name: string; digest: string } | undefined): string | null =>
    model ? `${model.name} ${model.digest}` : null;
  return [...new Set([...Object.keys(old.models), ...Object.keys(now.models)])]
    .sort()
    .map((name) => ({ name, old: text(old.models[name]), new: text(now.models[name]) }))
    .filter(({ old, new: now }) => old !== now)
    .map((change): Reason => ({ kind: 'model-changed', ...change }));
}

// Roles are compared by the digests of their files in order, as the fingerprint does; a changed role
// then names the files that differ.
function compareInputs(old: Manifest, now: PartialManifest, makerOf: (path: string) => string | null): Reason[] {
  const reasons: Reason[] = [];
  for (const role of [...new Set([...Object.keys(old.inputs), ...Object.keys(now.inputs)])].sort()) {
    const before = old.inputs[role] ?? [];
    const after = now.inputs[role] ?? [];
    if (
      before.length === after.length &&
      before.every(({ digest, ep }, index) => digest === after[index]!.digest && ep === after[index]!.ep)
    )
      continue;
    const oldByPath = Object.fromEntries(before.map(({ path, digest }) => [path, digest]));
    const newByPath = Object.fromEntries(after.map(({ path, digest }) => [path, digest]));
    const changes = differences(oldByPath, newByPath);
    for (const { key, old, now } of changes) {
      reasons.push({
        kind: 'input-changed',
        path: key,
        old: old as string | null,
        new: now as string | null,
        rule: makerOf(key),
      });
    }
    if (changes.length === 0) reasons.push({ kind: 'input-changed', path: role, old: null, new: null, rule: null });
  }
  return reasons;
}

type Facts = Readonly<Record<string, Json>>;

function differences(old: Facts, now: Facts): { key: string; old: Json; now: Json }[] {
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .sort()
    .map((key) => ({ key, old: old[key] ?? null, now: now[key] ?? null, in: key in old && key in now }))
    .filter(({ old, now, in: both }) => !both || canonicalJson(old) !== canonicalJson(now))
    .map(({ key, old, now }) => ({ key, old, now }));
}
