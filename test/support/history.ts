// Runs one random history: edits, builds, and after each build everything that must then hold. A
// broken promise throws an Error that names the seed and every step that led there.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { quickBuild, quickPlan } from '../../src/app/quick.js';
import type { Question } from '../../src/app/recall.js';
import { select } from '../../src/app/select.js';
import { Session } from '../../src/app/session.js';
import { verify } from '../../src/app/verify.js';
import { openWorkspace } from '../../src/app/workspace.js';
import { editProject, randomProject } from './history-edits.js';
import { projectFiles } from './history-files.js';
import { Dice, evaluate, type ModelAction, type Project } from './history-model.js';

export interface HistoryOptions {
  readonly seed: number;
  readonly steps: number;
  /** Share of rules that start a process; the others are modules, which are quicker. */
  readonly commands: number;
}

export interface HistoryFigures {
  readonly builds: number;
  readonly ran: number;
  readonly restored: number;
  readonly interrupted: number;
  /** Builds that judged only what was not as it was remembered. */
  readonly fromMemory: number;
}

/** Lives the history of `seed` to its end. Rejects with the seed and the steps when a promise is broken. */
export async function liveHistory(options: HistoryOptions): Promise<HistoryFigures> {
  const history = new History(options);
  try {
    return await history.live();
  } catch (error) {
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Error(
      `history with seed ${options.seed} (replay: SA_SEED=${options.seed})\n${history.steps.join('\n')}\n${said}`,
      { cause: error },
    );
  } finally {
    rmSync(history.root, { recursive: true, force: true });
  }
}

interface Branch {
  readonly project: Project;
  readonly locked: ReadonlyMap<string, string>;
  /** Its lockfiles, by path below manifests. */
  readonly files: Readonly<Record<string, string>>;
}

class History {
  readonly root = mkdtempSync(join(tmpdir(), 'sa-history-'));
  readonly steps: string[] = [];
  readonly #dice: Dice;
  readonly #length: number;
  readonly #commands: number;
  #project: Project;
  /** What a user's other branch holds, and the lockfiles that were committed with it. */
  #other: Branch | undefined;
  /** The key that each action was last recorded with. */
  #locked = new Map<string, string>();
  /** Keys of all that was ever finished. */
  readonly #ever = new Set<string>();
  /** A blob was damaged: what could be restored may have to be made again. */
  #storeHurt = false;
  #figures = { builds: 0, ran: 0, restored: 0, interrupted: 0, fromMemory: 0 };
  #sources = new Set<string>();

  constructor({ seed, steps, commands }: HistoryOptions) {
    this.#dice = new Dice(seed);
    this.#length = steps;
    this.#commands = commands;
    this.#project = randomProject(this.#dice, {
      episodes: 1 + this.#dice.below(2),
      rules: 2 + this.#dice.below(5),
      commands,
    });
  }

  async live(): Promise<HistoryFigures> {
    for (let step = 0; step < this.#length; step++) {
      for (let edits = step === 0 ? 0 : 1 + this.#dice.below(2); edits > 0; edits--) this.steps.push(this.#edit());
      this.#writeSources();
      if (this.#dice.chance(0.15)) await this.#interruptedBuild();
      await this.#build();
    }
    await this.#compareWithCleanBuild();
    return this.#figures;
  }

  #edit(): string {
    switch (this.#dice.below(16)) {
      case 0:
        return this.#hurtOutput('deleted');
      case 1:
        return this.#hurtOutput('altered');
      case 2:
        rmSync(join(this.root, 'data/made'), { recursive: true, force: true });
        return 'all outputs deleted';
      case 3:
      case 4:
        return this.#switchBranch();
      case 5:
        return this.#hurtLockfile();
      case 6:
        return this.#dice.chance(0.3) ? this.#hurtStore() : 'nothing';
      default: {
        const { project, did } = editProject(this.#dice, this.#project, this.#commands);
        this.#project = project;
        return did;
      }
    }
  }

  #hurtOutput(how: 'deleted' | 'altered'): string {
    const files = evaluate(this.#project).flatMap((action) => Object.keys(action.files));
    const path = join(this.root, 'data', this.#dice.pick(files));
    if (!existsSync(path)) return 'nothing';
    if (how === 'deleted') rmSync(path);
    else writeFileSync(path, this.#dice.chance(0.5) ? '' : 'by hand');
    return `${how} ${path.slice(this.root.length)}`;
  }

  #switchBranch(): string {
    const here: Branch = {
      project: this.#project,
      locked: new Map(this.#locked),
      files: readTree(join(this.root, 'data/manifests')),
    };
    const there = this.#other;
    this.#other = here;
    if (there === undefined) return 'a branch is made';
    this.#project = there.project;
    // As `git checkout` does: the other branch's lockfiles come with it, the outputs stay.
    const { files } = there;
    for (const path of Object.keys(here.files)) if (!(path in files)) rmSync(join(this.root, 'data/manifests', path));
    this.#write('data/manifests', files);
    this.#locked = new Map(there.locked);
    return 'switched branch';
  }

  #hurtLockfile(): string {
    const ep = this.#dice.pick(['', ...Object.keys(this.#project.videos)]);
    const path = join(this.root, 'data/manifests', ep, 'sa.lock');
    if (!existsSync(path)) return 'nothing';
    if (this.#dice.chance(0.5)) rmSync(path);
    else writeFileSync(path, readFileSync(path).subarray(0, this.#dice.below(statSync(path).size - 1)));
    for (const id of [...this.#locked.keys()]) if ((id.split('@')[1] ?? '') === ep) this.#locked.delete(id);
    return `lockfile of ${ep === '' ? 'the project' : ep} cut`;
  }

  #hurtStore(): string {
    const store = join(this.root, 'data/.sa/store');
    const blobs = Object.keys(readTree(join(store, 'blobs')));
    if (blobs.length === 0 || this.#dice.chance(0.3)) {
      rmSync(store, { recursive: true, force: true });
      this.#ever.clear();
      return 'store removed';
    }
    this.#storeHurt = true;
    const blob = join(store, 'blobs', this.#dice.pick(blobs));
    const bytes = readFileSync(blob);
    if (bytes.length > 0) bytes[this.#dice.below(bytes.length)]! ^= 1 << this.#dice.below(8);
    writeFileSync(blob, bytes);
    return 'a bit of a blob flipped';
  }

  async #session(root = this.root): Promise<Session> {
    const workspace = await openWorkspace({ cwd: root, env: {} });
    return new Session(workspace, { explicit: {}, force: [], trust: [] });
  }

  /** A build that a user stops when its n-th action starts. Nothing that was finished may be lost. */
  async #interruptedBuild(): Promise<void> {
    const stop = new AbortController();
    let left = 1 + this.#dice.below(3);
    const actions = new Map(evaluate(this.#project).map((action) => [action.id, action]));
    const session = await this.#session();
    let finished = 0;
    try {
      await session.build(select(session.workspace, { words: [], all: true }), {
        jobs: 2,
        keepGoing: true,
        signal: stop.signal,
        observer: {
          started: () => --left === 0 && stop.abort(new Error('stopped')),
          progress: () => undefined,
          model: () => undefined,
          waiting: () => undefined,
          finished: ({ action: { id }, outcome }) => {
            if (outcome.kind === 'failed' || outcome.kind === 'skipped') return;
            finished++;
            this.#record(actions.get(id)!, outcome.kind);
          },
        },
      });
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
    this.#figures.interrupted++;
    this.steps.push(`stopped after ${finished} actions`);
  }

  async #build(): Promise<void> {
    const actions = evaluate(this.#project);
    const expected = this.#foresee(actions);
    const session = await this.#session();
    const selection = select(session.workspace, { words: [], all: true });
    const planned = new Map(session.plan(selection).steps.map(({ action, verdict }) => [action.id, verdict.kind]));
    const remembered = await this.#compareWithMemory(planned);
    rmSync(join(this.root, 'log'), { force: true });
    const options = {
      jobs: 1 + this.#dice.below(3),
      keepGoing: true,
      signal: new AbortController().signal,
      observer: { started: ignore, progress: ignore, finished: ignore, model: ignore, waiting: ignore },
    };
    const quick =
      remembered && this.#dice.chance(0.8) ? await quickBuild(this.#question, this.#choice, options) : undefined;
    const reports = quick?.reports ?? (await session.build(selection, options));
    // Of those that were not looked at, the build says that they are fresh.
    const outcomes = new Map<string, string>(quick === undefined ? [] : [...planned.keys()].map((id) => [id, 'fresh']));
    for (const { action, outcome } of reports) outcomes.set(action.id, outcome.kind);
    if (quick !== undefined) this.#figures.fromMemory++;
    this.#figures.builds++;
    this.steps.push(`build: ${[...outcomes].map(([id, kind]) => `${id} ${kind}`).join(', ')}`);
    const ran = existsSync(join(this.root, 'log')) ? readFileSync(join(this.root, 'log'), 'utf8').split('\n') : [];

    same('the actions', [...outcomes.keys()].sort(), actions.map(({ id }) => id).sort());
    for (const action of actions) {
      const { id, files } = action;
      const { outcome, verdict } = expected.get(id)!;
      const relaxed = this.#storeHurt && (outcome === 'restored' || verdict === 'restore');
      if (!(relaxed && ['built', 'restored'].includes(outcomes.get(id)!)))
        same(`what became of ${id}`, outcomes.get(id), outcome);
      const laterByStore = this.#storeHurt && ['later', 'run', 'restore'].includes(planned.get(id)!);
      if (!laterByStore) same(`the plan's word on ${id}`, planned.get(id), verdict);
      const didRun = ran.includes(id.includes('@') ? id : `${id}@`);
      same(`whether ${id} ran`, didRun, ['built', 'failed'].includes(outcomes.get(id)!));
      if (didRun && !['run', 'later'].includes(planned.get(id)!) && !this.#storeHurt)
        throw new Error(`${id} ran, but the plan did not say so`);
      if (outcomes.get(id) === 'failed' || outcomes.get(id) === 'skipped') continue;
      for (const [path, text] of Object.entries(files)) same(path, readOrNone(join(this.root, 'data', path)), text);
      this.#record(action, outcomes.get(id)!);
      this.#figures.ran += outcomes.get(id) === 'built' ? 1 : 0;
      this.#figures.restored += outcomes.get(id) === 'restored' ? 1 : 0;
    }
    const good = [...outcomes.values()].every((kind) => kind !== 'failed' && kind !== 'skipped');
    const again = await this.#session();
    const everything = select(again.workspace, { words: [], all: true, lockedToo: true });
    const found = verify(again, everything, { allowMissing: false });
    same('verify', found.stale.filter(({ id }) => outcomes.has(id)).length === 0, good);
    same('what is left in staging', readdirOrNone(join(this.root, 'data/.sa/tmp')), []);
    if (good && this.#dice.chance(0.5)) await this.#remember();
  }

  /** What is remembered must be what judging everything says, word for word. */
  async #compareWithMemory(planned: ReadonlyMap<string, string>): Promise<boolean> {
    const quick = await quickPlan(this.#question, this.#choice);
    if (quick === undefined) return false;
    const recalled = new Map<string, string>(quick.ids().map((id) => [id, 'fresh']));
    for (const { action, verdict } of quick.judged.steps) recalled.set(action.id, verdict.kind);
    same('what is remembered', [...recalled], [...planned]);
    return true;
  }

  /** As a build that finds nothing to do a moment later would, when no file is too young to be known by its look. */
  async #remember(): Promise<void> {
    await delay(40);
    const session = await this.#session();
    const selection = select(session.workspace, { words: [], all: true });
    const fresh = session.plan(selection).steps.every(({ verdict }) => verdict.kind === 'fresh' && !verdict.unrecorded);
    if (fresh) session.remember(this.#question, selection);
  }

  readonly #choice = { explicit: {}, force: [], trust: [] };

  get #question(): Question {
    return { words: [], all: true, options: { cwd: this.root, env: {} }, choice: this.#choice, allowMissing: false };
  }

  /** Verdict and outcome of every action, from the model alone. */
  #foresee(actions: readonly ModelAction[]): Map<string, { verdict: string; outcome: string }> {
    const expected = new Map<string, { verdict: string; outcome: string }>();
    for (const action of actions) {
      const before = action.needs.map(({ id, inside }) => ({ inside, ...expected.get(id)! }));
      const state = this.#isFresh(action) ? 'fresh' : this.#ever.has(action.key) ? 'restore' : 'run';
      const known = before.every(({ verdict, inside }) => verdict === 'fresh' || (verdict === 'restore' && !inside));
      const blocked = before.some(({ outcome }) => outcome === 'failed' || outcome === 'skipped');
      const words = { fresh: 'fresh', restore: 'restored', run: action.rule.fails ? 'failed' : 'built' } as const;
      expected.set(action.id, { verdict: known ? state : 'later', outcome: blocked ? 'skipped' : words[state] });
    }
    return expected;
  }

  #isFresh({ id, key, files, rule }: ModelAction): boolean {
    if (this.#locked.get(id) !== key) return false;
    const intact = Object.entries(files).every(([path, text]) => readOrNone(join(this.root, 'data', path)) === text);
    if (!intact || !rule.folder) return intact;
    const folder = dirname(Object.keys(files).find((path) => path.endsWith('/main'))!);
    return Object.keys(readTree(join(this.root, 'data', folder))).length === 2;
  }

  #record({ id, key }: ModelAction, outcome: string): void {
    this.#locked.set(id, key);
    if (outcome === 'built') this.#ever.add(key);
  }

  /** The same sources, never built: artifacts and lockfiles must be the same bytes. */
  async #compareWithCleanBuild(): Promise<void> {
    this.#project = { ...this.#project, rules: this.#project.rules.map((rule) => ({ ...rule, fails: false })) };
    this.steps.push('nothing fails any more');
    this.#writeSources();
    await this.#build();
    const clean = mkdtempSync(join(tmpdir(), 'sa-clean-'));
    try {
      writeTree(clean, projectFiles(this.#project));
      const session = await this.#session(clean);
      await session.build(select(session.workspace, { words: [], all: true }), {
        jobs: 2,
        keepGoing: false,
        signal: new AbortController().signal,
        observer: { started: ignore, progress: ignore, finished: ignore, model: ignore, waiting: ignore },
      });
      for (const folder of ['data/made', 'data/manifests']) {
        const [mine, theirs] = [readTree(join(this.root, folder)), readTree(join(clean, folder))];
        if (folder === 'data/manifests') same('the lockfiles', Object.keys(mine).sort(), Object.keys(theirs).sort());
        for (const [path, text] of Object.entries(theirs)) same(`${folder}/${path} of a clean build`, mine[path], text);
      }
    } finally {
      rmSync(clean, { recursive: true, force: true });
    }
  }

  #writeSources(): void {
    const files = projectFiles(this.#project);
    for (const path of this.#sources) if (!(path in files)) rmSync(join(this.root, path), { force: true });
    this.#sources = new Set(Object.keys(files));
    this.#write('.', files);
    // An episode that a user removes goes with its lockfile; verify would miss its video otherwise.
    for (const path of Object.keys(readTree(join(this.root, 'data/manifests')))) {
      const ep = dirname(path);
      if (ep === '.' || ep in this.#project.videos) continue;
      rmSync(join(this.root, 'data/manifests', ep), { recursive: true });
      for (const id of [...this.#locked.keys()]) if (id.endsWith(`@${ep}`)) this.#locked.delete(id);
    }
  }

  #write(folder: string, files: Readonly<Record<string, string>>): void {
    writeTree(join(this.root, folder), files);
  }
}

const ignore = (): void => undefined;

function same(what: string, found: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what}: found ${is}, expected ${should}`);
}

function readOrNone(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? readFileSync(path, 'utf8') : undefined;
}

function readdirOrNone(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}

function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    if (readOrNone(join(root, path)) === text) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function readTree(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return Object.fromEntries(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]),
  );
}
