// What the engine must know of an action besides its files: code, parameter values, models and
// environment. Parameters that only say how to run stay out, so they can never make anything stale.
import type { Json } from '../base/canonical-json.js';
import type { KnownFacts, ManifestCode, ManifestModel } from '../engine/manifest.js';
import type { Action } from '../graph/graph.js';
import type { ContentDigest } from '../hash/xxh64.js';
import { readModelsLock, type ModelsLock } from '../models/lock.js';
import { modelDigest, type ModelEntry } from '../models/registry.js';
import type { ParamValues, Rule } from '../pipeline/pipeline.js';
import { resolveParams } from '../pipeline/settings.js';
import { moduleDigests } from '../runner/module-code.js';
import { fromDataRoot, type Workspace } from './workspace.js';

export interface ParamChoice {
  readonly profile?: string | undefined;
  /** Values from --set and flags; they win over everything. */
  readonly explicit: ParamValues;
}

/** Params, models and code of every action of a workspace, each worked out once. */
export class Facts {
  readonly #workspace: Workspace;
  readonly #choice: ParamChoice;
  readonly #params = new Map<string | undefined, ParamValues>();
  readonly #code = new Map<Rule, ManifestCode>();
  readonly #digests = new Map<ModelEntry, string>();
  #lock: ModelsLock;

  constructor(workspace: Workspace, choice: ParamChoice) {
    this.#workspace = workspace;
    this.#choice = choice;
    this.#lock = readModelsLock(workspace.projectRoot);
  }

  /** Reads models.lock again, after a model was pinned. */
  refreshModels(): void {
    this.#lock = readModelsLock(this.#workspace.projectRoot);
  }

  /** Every parameter's value for an episode: explicit over episode over profile over pipeline. */
  paramsOf(ep: string | undefined): ParamValues {
    let values = this.#params.get(ep);
    if (values === undefined) {
      const { profile, explicit } = this.#choice;
      values = resolveParams(this.#workspace.pipeline, { ep, profile, explicit });
      this.#params.set(ep, values);
    }
    return values;
  }

  of(action: Action): KnownFacts {
    const { rule } = action;
    const values = this.paramsOf(action.ep);
    const models: Record<string, ManifestModel> = {};
    const params: Record<string, Json> = {};
    const { fields = {} } = this.#workspace.pipeline;
    for (const name of rule.params) {
      if (fields[name]?.how === true) continue;
      params[name] = values[name] ?? null;
    }
    for (const role of rule.models) {
      const entry = this.modelOf(role, action.ep);
      models[role] =
        entry === undefined
          ? { name: 'auto', digest: 'not chosen yet' }
          : { name: entry.name, digest: this.#digestOf(entry) };
      // Under another name of the same model, or by auto, the same result is meant.
      if (role in params && entry !== undefined) params[role] = entry.name;
    }
    return { code: this.#codeOf(rule), params, models, env: environmentOf(rule) };
  }

  /** The model that the parameter `role` names for an episode; undefined while `auto` is not pinned. */
  modelOf(role: 'detector' | 'embedder', ep: string | undefined): ModelEntry | undefined {
    return this.#workspace.registry.resolve(role, this.modelWord(role, ep), { lock: this.#lock });
  }

  /** The value of the parameter `role`: a model's name or a choice such as auto. */
  modelWord(role: 'detector' | 'embedder', ep: string | undefined): string {
    const word = this.paramsOf(ep)[role];
    return typeof word === 'string' ? word : 'auto';
  }

  digestOfFile(path: string): ContentDigest | undefined {
    return this.#workspace.digests.digestOf(path);
  }

  #digestOf(entry: ModelEntry): string {
    let digest = this.#digests.get(entry);
    if (digest === undefined) {
      digest = modelDigest(entry);
      this.#digests.set(entry, digest);
    }
    return digest;
  }

  #codeOf(rule: Rule): ManifestCode {
    let code = this.#code.get(rule);
    if (code === undefined) {
      code = this.#readCode(rule);
      this.#code.set(rule, code);
    }
    return code;
  }

  #readCode({ code }: Rule): ManifestCode {
    const { catalogue, projectRoot } = this.#workspace;
    switch (code.kind) {
      case 'stage':
        return { kind: 'stage', stage: code.stage, revision: catalogue[code.stage]!.revision };
      case 'module':
        return { kind: 'module', file: code.file, files: moduleDigests(projectRoot, code.file) };
      case 'command':
        return {
          kind: 'command',
          command: code.command,
          shell: code.shell,
          files: Object.fromEntries(
            code.code.map((file) => [file, this.digestOfFile(fromDataRoot(this.#workspace, file)) ?? 'gone']),
          ),
        };
    }
  }
}

function environmentOf({ code }: Rule): Record<string, string | null> {
  if (code.kind !== 'command') return {};
  return Object.fromEntries(code.env.map((name) => [name, process.env[name] ?? null]));
}
