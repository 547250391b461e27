// Builds, then again on each edit. What an edit means is found by planning again, never guessed from
// the event: an edit that makes nothing stale starts nothing, and a build that is under way is
// stopped only when what it runs at that moment has become stale.
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { readOrRecall } from '../app/compiled.js';
import type { MachineChoice } from '../app/machine.js';
import { select, type Selection, type Words } from '../app/select.js';
import { Session, type BuildOptions, type SessionOptions } from '../app/session.js';
import { pipelineName } from '../app/project.js';
import { pipelineText, type Workspace } from '../app/workspace.js';
import { problem, ProblemError } from '../base/problem.js';
import type { ActionReport } from '../engine/execute.js';
import type { Plan } from '../engine/plan.js';
import { loadCatalogue } from '../runner/catalogue.js';
import { listen, type Listening } from './files.js';
import { Hints } from './hints.js';
import { readResults, type Results } from './results.js';
import { roundOf, type Round } from './round.js';
import { watchSet } from './watch-set.js';

type Observer = BuildOptions['observer'];

/** Told of what happens; it prints. */
export interface WatchObserver {
  /** A new observer for each build, and its end. */
  building(): Observer & { end(): void };
  round(round: Round, selection: Selection): void;
  /** An edit after which nothing is to be made. */
  idle(paths: readonly string[]): void;
  /** An edit made stale what is being built. */
  restarting(paths: readonly string[]): void;
  /** Nothing can be built until the next edit. */
  problem(error: ProblemError): void;
}

export interface WatchOptions {
  open(): Promise<Workspace>;
  readonly projectRoot: string;
  /** The data root that flags or the environment name; else pipeline.yaml does. */
  readonly dataRoot: string | undefined;
  readonly words: Words;
  /** `force` counts for the first build alone. */
  readonly choice: SessionOptions;
  readonly machine: MachineChoice;
  readonly keepGoing: boolean;
  /** Look at files regularly, where the file system tells nothing. */
  readonly poll: boolean;
  readonly observer: WatchObserver;
  readonly signal: AbortSignal;
}

/** Stands among edited paths for no edit, but a reason to look. */
const aLook = '';

/** Faults of the words that were typed, which no edit mends. */
const faultsOfWords = new Set([
  'no-pipeline',
  'unknown-word',
  'unknown-profile',
  'unknown-param',
  'bad-value',
  'wrong-type',
  'out-of-range',
]);

/**
 * Watches until `signal` aborts, and resolves then; rejects with the signal's reason when a build was
 * under way. Throws ProblemError at once when the words name nothing.
 */
export async function watchProject(options: WatchOptions): Promise<void> {
  const watching = new Watching(options);
  try {
    await watching.run();
  } finally {
    await watching.close();
  }
}

interface Opened {
  readonly session: Session;
  readonly selection: Selection;
  readonly plan: Plan;
}

/** What is carried from a build that was stopped into the one that follows. */
interface UnderWay {
  readonly startedAt: number;
  readonly before: Map<string, Results>;
  readonly reports: Map<string, ActionReport>;
}

class Watching {
  readonly #options: WatchOptions;
  readonly #hints = new Hints();
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  /** Fingerprint with which each action failed: the same is not tried again unasked. */
  readonly #failed = new Map<string, string>();
  #listening: { readonly key: string; readonly handle: Listening } | undefined;
  #foldersCame = false;
  #force: readonly string[];
  #first = true;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#broken.signal]);
    this.#force = options.choice.force;
  }

  async run(): Promise<void> {
    let edits: readonly string[] = [];
    for (;;) {
      edits = await this.#round(edits);
      this.#first = false;
      if (edits.length > 0) continue;
      try {
        edits = await this.#hints.next(this.#signal);
      } catch (error) {
        if (this.#options.signal.aborted) return;
        throw error;
      }
    }
  }

  async close(): Promise<void> {
    this.#hints.close();
    await this.#listening?.handle.close();
  }

  /** Plans and builds once for `edits`; resolves with those that came meanwhile. */
  async #round(edits: readonly string[]): Promise<readonly string[]> {
    const { observer } = this.#options;
    let underWay: UnderWay | undefined;
    let paths = edits;
    // Saving pipeline.yaml again is how one asks for another try.
    if (edits.includes(join(this.#options.projectRoot, pipelineName))) this.#failed.clear();
    for (;;) {
      let opened: Opened;
      try {
        opened = await this.#open({ listening: true });
      } catch (error) {
        if (!(error instanceof ProblemError) || (this.#first && isFaultOfWords(error))) throw error;
        observer.problem(error);
        return [];
      }
      if (!this.#hasWork(opened.plan)) {
        if (underWay === undefined) this.#sayIdle(paths);
        return [];
      }
      underWay ??= { startedAt: performance.now(), before: resultsOf(opened), reports: new Map() };
      const built = await this.#build(opened, underWay);
      if (built.kind === 'stopped') {
        paths = built.edits;
        // A look may find an edit before its own hint has settled.
        observer.restarting(this.#shown([...new Set([...paths, ...this.#hints.waiting()])]));
        continue;
      }
      if (built.kind === 'refused') {
        observer.problem(built.error);
        return built.edits;
      }
      const reports = [...underWay.reports.values()];
      if (reports.length > 0) {
        const seconds = (performance.now() - underWay.startedAt) / 1000;
        const { plan, selection } = opened;
        observer.round(
          roundOf({ plan, reports, seconds, before: underWay.before, after: resultsOf(opened) }),
          selection,
        );
      } else this.#sayIdle(paths);
      // A depfile may have named files that nobody listened to until now.
      await this.#listen(opened.session.workspace, opened);
      return built.edits;
    }
  }

  async #open({ listening }: { readonly listening: boolean }): Promise<Opened> {
    const { choice, words, projectRoot } = this.#options;
    if (!existsSync(join(projectRoot, pipelineName)))
      throw problem('no-pipeline', `${pipelineName} is no longer there`, 'put it back, and the build goes on');
    let workspace: Workspace;
    try {
      workspace = await this.#options.open();
    } catch (error) {
      if (listening) await this.#listenWithoutWorkspace();
      throw error;
    }
    const session = new Session(workspace, { ...choice, force: this.#force });
    let selection: Selection | undefined;
    try {
      selection = select(workspace, words);
    } finally {
      if (listening) await this.#listen(workspace, selection && { session, selection });
    }
    return { session, selection, plan: session.plan(selection) };
  }

  async #listen(
    {
      projectRoot,
      dataRoot,
      pipeline,
    }: Pick<Workspace, 'projectRoot' | 'dataRoot'> & Partial<Pick<Workspace, 'pipeline'>>,
    opened?: Pick<Opened, 'session' | 'selection'>,
  ): Promise<void> {
    const set = watchSet({ projectRoot, dataRoot, pipeline, found: opened === undefined ? [] : foundFiles(opened) });
    const before = this.#listening;
    if (before?.key === set.key && !this.#foldersCame) return;
    this.#foldersCame = false;
    // The old one goes only when the new one listens, so that no edit falls between them.
    const handle = await listen(set, {
      poll: this.#options.poll,
      onHint: (path) => this.#hints.add(path),
      onFolder: () => {
        this.#foldersCame = true;
        this.#hints.add(aLook);
      },
      onError: (error) => this.#broken.abort(asWatchProblem(error)),
    });
    this.#listening = { key: set.key, handle };
    await before?.handle.close();
    // What was edited after it was read and before anyone listened gave no hint.
    this.#hints.add(aLook);
  }

  // An input may be what is missing: the pipeline says where it would lie.
  async #listenWithoutWorkspace(): Promise<void> {
    const { projectRoot, dataRoot } = this.#options;
    let pipeline: Workspace['pipeline'];
    try {
      const text = pipelineText(join(projectRoot, pipelineName));
      ({ pipeline } = await readOrRecall({ text, file: pipelineName, catalogue: await loadCatalogue(), projectRoot }));
    } catch {
      // What was listened to until now is still the best guess.
      if (this.#listening === undefined) await this.#listen({ projectRoot, dataRoot: projectRoot });
      return;
    }
    await this.#listen({ projectRoot, dataRoot: resolve(projectRoot, dataRoot ?? pipeline.data), pipeline });
  }

  #hasWork({ steps }: Plan): boolean {
    const stale = steps.filter(({ verdict }) => verdict.kind !== 'fresh');
    if (stale.length === 0) return true; // the session may still have something to write down
    return stale.some(
      ({ action, verdict }) =>
        verdict.kind === 'restore' || (verdict.kind === 'run' && this.#failed.get(action.id) !== verdict.fingerprint),
    );
  }

  async #build(
    { session, selection, plan }: Opened,
    { reports }: UnderWay,
  ): Promise<
    | { readonly kind: 'done' | 'stopped'; readonly edits: readonly string[] }
    | { readonly kind: 'refused'; readonly error: ProblemError; readonly edits: readonly string[] }
  > {
    const { machine, keepGoing } = this.#options;
    const progress = this.#options.observer.building();
    const running = new Map<string, string>();
    const edits: string[] = [];
    const stop = new AbortController();
    const over = new AbortController();
    const stopIfStale = async (): Promise<void> => {
      try {
        if (await this.#anyStale(running)) stop.abort(new Error('an edit made stale what was being built'));
      } catch (error) {
        this.#broken.abort(error);
      }
    };
    const checks: Promise<void>[] = [];
    const overseeing = (async () => {
      while (!over.signal.aborted) {
        edits.push(...(await this.#hints.next(over.signal)));
        await stopIfStale();
      }
    })().catch(() => undefined); // only the end of the build ends the waiting
    const observer: Observer = {
      ...progress,
      started: (action, verdict, slot) => {
        if (verdict.kind === 'run') running.set(action.id, verdict.fingerprint);
        progress.started(action, verdict, slot);
        // What was edited before an action began may be what it is about to use.
        if (edits.length > 0) checks.push(stopIfStale());
      },
      finished: (report) => {
        const { action, outcome } = report;
        const fingerprint = running.get(action.id);
        if (outcome.kind === 'failed' && fingerprint !== undefined) this.#failed.set(action.id, fingerprint);
        else this.#failed.delete(action.id);
        running.delete(action.id);
        if (outcome.kind !== 'fresh' && outcome.kind !== 'trusted') reports.set(action.id, report);
        progress.finished(report);
      },
    };
    try {
      await session.build(selection, {
        ...machine,
        keepGoing,
        observer,
        planned: plan,
        signal: AbortSignal.any([this.#signal, stop.signal]),
      });
      this.#force = [];
      return { kind: 'done', edits };
    } catch (error) {
      if (this.#signal.aborted) throw error;
      if (stop.signal.aborted) return { kind: 'stopped', edits };
      if (error instanceof ProblemError) return { kind: 'refused', error, edits };
      throw error;
    } finally {
      over.abort();
      await Promise.all([overseeing, ...checks]);
      progress.end();
    }
  }

  // Whether a fresh look would give one of the running actions another manifest.
  async #anyStale(running: ReadonlyMap<string, string>): Promise<boolean> {
    let plan: Plan;
    try {
      ({ plan } = await this.#open({ listening: false }));
    } catch (error) {
      if (error instanceof ProblemError) return false; // told when it is this edit's turn
      throw error;
    }
    const fingerprints = new Map(plan.steps.map(({ action, verdict }) => [action.id, fingerprintIn(verdict)]));
    return [...running].some(([id, fingerprint]) => fingerprints.get(id) !== fingerprint);
  }

  // A build itself pins models: of that nothing needs to be said.
  #sayIdle(paths: readonly string[]): void {
    const byHand = this.#shown(paths).filter((path) => path !== join('models', 'models.lock'));
    if (byHand.length > 0) this.#options.observer.idle(byHand);
  }

  #shown(paths: readonly string[]): string[] {
    return paths.filter((path) => path !== aLook).map((path) => relative(this.#options.projectRoot, path));
  }
}

// Undefined where an input must be made first: then what runs now runs on an input that is about to change.
function fingerprintIn(verdict: Plan['steps'][number]['verdict']): string | undefined {
  switch (verdict.kind) {
    case 'fresh':
      return verdict.entry.fingerprint;
    case 'restore':
      return verdict.trace.fingerprint;
    case 'run':
      return verdict.fingerprint;
    case 'later':
      return undefined;
  }
}

function resultsOf({ session, selection }: Opened): Map<string, Results> {
  return new Map(selection.episodes.map((ep) => [ep, readResults(session.workspace.dataRoot, ep)]));
}

function foundFiles({ session, selection }: Pick<Opened, 'session' | 'selection'>): string[] {
  const lockfiles = session.lockfiles();
  return selection.actions.flatMap(({ ep, rule }) => Object.keys(lockfiles.get(ep, rule.name)?.manifest.found ?? {}));
}

function isFaultOfWords({ problems }: ProblemError): boolean {
  return problems.some(({ code, place }) => place === undefined && faultsOfWords.has(code));
}

function asWatchProblem(error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EMFILE') return error;
  return problem('watch-limit', 'the system lets no more files be watched', 'use --poll, or raise the limit', error);
}
