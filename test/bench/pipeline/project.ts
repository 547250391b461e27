// A project of its own for the built program, driven by its command line as a user would. It reads
// what the program says and what it left on disk, and nothing else.
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { shared } from '../../support/shared.js';
import { runTree, type TreeOptions, type TreeRun } from './tree.js';

const root = join(import.meta.dirname, '../../..');
/** The program as it was built. */
export const program = join(root, 'dist/src/cli/main.js');

/** Models that are installed on this machine: SA_MODELS, else the shared ones where there are any. */
export const modelsEnv: NodeJS.ProcessEnv =
  process.env['SA_MODELS'] === undefined && existsSync(shared('models')) ? { SA_MODELS: shared('models') } : {};

/** One build by the whole program, Node's start included. */
export interface Built extends TreeRun {
  /** Seconds of each rule that ran, by name. */
  readonly rules: Readonly<Record<string, number>>;
}

export class BenchProject {
  readonly folder: string;

  /** A new project in `folder` with the shipped pipeline.yaml. */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(root, 'pipeline.yaml'), join(folder, 'pipeline.yaml'));
  }

  /** Brings `video` in as `ep`, without a copy. */
  async add(ep: string, video: string): Promise<void> {
    await this.#run(['add', ep, video, '--link', '--quiet']);
  }

  async build(words: readonly string[], options: TreeOptions = {}): Promise<Built> {
    const ran = await this.#run(['build', ...words, '--json'], options);
    const { actions } = JSON.parse(ran.stdout) as {
      readonly actions: readonly { rule: string; outcome: string; runtime_sec: number }[];
    };
    const built = actions.filter(({ outcome }) => outcome === 'built');
    return { ...ran, rules: Object.fromEntries(built.map(({ rule, runtime_sec: taken }) => [rule, taken])) };
  }

  /** Where an artifact of `ep` lies. */
  artifact(ep: string, name: string): string {
    return join(this.folder, 'data/manifests', ep, name);
  }

  #run(words: readonly string[], options: TreeOptions = {}): Promise<TreeRun> {
    return runTree(process.execPath, [program, ...words], {
      ...options,
      cwd: this.folder,
      env: { ...modelsEnv, ...options.env },
    });
  }
}
