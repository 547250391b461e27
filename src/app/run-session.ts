// The Python engine's episode_run: brings a video in when the episode is new, builds, and says what came
// of it as its clients read it. The command line, the server and other programs all come through here.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../base/problem.js';
import { matchPattern } from '../disk/glob.js';
import { fillIn } from '../graph/graph.js';
import { digestFile } from '../hash/xxh64.js';
import { addVideo } from './add-video.js';
import { episodeRunResult, type EpisodeRunResult } from './episode-run.js';
import { select } from './select.js';
import type { BuildOptions, Session } from './session.js';
import { requireEpisode, type Workspace } from './workspace.js';

export interface EpisodeRun {
  readonly ep: string;
  /** Copied into the project when the episode has no video yet. */
  readonly video: string | undefined;
  /** Artifacts, rules or groups; none of them means everything. */
  readonly targets: readonly string[];
}

export interface EpisodeRunOptions extends Omit<BuildOptions, 'planned'> {
  /** Told how many actions will be judged, once that is known. */
  readonly onPlanned?: (actions: number) => void;
}

/** Runs the episode. Throws ProblemError for a wrong name or value or a bad video; a failed action is a result. */
export async function runInSession(
  session: Session,
  { ep, video, targets }: EpisodeRun,
  { onPlanned, ...options }: EpisodeRunOptions,
): Promise<EpisodeRunResult> {
  const started = performance.now();
  const { workspace } = session;
  if (video !== undefined) {
    if (workspace.episodes().includes(ep)) refuseOtherVideo(workspace, ep, video);
    else await addVideo(workspace, { ep, video, manner: 'copy' }, options.signal);
  }
  requireEpisode(ep, workspace.episodes());
  const selection = select(workspace, { words: [ep, ...targets], all: false });
  onPlanned?.(selection.actions.length);
  const reports = await session.build(selection, options);
  return episodeRunResult(ep, reports, (performance.now() - started) / 1000);
}

// To build from the old video what was asked for with a new one would be a wrong answer, silently given.
function refuseOtherVideo({ dataRoot, pipeline, digests }: Workspace, ep: string, video: string): void {
  const present = matchPattern(dataRoot, fillIn(pipeline.each, ep)).find((path) => existsSync(join(dataRoot, path)));
  if (present === undefined || !existsSync(video)) return; // it was brought in and removed since
  if (realpathSync(video) === realpathSync(join(dataRoot, present))) return;
  if (statSync(video).isFile() && digestFile(video) === digests.digestOf(present)) return;
  throw problem(
    'episode-exists',
    `episode ${ep} has another video already: ${present} is not ${video}`,
    'to replace it, remove it first; or give the new one another name',
  );
}
