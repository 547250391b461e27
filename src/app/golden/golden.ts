// Records and checks golden episodes: what is on disk, or with `recompute` what the stages give anew.
import { problem } from '../../base/problem.js';
import { select } from '../select.js';
import { Session, type BuildOptions } from '../session.js';
import { openScratch } from '../scratch.js';
import { requireEpisode, type Workspace } from '../workspace.js';
import { compareGolden, type Finding } from './compare.js';
import { defaultTolerance, goldenPath, readGolden, writeGolden } from './golden-file.js';
import { observe, type Observed } from './observe.js';

export interface GoldenJson {
  readonly version: 1;
  readonly ok: boolean;
  readonly episodes: readonly string[];
  /** Stages and people compared. */
  readonly checked: number;
  readonly moved: readonly Finding[];
}

export interface GoldenOptions extends Omit<BuildOptions, 'planned'> {
  readonly env: NodeJS.ProcessEnv;
  /** Compute every stage anew, beside the artifacts and without the store. */
  readonly recompute: boolean;
}

/** Writes golden/{ep}.json of each episode, which must be up to date; tolerances that are there stay. */
export async function recordGolden(session: Session, episodes: readonly string[]): Promise<string[]> {
  const { workspace } = session;
  const paths: string[] = [];
  for (const ep of episodes) {
    requireEpisode(ep, workspace.episodes());
    const stale = staleOf(session, ep);
    if (stale.length > 0)
      throw problem(
        'stale-episode',
        `episode ${ep} is not up to date: ${stale.map(({ id }) => id).join(', ')}`,
        `build it first with: sa build ${ep}`,
      );
    const before = readGolden(workspace.projectRoot, ep);
    const { facts } = await observe(workspace, ep);
    writeGolden(workspace.projectRoot, { ...facts, tolerance: before?.tolerance ?? defaultTolerance });
    paths.push(goldenPath(ep));
  }
  return paths;
}

/** Compares each episode with its golden file. What is not up to date is a finding of its own. */
export async function checkGolden(
  session: Session,
  episodes: readonly string[],
  options: GoldenOptions,
): Promise<GoldenJson> {
  const { workspace } = session;
  const moved: Finding[] = [];
  let checked = 0;
  for (const ep of episodes) {
    requireEpisode(ep, workspace.episodes());
    const golden = readGolden(workspace.projectRoot, ep);
    if (golden === undefined)
      throw problem('no-golden', `there is no ${goldenPath(ep)}`, `record it with: sa golden record ${ep}`);
    checked += Object.keys(golden.stages).length + golden.people.length;
    const stale = options.recompute ? [] : staleOf(session, ep);
    if (stale.length > 0) moved.push(...stale);
    else
      moved.push(
        ...compareGolden(
          golden,
          options.recompute ? await recomputed(workspace, ep, options) : await observe(workspace, ep),
        ),
      );
  }
  return { version: 1, ok: moved.length === 0, episodes, checked, moved };
}

function staleOf(session: Session, ep: string): Finding[] {
  const { steps } = session.judge(select(session.workspace, { words: [ep], all: false }));
  return steps.flatMap(({ action, verdict }) =>
    verdict.kind === 'fresh' || action.ep !== ep
      ? []
      : [{ kind: 'stale' as const, id: action.id, text: 'not up to date; build first' }],
  );
}

async function recomputed(workspace: Workspace, ep: string, options: GoldenOptions): Promise<Observed> {
  const words = { words: [ep], all: false };
  const scratch = await openScratch(workspace, select(workspace, words), {
    ...options,
    artifacts: false,
    onWait: (holder) => options.observer.waiting(holder),
  });
  try {
    const session = new Session(scratch.workspace, { explicit: {}, force: [], trust: [], noCache: true });
    const reports = await session.build(select(scratch.workspace, words), options);
    const failed = reports.find(({ outcome }) => outcome.kind === 'failed');
    if (failed?.outcome.kind === 'failed') throw failed.outcome.error;
    return await observe(scratch.workspace, ep);
  } finally {
    scratch.remove();
  }
}
