// The programmatic API (contract 5): the same sessions as the command line, for other programs. A
// failed run resolves with `success: false` and `error`; only a wrong call throws.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '../base/problem.js';
import type { BuildObserver } from '../engine/execute.js';
import type { ModelEvent } from '../models/install.js';
import { ArtifactKind, artifactPath } from '../stage/artifact-path.js';
import type { EpisodeRunConfig } from '../stage/config.js';
import { episodeRunResult, type EpisodeRunResult } from './episode-run.js';
import { runInSession, type EpisodeRun } from './run-session.js';
import { Session } from './session.js';
import { openWorkspace } from './workspace.js';

/** The three stages of the Python engine, each a group of rules. */
export const PipelineStage = { DetectTrack: 'detect_track', FacesEmbed: 'faces_embed', Cluster: 'cluster' } as const;
/** One of the three. */
export type PipelineStage = (typeof PipelineStage)[keyof typeof PipelineStage];

/**
 * What happens while a run goes on. An action is `detect@my-episode`; `finished` comes for each of the
 * `planned` ones, with what became of it: built, restored, fresh, trusted, failed or skipped.
 */
export type RunEvent =
  /** How many actions are judged, fresh ones included. */
  | { readonly kind: 'planned'; readonly actions: number }
  | { readonly kind: 'started'; readonly action: string }
  /** Frames, tracks or faces, whatever the stage counts. */
  | { readonly kind: 'progress'; readonly action: string; readonly done: number; readonly total: number }
  | { readonly kind: 'finished'; readonly action: string; readonly outcome: string; readonly seconds: number }
  /** Another build of the project runs; `holder` is its process id, or empty. */
  | { readonly kind: 'waiting'; readonly holder: string }
  /** A model is fetched, or its licence is to be shown. */
  | { readonly kind: 'model'; readonly event: ModelEvent };

/** Where and how to run; everything has a default. */
export interface RunOptions {
  /** Where pipeline.yaml is, or a folder below it; default: the current folder. */
  readonly cwd?: string;
  /** Where videos and artifacts lie; default: SA_DATA_ROOT, then what pipeline.yaml says. */
  readonly dataRoot?: string;
  /** A profile of pipeline.yaml; values of the config win over it. */
  readonly profile?: string;
  /** Actions at a time; default: what SA_RESOURCES, pipeline.yaml's `resources` or the machine say of `cpu`. */
  readonly jobs?: number;
  /** Stops the run, down to ffmpeg and inference; it then resolves with `success: false`. What was finished is kept. */
  readonly signal?: AbortSignal;
  /** Told of each step while the run goes on. */
  readonly onEvent?: (event: RunEvent) => void;
}

/**
 * Brings `video` in when the episode is new, builds everything that is stale, and resolves with the counts.
 * A failed or stopped run resolves with `success: false` and `error`.
 *
 * @param ep - letters, digits, dots, dashes and underscores; a folder under `videos/`
 * @param video - any file that ffmpeg reads; not needed when the episode has one
 * @param config - what differs from pipeline.yaml, by the names used there
 * @throws ProblemError for a wrong call: no project, a fault in pipeline.yaml, an unknown parameter or a value out of range
 */
export async function runEpisode(
  ep: string,
  video: string | undefined,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runTargets({ ep, video, targets: [] }, config, options);
}

/** Builds one of the Python engine's stages of an episode, and what it needs. Resolves and throws as `runEpisode` does. */
export async function runStage(
  stage: PipelineStage,
  ep: string,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runTargets({ ep, video: undefined, targets: [stage] }, config, options);
}

/** Probe, scenes, detections and tracks: `runStage('detect_track', ...)`. */
export async function runDetectTrack(
  ep: string,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runStage(PipelineStage.DetectTrack, ep, config, options);
}

/** Sampled faces, embeddings and track prototypes: `runStage('faces_embed', ...)`. */
export async function runFacesEmbed(
  ep: string,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runStage(PipelineStage.FacesEmbed, ep, config, options);
}

/** Clusters and identities: `runStage('cluster', ...)`. */
export async function runCluster(
  ep: string,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runStage(PipelineStage.Cluster, ep, config, options);
}

/** Which artifacts of an episode are on disk, whatever their state; the video in any container. */
export async function checkArtifactsExist(
  ep: string,
  options: RunOptions = {},
): Promise<Readonly<Record<ArtifactKind, boolean>>> {
  const workspace = await openFor(options);
  const exists = (kind: ArtifactKind): boolean =>
    kind === ArtifactKind.Video
      ? workspace.episodes().includes(ep)
      : existsSync(join(workspace.dataRoot, artifactPath(ep, kind)));
  return Object.fromEntries(Object.values(ArtifactKind).map((kind) => [kind, exists(kind)])) as Record<
    ArtifactKind,
    boolean
  >;
}

async function runTargets(
  run: EpisodeRun,
  config: Partial<EpisodeRunConfig>,
  options: RunOptions,
): Promise<EpisodeRunResult> {
  const started = performance.now();
  const workspace = await openFor(options);
  const { profile, signal = new AbortController().signal, onEvent, jobs } = options;
  const session = new Session(workspace, { profile, explicit: config, force: [], trust: [] });
  session.facts.paramsOf(run.ep); // a wrong value throws here, before anything runs
  try {
    return await runInSession(session, run, {
      jobs,
      keepGoing: false,
      observer: observerOf(onEvent),
      signal,
      onPlanned: (actions) => onEvent?.({ kind: 'planned', actions }),
    });
  } catch (error) {
    if (!(error instanceof ProblemError) && !signal.aborted) throw error;
    return {
      ...episodeRunResult(run.ep, [], (performance.now() - started) / 1000),
      success: false,
      error: error instanceof Error ? error.message : String(error),
    };
  }
}

function openFor({ cwd = process.cwd(), dataRoot }: RunOptions): ReturnType<typeof openWorkspace> {
  return openWorkspace({ cwd, dataRoot, env: process.env });
}

function observerOf(
  onEvent: (event: RunEvent) => void = () => undefined,
): BuildObserver & { model(event: ModelEvent): void; waiting(holder: string): void } {
  return {
    started: ({ id }) => onEvent({ kind: 'started', action: id }),
    progress: ({ id }, done, total) => onEvent({ kind: 'progress', action: id, done, total }),
    finished: ({ action, outcome, seconds }) =>
      onEvent({ kind: 'finished', action: action.id, outcome: outcome.kind, seconds }),
    waiting: (holder) => onEvent({ kind: 'waiting', holder }),
    model: (event) => onEvent({ kind: 'model', event }),
  };
}
