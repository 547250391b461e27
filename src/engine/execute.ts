// Carries a plan out: restores or runs each action once all it needs is done, publishes its outputs
// and records them last. What became of each action is a value; a failure stops only what needs it.
import { setMaxListeners } from 'node:events';
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../base/canonical-json.js';
import type { Action } from '../graph/graph.js';
import type { ContentDigest } from '../hash/xxh64.js';
import type { Pools } from '../pipeline/pipeline.js';
import type { Trace } from '../store/store.js';
import { Company, type RunChunks } from './company.js';
import { runInChunks, type ChunkedAction, type ChunkedResult } from './chunks.js';
import { decide, type Verdict, type World } from './decide.js';
import type { ActionJob, RunResult } from './job.js';
import type { LockEntry } from './lockfile.js';
import { fingerprintOf, type Manifest } from './manifest.js';
import { dependentsOf, type Plan, type Step } from './plan.js';
import { clearTemporaries, digestStaged, publish, Staging } from './publish.js';
import type { Reason } from './reasons.js';
import { workThrough, type Means } from './schedule.js';
import { Slots } from './slots.js';

/** All that the engine needs of whoever runs actions. */
export interface ActionRunner {
  /** How the action's work is divided; undefined when it runs as a whole. */
  split(job: ActionJob, signal: AbortSignal): Promise<ChunkedAction | undefined>;
  /** Runs chunks side by side; what several of them read may be read once. One that fails leaves the others alone. */
  runChunks: RunChunks;
  /** The file of which this action's chunks are stretches, by a name; undefined where there is none or it must run by itself. */
  looksAt(action: Action): string | undefined;
  run(job: ActionJob, signal: AbortSignal): Promise<RunResult>;
}

/** What became of an action. */
export type Outcome =
  | { readonly kind: 'fresh' | 'trusted' }
  | { readonly kind: 'built'; readonly trace: Trace; readonly reasons: readonly Reason[] }
  | { readonly kind: 'restored'; readonly trace: Trace; readonly reasons: readonly Reason[] }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'skipped'; readonly because: string };

export interface ActionReport {
  readonly action: Action;
  readonly outcome: Outcome;
  readonly seconds: number;
  readonly startedAt: Date;
  /** What the action counted, now or when it was built; empty when it has no outputs. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Told of each step; for progress lines, never for decisions. */
export interface BuildObserver {
  /** `slot`: the smallest number, from 0, that no other action that runs has. */
  started(action: Action, verdict: Verdict, slot: number): void;
  progress(action: Action, done: number, total: number): void;
  /** A chunk of the action begins in a slot of its own, while the action has none; what is returned is called at its end. */
  chunk?: ((action: Action, chunk: { readonly index: number; readonly slot: number }) => () => void) | undefined;
  finished(report: ActionReport): void;
}

export interface Execution {
  readonly world: World;
  readonly runner: ActionRunner;
  readonly dataRoot: string;
  readonly temporaryRoot: string;
  readonly pools: Pools;
  /** Seconds that an action that runs will probably take; only for the order in which actions start. */
  expected(step: Step): number;
  readonly keepGoing: boolean;
  readonly observer: BuildObserver;
  readonly signal: AbortSignal;
}

/** An execution and the plan that it carries out. */
interface Running extends Execution {
  readonly plan: Plan;
}

/** Runs the plan to its end; resolves with a report an action, in plan order. Rejects only on abort or a bug. */
export async function executePlan(plan: Plan, execution: Execution): Promise<ActionReport[]> {
  const { observer, signal, world } = execution;
  // All that runs listens to it, as many as there are processors.
  setMaxListeners(0, signal);
  for (const folder of new Set(plan.steps.flatMap(({ action }) => foldersOf(action))))
    clearTemporaries(join(execution.dataRoot, folder));
  world.store?.sweep();
  const slots = new Slots(execution.pools, signal);
  const verdicts = new Map<Action, Verdict>();
  const reports = new Map<Action, ActionReport>();
  let failed = false;

  const report = (action: Action, outcome: Outcome, startedAt = new Date()): true => {
    failed ||= outcome.kind === 'failed';
    const seconds = (Date.now() - startedAt.getTime()) / 1000;
    const counts = world.lockfiles.get(action.ep, action.rule.name)?.counts ?? {};
    const made = { action, outcome, seconds, startedAt, counts };
    reports.set(action, made);
    observer.finished(made);
    return true;
  };
  const skip = (action: Action): boolean => {
    if (!failed) return false;
    const blocking = action.inputs
      .flatMap(({ madeBy }) => (madeBy && reports.get(madeBy.action)) ?? [])
      .find(({ outcome }) => outcome.kind === 'failed' || outcome.kind === 'skipped');
    if (blocking) return report(action, { kind: 'skipped', because: `${blocking.action.id} ${blocking.outcome.kind}` });
    return !execution.keepGoing && report(action, { kind: 'skipped', because: 'another action failed' });
  };
  let rejected: { readonly error: unknown } | undefined;
  try {
    await workThrough(
      plan.steps,
      {
        settle: ({ action, verdict }) =>
          verdict.kind === 'fresh' && report(action, keepFresh(action, verdict, verdicts, world)),
        skip,
        looksAt: (action) => execution.runner.looksAt(action),
        gather: (actions) => new Company(actions, (requests) => execution.runner.runChunks(requests)),
        async carryOut(action, means) {
          signal.throwIfAborted();
          if (skip(action)) return;
          const startedAt = new Date();
          report(action, await carryOut(action, verdicts, { ...execution, plan }, means), startedAt);
        },
      },
      { slots, expected: (step) => execution.expected(step) },
    );
  } catch (error) {
    rejected = { error };
  }
  try {
    world.lockfiles.save();
  } catch (error) {
    // Where an action's own record could not be written, its report says so already.
    const told = [...reports.values()].some(({ outcome }) => outcome.kind === 'failed');
    if (rejected === undefined && !told) throw error;
  }
  if (rejected !== undefined) throw rejected.error;
  return plan.steps.flatMap(({ action }) => reports.get(action) ?? []);
}

function keepFresh(
  action: Action,
  verdict: Verdict & { kind: 'fresh' },
  verdicts: Map<Action, Verdict>,
  world: World,
): Outcome {
  verdicts.set(action, verdict);
  if (verdict.unrecorded) world.lockfiles.set(action.ep, action.rule.name, verdict.entry);
  return { kind: verdict.entry.trusted ? 'trusted' : 'fresh' };
}

async function carryOut(
  action: Action,
  verdicts: Map<Action, Verdict>,
  execution: Running,
  means: Means,
): Promise<Outcome> {
  const { world, observer, signal } = execution;
  let verdict = decide(action, verdicts, world);
  if ('input' in verdict) return { kind: 'failed', error: new Error(`${verdict.input.path} is no longer there`) };
  if (verdict.kind === 'later') throw new Error(`${action.id} was started before what it needs`);
  if (verdict.kind === 'fresh') return keepFresh(action, verdict, verdicts, world);
  observer.started(action, verdict, means.hold.taken.slot);
  try {
    if (verdict.kind === 'restore') {
      const { trace, reasons } = verdict;
      if (restore(action, trace, execution)) {
        recordFresh(action, verdict.entry.manifest, trace, verdicts, execution);
        return { kind: 'restored', trace, reasons };
      }
      // A blob was damaged and is set aside: make it anew.
      verdict = { kind: 'run', manifest: verdict.entry.manifest, fingerprint: trace.fingerprint, reasons };
    }
    return await runAction(action, verdict, verdicts, execution, means);
  } catch (error) {
    if (signal.aborted) throw error;
    return { kind: 'failed', error };
  }
}

/**
 * What took less to make is not flushed to the disk: a power cut then costs making it again, which is
 * less than flushing it each time would. Nothing wrong can come of it: every blob, trace and artifact
 * is known by its digest.
 */
const flushedFromSeconds = 1;

async function runAction(
  action: Action,
  verdict: Verdict & { kind: 'run' },
  verdicts: Map<Action, Verdict>,
  execution: Running,
  means: Means,
): Promise<Outcome> {
  const { world, observer } = execution;
  const staging = new Staging(execution.temporaryRoot);
  const started = performance.now();
  try {
    const job: ActionJob = {
      action,
      manifest: verdict.manifest,
      resources: means.hold.taken.resources,
      dependents: () => dependentsOf(action, execution.plan),
      stagedPath: (role) => staging.pathFor(role, action.outputs[role]!),
      progress: (done, total) => observer.progress(action, done, total),
    };
    const { result, spentBefore = 0, forget } = await runJob(job, verdict.fingerprint, staging, { execution, means });
    execution.signal.throwIfAborted();
    refuseChangedInputs(action, verdict.manifest, world);
    const manifest = withFound(verdict.manifest, result.found ?? [], world);
    const outputs = Object.fromEntries(
      Object.keys(action.outputs).map((role) => [
        role,
        { staged: job.stagedPath(role), digest: digestOutput(action, role, job) },
      ]),
    );
    const seconds = spentBefore + (performance.now() - started) / 1000;
    const flush = { durable: seconds >= flushedFromSeconds };
    const trace: Trace = {
      fingerprint: fingerprintOf(manifest),
      action: action.id,
      outputs: Object.fromEntries(
        Object.entries(outputs).map(([role, { staged, digest }]) => [
          role,
          { digest, blob: keepBlob(staged, action.outputs[role]!, world, flush) },
        ]),
      ),
      counts: result.counts,
      seconds,
      device: result.device,
      manifest,
    };
    if (result.found) world.store?.keepDependencies(fingerprintOf({ ...manifest, found: {} }), result.found);
    world.store?.keep(trace, flush);
    forget?.();
    for (const [role, { staged }] of Object.entries(outputs))
      publish(staged, execution.dataRoot, action.outputs[role]!, flush);
    recordFresh(action, manifest, trace, verdicts, execution);
    return { kind: 'built', trace, reasons: verdict.reasons };
  } finally {
    staging.remove();
  }
}

/** Runs the job as a whole or in chunks; then `spentBefore` and `forget` are those of `runInChunks`. */
async function runJob(
  job: ActionJob,
  fingerprint: string,
  staging: Staging,
  { execution, means }: { readonly execution: Execution; readonly means: Means },
): Promise<Pick<ChunkedResult, 'result'> & Partial<ChunkedResult>> {
  const { runner, signal, world, observer } = execution;
  const work = await runner.split(job, signal);
  if (work === undefined) return { result: await runner.run(job, signal) };
  const { rule } = job.action;
  const run = {
    job,
    fingerprint,
    store: world.store,
    forced: world.forced.has(rule.name),
    // No role is called so.
    folder: join(staging.folder, '.chunks'),
    ...means,
    refuseChanges: () => refuseChangedInputs(job.action, job.manifest, world),
    began: (index: number, slot: number) => observer.chunk?.(job.action, { index, slot }),
  };
  return runInChunks(work, run, signal);
}

// Only what is already in place, and in the store, is recorded. From here on the action is fresh to
// those after it, however it came to be: they may look into its folders on disk.
function recordFresh(
  action: Action,
  manifest: Manifest,
  trace: Trace,
  verdicts: Map<Action, Verdict>,
  { world }: Execution,
): void {
  const outputs = Object.fromEntries(Object.entries(trace.outputs).map(([role, { digest }]) => [role, digest]));
  const entry: LockEntry = { fingerprint: trace.fingerprint, manifest, outputs, counts: trace.counts };
  world.lockfiles.set(action.ep, action.rule.name, entry);
  world.lockfiles.saveSoon();
  verdicts.set(action, { kind: 'fresh', entry, unrecorded: false });
}

function restore(action: Action, trace: Trace, { world, dataRoot, temporaryRoot }: Execution): boolean {
  const staging = new Staging(temporaryRoot);
  try {
    const wanted = Object.entries(action.outputs).filter(
      ([role, path]) => world.digests.digestOf(path) !== trace.outputs[role]?.digest,
    );
    const store = world.store!;
    const isWhole = store.whileUsing(trace, () =>
      wanted.every(([role, path]) => {
        const { blob, digest } = trace.outputs[role]!;
        const staged = staging.pathFor(role, path);
        const { blobs } = store;
        const found = path.endsWith('/') ? blobs.restoreFolder(blob, staged) : blobs.restoreFile(blob, staged);
        return found && digestStaged(staged) === digest;
      }),
    );
    if (!isWhole) {
      store.drop(trace.fingerprint);
      return false;
    }
    for (const [role, path] of wanted) publish(staging.pathFor(role, path), dataRoot, path, { durable: false });
    return true;
  } finally {
    staging.remove();
  }
}

function keepBlob(staged: string, path: string, { store }: World, flush: { readonly durable: boolean }): string {
  if (store === undefined) return '';
  return path.endsWith('/') ? store.blobs.putFolder(staged, flush) : store.blobs.putFile(staged, flush);
}

function digestOutput(action: Action, role: string, job: ActionJob): ContentDigest {
  const path = action.outputs[role]!;
  const stats = statSync(job.stagedPath(role), { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`it ended without writing its output ${role} (${path})`);
  if (path.endsWith('/') ? !stats.isDirectory() : !stats.isFile())
    throw new Error(`its output ${role} (${path}) is to be a ${path.endsWith('/') ? 'folder' : 'file'}, but is none`);
  return digestStaged(job.stagedPath(role));
}

// What was read must be what the manifest says, or the result would be recorded under a lie.
function refuseChangedInputs(action: Action, manifest: Manifest, world: World): void {
  if (canonicalJson(world.codeNow(action)) !== canonicalJson(manifest.code))
    throw new Error('its code changed while it ran; the result is not recorded, build again');
  for (const [role, files] of Object.entries(manifest.inputs)) {
    for (const { path, digest } of files) {
      if (world.digests.digestOf(path) !== digest)
        throw new Error(`its input ${path} (${role}) changed while it ran; the result is not recorded, build again`);
    }
  }
  for (const [path, digest] of Object.entries(manifest.found)) {
    if ((world.digestOfFound(path) ?? 'gone') !== digest)
      throw new Error(`its input ${path} changed while it ran; the result is not recorded, build again`);
  }
}

function withFound(manifest: Manifest, found: readonly string[], world: World): Manifest {
  return { ...manifest, found: Object.fromEntries(found.map((path) => [path, world.digestOfFound(path) ?? 'gone'])) };
}

function foldersOf({ outputs }: Action): string[] {
  return Object.values(outputs).map((path) => dirname(path));
}
