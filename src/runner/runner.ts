// Runs an action for the engine: a built-in stage, a user's module, or a command. Hands a stage its
// paths, its frames and its models; knows no cache and no plan.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { problem } from '../base/problem.js';
import type { ChunkedAction, ChunkRequest } from '../engine/chunks.js';
import type { ActionRunner } from '../engine/execute.js';
import type { ActionJob, RunResult } from '../engine/job.js';
import type { Action } from '../graph/graph.js';
import { sha256 } from '../hash/sha256.js';
import type { HwaccelTrial } from '../media/hwaccel.js';
import type { DecoderTool } from '../media/tools.js';
import type { Device } from '../models/devices.js';
import type { ModelEvent } from '../models/install.js';
import { modelDigest, type ModelEntry, type Registry } from '../models/registry.js';
import type { ParamValues } from '../pipeline/pipeline.js';
import type { EpisodeRunConfig } from '../stage/config.js';
import type { OpenModel } from '../stage/model.js';
import type { ChunkedStage, SplitReading, Stage, StageCatalogue, StageContext } from '../stage/stage.js';
import {
  gpuOf,
  noFrames,
  workOnChunks,
  type ChunkHost,
  type ChunkMember,
  type ChunkOrder,
  type ModelOrder,
  type ModelRole,
} from './chunk-work.js';
import { runAttempts } from './attempts.js';
import { runCommand } from './command.js';
import { framesFor, mediaProbe } from './frames.js';
import { loadStage } from './load-stage.js';
import { ambiguousInputs, stageInputs, stageOutputs } from './paths.js';
import { hasWorkers, runInWorker } from './workers.js';

/** What a build tool tells people while actions run, besides progress. */
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
  /** Where pixels may lie that one action of a build keeps for another; whoever builds removes it. */
  readonly pixelsRoot: string;
  /** Processors that this machine has for builds. */
  readonly processors: number;
  readonly notes: RunNotes;
  paramsOf(ep: string | undefined): ParamValues;
  modelOf(role: ModelRole, ep: string | undefined): ModelEntry | undefined;
}

export class StageRunner implements ActionRunner {
  readonly #world: RunnerWorld;

  constructor(world: RunnerWorld) {
    this.#world = world;
  }

  async run(job: ActionJob, signal: AbortSignal): Promise<RunResult> {
    const { action } = job;
    const { projectRoot, dataRoot } = this.#world;
    refuseAmbiguous(job);
    const { code } = action.rule;
    return runAttempts(
      action.rule,
      async (within) => {
        // Nothing of an earlier attempt may pass for what this one writes.
        for (const role of Object.keys(action.outputs)) rmSync(job.stagedPath(role), { recursive: true, force: true });
        if (code.kind === 'command')
          return runCommand(code, job, { projectRoot, dataRoot, params: this.#params(job) }, within);
        const stage = await loadStage(code, this.#world);
        if ('chunks' in stage) throw new Error(`the stage of ${action.id} works in chunks alone`);
        return this.#runWhole(stage, job, within);
      },
      signal,
    );
  }

  async split(job: ActionJob, signal: AbortSignal): Promise<ChunkedAction | undefined> {
    const { code } = job.action.rule;
    if (code.kind === 'command') return undefined;
    refuseAmbiguous(job);
    const stage = await loadStage(code, this.#world);
    if (!('chunks' in stage)) return undefined;
    // To be there when the first chunk starts.
    void this.#toolsFor(job.action);
    const frames = this.#world.paramsOf(job.action.ep)['chunk_frames'];
    const chunks = await stage.chunks.split(this.#reading(job, signal), {
      frames: typeof frames === 'number' ? frames : undefined,
      processors: this.#world.processors,
    });
    const looksAt = this.looksAt(job.action);
    return {
      chunks,
      stretchOf: (chunk) => looksAt && `${looksAt} ${canonicalJson(chunk)}`,
      merge: async (parts) => {
        const counts = await this.#merge(stage, job, parts, signal);
        if (this.#revisits(job.action)) rmSync(this.#pixelsOf(job)!, { recursive: true, force: true });
        return { counts };
      },
    };
  }

  looksAt({ rule, inputs }: Action): string | undefined {
    // Time limit and retries count for each chunk, as for an action of its own.
    if (rule.retries > 0 || rule.timeoutSeconds !== undefined) return undefined;
    const role = this.#builtIn(rule)?.looksAt;
    return inputs.find((input) => input.role === role)?.path;
  }

  async runChunks(requests: readonly ChunkRequest[]): Promise<readonly PromiseSettledResult<RunResult>[]> {
    const [first, ...others] = requests;
    // All that were to run together may have been stopped before they had their share.
    if (first === undefined) return [];
    return others.length === 0 ? Promise.allSettled([this.#runAttempts(first)]) : this.#runTogether(requests);
  }

  #runAttempts(request: ChunkRequest): Promise<RunResult> {
    return runAttempts(
      request.job.action.rule,
      async (signal) => {
        const [made] = await this.#runTogether([{ ...request, signal }]);
        if (made!.status === 'rejected') throw made!.reason;
        return made!.value;
      },
      request.signal,
    );
  }

  #runTogether(requests: readonly ChunkRequest[]): Promise<PromiseSettledResult<RunResult>[]> {
    const members = requests.map((request): ChunkMember => {
      const { job, place, signal } = request;
      const host: ChunkHost = {
        model: (role) => this.#installModel(role, job, signal),
        portToDevices,
        tryHwaccel,
        progress: (done, total) => place.progress(done, total),
      };
      return { order: this.#order(request), host, signal };
    });
    // One alone is not worth a thread, which has everything to load first.
    const runsApart = hasWorkers && requests.some(({ isOnly }) => !isOnly);
    const tools = this.#toolsFor(requests[0]!.job.action);
    return runsApart
      ? runInWorker(members, tools)
      : tools.then((found) => workOnChunks(members, { catalogue: this.#world.catalogue, tools: found }));
  }

  /** What decodes the video that an action looks at, for all chunks; where it is not found, whoever needs it says so. */
  async #toolsFor({ rule }: Action): Promise<DecoderTool | undefined> {
    const stage = this.#builtIn(rule);
    if (stage?.looksAt === undefined && stage?.revisits === undefined) return undefined;
    const { usualDecoder } = await import('../media/tools.js');
    return usualDecoder().catch(() => undefined);
  }

  async #runWhole(stage: Stage, job: ActionJob, signal: AbortSignal): Promise<RunResult> {
    let device: RunResult['device'];
    const context: StageContext = {
      ...this.#reading(job, signal),
      outputs: stageOutputs(job),
      frames: { [Symbol.asyncIterator]: noFrames },
      media: mediaProbe,
      model: async (role: ModelRole) => {
        const [{ openInstalled }, wanted] = await Promise.all([
          import('../models/open.js'),
          this.#installModel(role, job, signal),
        ]);
        const opened = await openInstalled(wanted.model, { ...wanted, gpu: gpuOf(job.resources), portToDevices });
        device = { asked: opened.deviceAsked, resolved: opened.deviceResolved };
        // As with `card` below.
        return opened as OpenModel as OpenModel<never>;
      },
      resources: job.resources,
      progress: (done, total) => job.progress(done, total),
    };
    const request = await stage.wants?.(context);
    if (request === undefined) return { counts: await stage.run(context), device };
    const [given] = await framesFor([{ context, request }], {});
    try {
      return { counts: await stage.run({ ...context, frames: given!.frames }), device };
    } finally {
      await given!.leave();
    }
  }

  #merge({ chunks }: ChunkedStage, job: ActionJob, parts: Parameters<ChunkedAction['merge']>[0], signal: AbortSignal) {
    return chunks.merge({ ...this.#reading(job, signal), outputs: stageOutputs(job) }, parts);
  }

  #reading(job: ActionJob, signal: AbortSignal): SplitReading {
    return {
      ep: job.action.ep,
      // Checked when the params were resolved; a stage sees those that its rule declares.
      params: this.#params(job) as unknown as EpisodeRunConfig,
      inputs: stageInputs(job, this.#world.dataRoot),
      // The role decides the card's kind, which one function for both roles cannot say.
      card: (role: ModelRole) => this.#entry(role, job).card as never,
      signal,
    };
  }

  // Parameters that say how to run are not in the manifest, so values come from the choice itself.
  #params({ action, manifest }: ActionJob): Readonly<Record<string, Json>> {
    const values = this.#world.paramsOf(action.ep);
    return {
      ...Object.fromEntries(action.rule.params.map((name) => [name, values[name] ?? null])),
      ...manifest.params,
    };
  }

  #order({ job, chunk, place: { folder, resources } }: ChunkRequest): ChunkOrder {
    const { id, ep, outputs, rule } = job.action;
    const { code } = rule;
    if (code.kind === 'command') throw new Error(`${id} is a command, which has no chunks`);
    const roles = rule.models as readonly ModelRole[];
    return {
      code,
      projectRoot: this.#world.projectRoot,
      dataRoot: this.#world.dataRoot,
      job: {
        action: {
          id,
          ep,
          rule: { name: rule.name, inputs: Object.fromEntries(Object.keys(rule.inputs).map((role) => [role, true])) },
        },
        manifest: { inputs: job.manifest.inputs },
      },
      outputs,
      params: this.#params(job),
      cards: Object.fromEntries(roles.map((role) => [role, this.#entry(role, job).card])),
      chunk,
      hwaccel: this.#hwaccel(ep),
      resources,
      part: folder,
      kept: this.#pixelsOf(job),
    };
  }

  #hwaccel(ep: string | undefined): ChunkOrder['hwaccel'] {
    const { hwaccel, allow_cpu_fallback } = this.#world.paramsOf(ep);
    if (typeof hwaccel !== 'string') return undefined;
    return { method: hwaccel, allowCpuFallback: allow_cpu_fallback === true };
  }

  /** What is said of the built-in stage behind a rule; undefined for a user's own code. */
  #builtIn({ code }: Action['rule']): StageCatalogue[string] | undefined {
    return code.kind === 'stage' ? this.#world.catalogue[code.stage] : undefined;
  }

  /** The video of which an action looks at parts of frames that others have seen. */
  #revisits({ rule, inputs }: Action): string | undefined {
    const role = this.#builtIn(rule)?.revisits;
    return inputs.find((input) => input.role === role)?.path;
  }

  /** Folder of the pixels that are kept of the video which an action looks at; undefined where nobody looks at it again. */
  #pixelsOf(job: ActionJob): string | undefined {
    const { action, manifest } = job;
    const again = this.#revisits(action);
    const video = again ?? this.looksAt(action);
    if (video === undefined) return undefined;
    if (again === undefined && !job.dependents().some((other) => this.#revisits(other) === video)) return undefined;
    const file = Object.values(manifest.inputs)
      .flat()
      .find(({ path }) => path === video);
    // Frames are known by their ordinals in its index.
    const known = [file!.digest, ...(manifest.inputs['frames'] ?? []).map(({ digest }) => digest)];
    return join(this.#world.pixelsRoot, sha256(canonicalJson(known)));
  }

  #entry(role: ModelRole, { action }: ActionJob): ModelEntry {
    const entry = action.rule.models.includes(role) ? this.#world.modelOf(role, action.ep) : undefined;
    if (entry === undefined) throw new Error(`rule ${action.rule.name} does not declare the model ${role}`);
    return entry;
  }

  async #installModel(role: ModelRole, job: ActionJob, signal: AbortSignal): Promise<ModelOrder> {
    const { ensureInstalled } = await import('../models/install.js');
    const values = this.#world.paramsOf(job.action.ep);
    const entry = this.#entry(role, job);
    const paths = await ensureInstalled(this.#world.registry, entry, {
      signal,
      onEvent: (event) => this.#world.notes.model(event),
    });
    const device = (role === 'embedder' ? values['embed_device'] : null) ?? values['device'] ?? 'auto';
    return {
      model: { name: entry.name, card: entry.card, digest: modelDigest(entry), paths },
      device: device as Device,
      allowCpuFallback: values['allow_cpu_fallback'] === true,
    };
  }
}

async function portToDevices(): Promise<MessagePort | undefined> {
  return (await import('../models/device-thread.js')).portToDevices();
}

const tryHwaccel: HwaccelTrial = async (wish, video) => {
  const [{ usableHwaccel }, { usualDecoder }] = await Promise.all([
    import('../media/hwaccel.js'),
    import('../media/tools.js'),
  ]);
  return usableHwaccel(wish, { ...video, tools: await usualDecoder() });
};

function refuseAmbiguous({ action }: ActionJob): void {
  const [ambiguous] = ambiguousInputs(action);
  if (ambiguous === undefined) return;
  throw problem(
    'two-files',
    `input ${ambiguous.role} of ${action.id} matches ${ambiguous.paths.join(' and ')}`,
    'keep one of them',
  );
}
