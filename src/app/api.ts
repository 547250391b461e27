// The programmatic API (contract 5): the same sessions as the command line, for other programs. A
// failed run resolves with `success: false` and `error`; only a wrong call throws.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProblemError } from '../base/problem.js';
import type { BuildObserver } from '../engine/execute.js';
import type { ModelEvent } from '../models/install.js';
import { artifactPath, artifactPatterns, type ArtifactKind } from '../stage/artifact-path.js';
import type { EpisodeRunConfig } from '../stage/config.js';
import { addVideo } from './add-video.js';
import { episodeRunResult, type EpisodeRunResult } from './episode-run.js';
import { select } from './select.js';
import { Session } from './session.js';
import { openWorkspace, requireEpisode } from './workspace.js';

/** The three stages of the Python engine, each a group of rules. */
export const PipelineStage = { DetectTrack: 'detect_track', FacesEmbed: 'faces_embed', Cluster: 'cluster' } as const;
export type PipelineStage = (typeof PipelineStage)[keyof typeof PipelineStage];

/** What happens while a run goes on. */
export type RunEvent =
  /** How many actions are judged, fresh ones included. */
  | { readonly kind: 'planned'; readonly actions: number }
  | { readonly kind: 'started'; readonly action: string }
  | { readonly kind: 'progress'; readonly action: string; readonly done: number; readonly total: number }
  | { readonly kind: 'finished'; readonly action: string; readonly outcome: string; readonly seconds: number }
  | { readonly kind: 'waiting'; readonly holder: string }
  | { readonly kind: 'model'; readonly event: ModelEvent };

export interface RunOptions {
  /** Where pipeline.yaml is, or a folder below it; default: the current folder. */
  readonly cwd?: string;
  readonly dataRoot?: string;
  readonly profile?: string;
  /** Actions at a time; default: what SA_RESOURCES, pipeline.yaml's `resources` or the machine say of `cpu`. */
  readonly jobs?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

/** Brings `video` in when the episode is new, builds everything, and resolves with the counts. */
export async function runEpisode(
  ep: string,
  video: string | undefined,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runTargets({ ep, video, targets: [] }, config, options);
}

/** Builds one of the Python engine's stages and what it needs. */
export async function runStage(
  stage: PipelineStage,
  ep: string,
  config: Partial<EpisodeRunConfig> = {},
  options: RunOptions = {},
): Promise<EpisodeRunResult> {
  return runTargets({ ep, video: undefined, targets: [stage] }, config, options);
}

export const runDetectTrack = (
  ep: string,
  config?: Partial<EpisodeRunConfig>,
  options?: RunOptions,
): Promise<EpisodeRunResult> => runStage('detect_track', ep, config, options);
export const runFacesEmbed = (
  ep: string,
  config?: Partial<EpisodeRunConfig>,
  options?: RunOptions,
): Promise<EpisodeRunResult> => runStage('faces_embed', ep, config, options);
export const runCluster = (
  ep: string,
  config?: Partial<EpisodeRunConfig>,
  options?: RunOptions,
): Promise<EpisodeRunResult> => runStage('cluster', ep, config, options);

/** Which artifacts of an episode are on disk, whatever their state. */
export async function checkArtifactsExist(
  ep: string,
  options: RunOptions = {},
): Promise<Readonly<Record<ArtifactKind, boolean>>> {
  const { dataRoot } = await openFor(options);
  const kinds = Object.keys(artifactPatterns) as ArtifactKind[];
  return Object.fromEntries(kinds.map((kind) => [kind, existsSync(join(dataRoot, artifactPath(ep, kind)))])) as Record<
    ArtifactKind,
    boolean
  >;
}

interface Job {
  readonly ep: string;
  readonly video: string | undefined;
  readonly targets: readonly string[];
}

async function runTargets(
  { ep, video, targets }: Job,
  config: Partial<EpisodeRunConfig>,
  options: RunOptions,
): Promise<EpisodeRunResult> {
  const started = performance.now();
  const workspace = await openFor(options);
  const { profile, signal = new AbortController().signal, onEvent, jobs } = options;
  const session = new Session(workspace, { profile, explicit: config, force: [], trust: [] });
  session.facts.paramsOf(ep); // a wrong value throws here, before anything runs
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    if (video !== undefined && !workspace.episodes().includes(ep))
      await addVideo(workspace, { ep, video, manner: 'copy' }, signal);
    requireEpisode(ep, workspace.episodes());
    const selection = select(workspace, { words: [ep, ...targets], all: false });
    onEvent?.({ kind: 'planned', actions: selection.actions.length });
    const reports = await session.build(selection, {
      jobs,
      keepGoing: false,
      observer: observerOf(onEvent),
      signal,
    });
    return episodeRunResult(ep, reports, seconds());
  } catch (error) {
    if (!(error instanceof ProblemError) && !signal.aborted) throw error;
    return {
      ...episodeRunResult(ep, [], seconds()),
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
