// Runs an action for the engine: a built-in stage, a user's module, or a command. Hands a stage its
// paths, its frames and its models; knows no cache and no plan.
import { rmSync } from 'node:fs';
import { problem } from '../base/problem.js';
import type { ActionJob, ActionRunner, RunResult } from '../engine/execute.js';
import type { Device } from '../models/devices.js';
import type { ModelEvent } from '../models/install.js';
import type { OpenedModel } from '../models/open.js';
import type { ModelEntry, Registry } from '../models/registry.js';
import type { ParamValues, RuleCode } from '../pipeline/pipeline.js';
import type { EpisodeRunConfig } from '../stage/config.js';
import type { OpenModel } from '../stage/model.js';
import type { Stage, StageCatalogue, StageContext } from '../stage/stage.js';
import { runAttempts } from './attempts.js';
import { runCommand } from './command.js';
import { framesFor, mediaProbe } from './frames.js';
import { importModule } from './module-import.js';
import { ambiguousInputs, stageInputs, stageOutputs } from './paths.js';

/** What a build tells people while actions run, besides progress. */
export interface RunNotes {
  /** A model is fetched, or its licence is to be shown. */
  model(event: ModelEvent): void;
}

/** All that the runner needs of the project. */
export interface RunnerWorld {
  readonly projectRoot: string;
  readonly dataRoot: string;
  readonly catalogue: StageCatalogue;
  readonly registry: Registry;
  readonly notes: RunNotes;
  paramsOf(ep: string | undefined): ParamValues;
  modelOf(role: 'detector' | 'embedder', ep: string | undefined): ModelEntry | undefined;
}

type StageCode = RuleCode & { readonly kind: 'stage' | 'module' };

export class StageRunner implements ActionRunner {
  readonly #world: RunnerWorld;

  constructor(world: RunnerWorld) {
    this.#world = world;
  }

  async run(job: ActionJob, signal: AbortSignal): Promise<RunResult> {
    const { action } = job;
    const { projectRoot, dataRoot } = this.#world;
    const [ambiguous] = ambiguousInputs(action);
    if (ambiguous)
      throw problem(
        'two-files',
        `input ${ambiguous.role} of ${action.id} matches ${ambiguous.paths.join(' and ')}`,
        'keep one of them',
      );
    const { code } = action.rule;
    // Parameters that say how to run are not in the manifest, so values come from the choice itself.
    const values = this.#world.paramsOf(action.ep);
    const declared = {
      ...Object.fromEntries(action.rule.params.map((name) => [name, values[name] ?? null])),
      ...job.manifest.params,
    };
    return runAttempts(
      action.rule,
      (within) => {
        // Nothing of an earlier attempt may pass for what this one writes.
        for (const role of Object.keys(action.outputs)) rmSync(job.stagedPath(role), { recursive: true, force: true });
        if (code.kind !== 'command') return this.#runStage(code, job, { values, declared }, within);
        return runCommand(code, job, { projectRoot, dataRoot, params: declared }, within);
      },
      signal,
    );
  }

  async #runStage(
    code: StageCode,
    job: ActionJob,
    { values, declared }: { readonly values: ParamValues; readonly declared: Readonly<Record<string, unknown>> },
    signal: AbortSignal,
  ): Promise<RunResult> {
    const { action } = job;
    const { dataRoot } = this.#world;
    const stage = await this.#loadStage(code);
    let device: RunResult['device'];
    const context: StageContext = {
      ep: action.ep,
      params: declared as unknown as EpisodeRunConfig,
      inputs: stageInputs(job, dataRoot),
      outputs: stageOutputs(job),
      frames: { [Symbol.asyncIterator]: () => noFrames() },
      media: mediaProbe,
      model: async (role: 'detector' | 'embedder') => {
        const opened = await this.#openModel(role, job, values, signal);
        device = { asked: opened.deviceAsked, resolved: opened.deviceResolved };
        return opened as OpenModel as OpenModel<never>;
      },
      card: (role: 'detector' | 'embedder') => this.#entry(role, job).card as never,
      resources: job.resources,
      signal,
      progress: (done, total) => job.progress(done, total),
    };
    const request = await stage.wants?.(context);
    const counts = await stage.run(
      request === undefined ? context : { ...context, frames: framesFor(context, request) },
    );
    return { counts, device };
  }

  async #loadStage(code: StageCode): Promise<Stage> {
    if (code.kind === 'stage') return (await this.#world.catalogue[code.stage]!.load()).stage;
    const module = (await importModule(this.#world.projectRoot, code.file)) as { readonly stage?: unknown };
    const { stage } = module;
    if (typeof stage !== 'object' || stage === null || !('run' in stage) || typeof stage.run !== 'function') {
      throw problem(
        'no-stage',
        `${code.file} exports no \`stage\` with a \`run\` function`,
        'export const stage = { async run({ inputs, outputs, params }) { ... } }',
      );
    }
    return stage as Stage;
  }

  #entry(role: 'detector' | 'embedder', { action }: ActionJob): ModelEntry {
    const entry = action.rule.models.includes(role) ? this.#world.modelOf(role, action.ep) : undefined;
    if (entry === undefined) throw new Error(`rule ${action.rule.name} does not declare the model ${role}`);
    return entry;
  }

  async #openModel(
    role: 'detector' | 'embedder',
    job: ActionJob,
    values: ParamValues,
    signal: AbortSignal,
  ): Promise<OpenedModel> {
    const { openModel } = await import('../models/open.js');
    const device = (role === 'embedder' ? values['embed_device'] : null) ?? values['device'] ?? 'auto';
    return openModel(this.#world.registry, this.#entry(role, job), {
      device: device as Device,
      allowCpuFallback: values['allow_cpu_fallback'] === true,
      signal,
      onEvent: (event) => this.#world.notes.model(event),
    });
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- an async iterator that has nothing to give
async function* noFrames(): AsyncGenerator<never> {
  yield* [];
}
