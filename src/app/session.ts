// What a command does with a project: plan, build, verify. One session holds one choice of
// parameters; each call judges the files as they are then.
import { existsSync, rmSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { ProblemError } from '../base/problem.js';
import type { ActionReport, BuildObserver } from '../engine/execute.js';
import { executePlan } from '../engine/execute.js';
import type { World } from '../engine/decide.js';
import { Durations } from '../engine/durations.js';
import type { Manifest } from '../engine/manifest.js';
import { Lockfiles, lockfilePath } from '../engine/lockfile.js';
import { expectedOf, type Expected } from '../engine/expected.js';
import { judge, makePlan, type Plan, type Step } from '../engine/plan.js';
import { clearStaging, clearTemporaries } from '../engine/publish.js';
import { isStagingUsed } from '../engine/staging-area.js';
import { escapeFrom } from '../disk/inside.js';
import { asDiskProblem } from '../disk/disk-problem.js';
import { takeMutex, tryMutex } from '../disk/lock.js';
import type { Pools } from '../pipeline/pipeline.js';
import type { RunNotes } from '../runner/runner.js';
import { Inventory } from '../store/inventory.js';
import { registerProject } from '../store/projects.js';
import { Store, type Trace } from '../store/store.js';
import type { Past } from './explain.js';
import { Facts, type ParamChoice } from './facts.js';
import { machinePoolsFor, type MachineChoice } from './machine.js';
import { usableProcessors } from './processors.js';
import type { Part } from './part.js';
import { keep, ledgerPath, type Question, type Recalled } from './recall.js';
import { ledgerOf } from './remember.js';
import { requireRules, type Selection } from './select.js';
import { makeStateRoot, type Workspace } from './workspace.js';

export interface SessionOptions extends ParamChoice {
  /** Groups, rules or kinds to run whatever their fingerprint says. */
  readonly force: readonly string[];
  /** Groups, rules or kinds whose outputs on disk are to be believed. */
  readonly trust: readonly string[];
  /** Neither restore from the store nor keep anything in it. */
  readonly noCache?: boolean | undefined;
}

export interface BuildOptions extends MachineChoice {
  readonly keepGoing: boolean;
  readonly observer: BuildObserver & RunNotes & { waiting(holder: string): void };
  readonly signal: AbortSignal;
  /** What `plan` said of this very selection a moment ago: it is then not judged once more. */
  readonly planned?: Plan | undefined;
}

export class Session {
  readonly workspace: Workspace;
  readonly facts: Facts;
  readonly #options: SessionOptions;
  /** Those that the last judgement or build read and wrote. */
  #lockfiles: Lockfiles | undefined;

  constructor(workspace: Workspace, options: SessionOptions) {
    this.workspace = workspace;
    this.#options = options;
    this.facts = new Facts(workspace, options);
  }

  /** The dry run: judges and changes nothing but this machine's memory of digests. */
  plan({ actions }: Selection, { allowMissing = false } = {}): Plan {
    const plan = makePlan(actions, this.#world(this.lockfiles(), allowMissing));
    this.#saveWherePossible(() => this.workspace.digests.save());
    return plan;
  }

  /** The same for the actions that must be judged again since all was fresh. */
  planPart({ actions, settled, lockfiles }: Part): Plan {
    this.#lockfiles = lockfiles;
    return makePlan(actions, { ...this.#world(lockfiles, false), settled });
  }

  /** The same for verify and status: a missing user file makes its actions stale instead of failing. */
  judge({ actions }: Selection, { allowMissing = false } = {}): Plan {
    const { plan } = judge(actions, this.#world(this.lockfiles(), allowMissing));
    this.#saveWherePossible(() => this.workspace.digests.save());
    return plan;
  }

  /** How long what `plan` says will probably take, by what it took before. */
  expected(plan: Plan): Expected {
    return expectedOf(plan, this.#secondsOf(this.#durations()));
  }

  #durations(): Durations {
    return new Durations(join(this.workspace.stateRoot, 'durations.json'));
  }

  // On this machine, else where the lockfile's results were made.
  #secondsOf(durations: Durations): (step: Step) => number | undefined {
    const [lockfiles, store] = [this.lockfiles(), new Store(this.workspace.storeRoot)];
    return ({ action }) => {
      const known = durations.of(action);
      if (known !== undefined) return known;
      const built = lockfiles.get(action.ep, action.rule.name);
      return built && store.find(built.fingerprint)?.seconds;
    };
  }

  /** Lockfiles as they are now. */
  lockfiles(): Lockfiles {
    return (this.#lockfiles = new Lockfiles(this.workspace.dataRoot));
  }

  /**
   * Remembers that everything that was judged, or built, last is fresh, for whoever asks the same again.
   * Call only when it is. With --force or --trust nothing is remembered: they are of one call.
   */
  remember(question: Question, selection: Selection): void {
    const { actions } = selection;
    const lockfiles = this.#lockfiles;
    const { force, trust } = this.#options;
    if (lockfiles === undefined || force.length > 0 || trust.length > 0 || this.#mustForget(selection)) return;
    const { workspace } = this;
    const ledger = ledgerOf({ workspace, actions, lockfiles, lockedToo: question.lockedToo === true });
    if (ledger !== undefined) keep(ledger, ledgerPath(workspace.projectRoot, question));
  }

  /** What lockfiles and store say of earlier builds, for explain. */
  past(): Past {
    const lockfiles = this.lockfiles();
    let traces: ReadonlyMap<string, readonly Trace[]> | undefined;
    return {
      builtWith: ({ ep, rule }) => lockfiles.get(ep, rule.name)?.manifest,
      madeWith: ({ id }, role, digest) => {
        traces ??= new Inventory(this.workspace.storeRoot).tracesByAction();
        const made = traces.get(id)?.find(({ outputs }) => outputs[role]?.digest === digest);
        // It is the very value that the engine kept; a trace of an older version has none.
        return made?.manifest as Manifest | undefined;
      },
    };
  }

  /** Makes what is stale. Resolves with a report an action; rejects on abort, or on problems found before anything ran. */
  async build(selection: Selection, options: BuildOptions): Promise<readonly ActionReport[]> {
    const { pipeline, env } = this.workspace;
    const pools = machinePoolsFor(pipeline.resources, options, env);
    const pinned = await this.#pinModels(selection, options);
    const first = pinned ? this.plan(selection) : (options.planned ?? this.plan(selection));
    this.#registerAtStore(existsSync(this.workspace.storeRoot));
    const allFresh = first.steps.every(({ verdict }) => verdict.kind === 'fresh' && !verdict.unrecorded);
    if (allFresh && !this.#mustForget(selection)) {
      this.#saveWherePossible(() => this.workspace.digests.save());
      await this.#tidyUp();
      return first.steps.map(({ action, verdict }) => ({
        action,
        outcome: { kind: verdict.kind === 'fresh' && verdict.entry.trusted ? 'trusted' : 'fresh' },
        seconds: 0,
        startedAt: new Date(),
        counts: verdict.kind === 'fresh' ? verdict.entry.counts : {},
      }));
    }
    const reports = await this.#buildAlone(selection, { first, pools }, options);
    if (reports === undefined) throw new Error('a whole build was taken for a part of one');
    return reports;
  }

  /** Makes what is stale of a part; undefined when another build was quicker, and all must be judged anew. */
  async buildPart(part: Part, recalled: Recalled, options: BuildOptions): Promise<readonly ActionReport[] | undefined> {
    const { pipeline, env } = this.workspace;
    const pools = machinePoolsFor(pipeline.resources, options, env);
    return this.#buildAlone(part, { first: this.planPart(part), pools, part, recalled }, options);
  }

  async #buildAlone(
    selection: Looked,
    work: WorkAtHand,
    options: BuildOptions,
  ): Promise<readonly ActionReport[] | undefined> {
    try {
      return await this.#buildUnderMutex(selection, work, options);
    } catch (error) {
      throw asDiskProblem(error);
    }
  }

  async #buildUnderMutex(
    selection: Looked,
    { first, pools, part, recalled }: WorkAtHand,
    options: BuildOptions,
  ): Promise<readonly ActionReport[] | undefined> {
    this.#refuseEscapes(first);
    makeStateRoot(this.workspace);
    const { stateRoot, dataRoot } = this.workspace;
    const mutex = await takeMutex(join(stateRoot, 'lock'), {
      signal: options.signal,
      onWait: (holder) => options.observer.waiting(holder),
    });
    const durations = this.#durations();
    const temporaryRoot = join(stateRoot, 'tmp');
    try {
      if (recalled?.isOvertaken() === true) return undefined;
      this.#registerAtStore(true);
      clearStaging(temporaryRoot);
      const lockfiles = part?.lockfiles ?? this.lockfiles();
      for (const ep of lockedOf(selection)) {
        clearTemporaries(join(dataRoot, lockfilePath(ep), '..'));
        if (part === undefined) lockfiles.keepOnly(ep, this.#ruleNames(ep));
      }
      const world = { ...this.#world(lockfiles, false), settled: part?.settled };
      const { StageRunner } = await import('../runner/runner.js');
      const { projectRoot, catalogue, registry } = this.workspace;
      const runner = new StageRunner({
        projectRoot,
        dataRoot,
        catalogue,
        registry,
        pixelsRoot: join(temporaryRoot, 'pixels'),
        processors: usableProcessors(),
        notes: options.observer,
        paramsOf: (ep) => this.facts.paramsOf(ep),
        modelOf: (role, ep) => this.facts.modelOf(role, ep),
      });
      const secondsOf = this.#secondsOf(durations);
      // Judged again where another build was quicker: what it finished is not done twice.
      return await executePlan(stillHolds(first, lockfiles) ? first : makePlan(selection.actions, world), {
        world,
        runner,
        dataRoot,
        temporaryRoot,
        pools,
        expected: (step) => secondsOf(step) ?? unknownSeconds,
        keepGoing: options.keepGoing,
        observer: noting(options.observer, durations),
        signal: options.signal,
      });
    } finally {
      this.#saveWherePossible(() => rmSync(join(temporaryRoot, 'pixels'), { recursive: true, force: true }));
      this.#saveWherePossible(() => durations.save());
      this.#saveWherePossible(() => this.workspace.digests.save());
      mutex.release();
    }
  }

  // Before anything is written: a link in somebody's repository may lead anywhere.
  #refuseEscapes({ steps }: Plan): void {
    const { dataRoot, stateRoot, storeRoot } = this.workspace;
    const stale = steps.filter(({ verdict }) => verdict.kind !== 'fresh');
    const paths = new Set(
      stale.flatMap(({ action }) =>
        [...Object.values(action.outputs), lockfilePath(action.ep)].map((path) => dirname(path)),
      ),
    );
    const own = storeRoot.startsWith(stateRoot + sep) ? [storeRoot] : [];
    const folders = [stateRoot, join(stateRoot, 'tmp'), ...own, ...[...paths].map((path) => join(dataRoot, path))];
    const problems = folders.flatMap((folder) => escapeFrom(dataRoot, folder, relative(dataRoot, folder)) ?? []);
    if (problems.length > 0) throw new ProblemError(problems);
  }

  #registerAtStore(isThere: boolean): void {
    const { storeRoot, dataRoot } = this.workspace;
    if (isThere && this.#options.noCache !== true) registerProject(storeRoot, dataRoot);
  }

  // What a killed build left in staging goes even when there is nothing to build; a running one keeps its own.
  async #tidyUp(): Promise<void> {
    const { stateRoot } = this.workspace;
    if (!isStagingUsed(join(stateRoot, 'tmp'))) return;
    const mutex = await tryMutex(join(stateRoot, 'lock'));
    if (mutex === undefined) return;
    clearStaging(join(stateRoot, 'tmp'));
    mutex.release();
  }

  // A rule that is gone leaves a lockfile as a clean build would write it.
  #mustForget(selection: Looked): boolean {
    const lockfiles = this.#lockfiles ?? this.lockfiles();
    return lockedOf(selection).some((ep) => lockfiles.holdsOthers(ep, this.#ruleNames(ep)));
  }

  // The rules that have an entry in the lockfile of `ep`: a rule may have moved between the two kinds.
  #ruleNames(ep: string | undefined): Set<string> {
    const scope = ep === undefined ? 'project' : 'episode';
    return new Set(this.workspace.pipeline.rules.filter((rule) => rule.scope === scope).map(({ name }) => name));
  }

  /** Whether a model was chosen that was not before. */
  async #pinModels({ actions }: Selection, { observer, signal }: BuildOptions): Promise<boolean> {
    let pinned = false;
    for (const role of ['detector', 'embedder'] as const) {
      const needing = actions.find(
        ({ rule, ep }) => rule.models.includes(role) && this.facts.modelOf(role, ep) === undefined,
      );
      if (!needing) continue;
      const { pinAuto } = await import('../models/choose.js');
      await pinAuto(this.workspace.registry, role, this.facts.modelWord(role, needing.ep), {
        signal,
        onEvent: (event) => observer.model(event),
      });
      this.facts.refreshModels();
      pinned = true;
    }
    return pinned;
  }

  #world(lockfiles: Lockfiles, allowMissing: boolean): World {
    const { pipeline, storeRoot, digests } = this.workspace;
    const { force, trust, noCache } = this.#options;
    const shared = this.facts.paramsOf(undefined);
    const forced = [...force, ...(shared['force_recluster'] === true ? ['cluster'] : [])];
    const trusted = [
      ...trust,
      ...(shared['reuse_detections'] === true ? ['detect_track'] : []),
      ...(shared['reuse_embeddings'] === true ? ['faces_embed'] : []),
    ];
    return {
      digests,
      lockfiles,
      store: noCache === true ? undefined : new Store(storeRoot),
      factsOf: (action) => this.facts.of(action),
      codeNow: (action) => new Facts(this.workspace, this.#options).of(action).code,
      digestOfFound: (path) => digests.digestOf(path),
      forced: requireRules(pipeline, forced),
      trusted: requireRules(pipeline, trusted),
      allowMissing,
    };
  }

  // A memory that cannot be written (a read-only checkout in CI) only costs time.
  #saveWherePossible(save: () => void): void {
    try {
      save();
    } catch (error) {
      if (
        !['EACCES', 'EROFS', 'EPERM', 'ENOSPC', 'EDQUOT', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')
      )
        throw error;
    }
  }
}

interface WorkAtHand {
  readonly first: Plan;
  readonly pools: Pools;
  /** Where only a part is judged, of an answer that is remembered. */
  readonly part?: Part;
  readonly recalled?: Recalled;
}

/** What an action is taken to last that never ran here: with nothing but these, the longest chain goes first. */
const unknownSeconds = 1;

/** The observer, with how long each action took noted by the way. */
function noting(observer: BuildObserver, durations: Durations): BuildObserver {
  return {
    started: (action, verdict, slot) => observer.started(action, verdict, slot),
    progress: (action, done, total) => observer.progress(action, done, total),
    chunk: observer.chunk && ((action, chunk) => observer.chunk!(action, chunk)),
    finished(report) {
      if (report.outcome.kind === 'built') durations.note(report.action, report.outcome.trace.seconds);
      observer.finished(report);
    },
  };
}

// Whether what the plan found fresh is what the lockfiles, read under the mutex, say too.
function stillHolds({ steps }: Plan, lockfiles: Lockfiles): boolean {
  return steps.every(({ action, verdict }) => {
    if (verdict.kind !== 'fresh') return true;
    const now = lockfiles.get(action.ep, action.rule.name);
    const { fingerprint, outputs } = verdict.entry;
    return (
      now?.fingerprint === fingerprint && Object.entries(outputs).every(([role, one]) => now.outputs[role] === one)
    );
  });
}

/** What a build looks after: its actions, and episodes of which it may have none any more. */
type Looked = Pick<Selection, 'actions'> & Partial<Pick<Selection, 'episodes'>>;

// Whose lockfiles that is, and the one of the rules made once. An episode whose last rule was removed has
// no action, but still a lockfile to be rid of.
function lockedOf({ actions, episodes = [] }: Looked): (string | undefined)[] {
  return [...new Set([undefined, ...episodes, ...actions.map(({ ep }) => ep)])];
}
