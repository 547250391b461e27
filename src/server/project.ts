// The project as the server sees it: opened again only when pipeline.yaml or a model list changed, its
// data root fixed when the server started. Answers where an episode's files lie, if they may be read.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineName } from '../app/project.js';
import { openWorkspace, type Workspace } from '../app/workspace.js';
import { availableDevices, type ResolvedDevice } from '../models/devices.js';
import { realPathWithin } from './confine.js';

/** What an episode may be called in a request; a project's folder names may also have capitals. */
export const episodePattern = '^[a-z0-9][a-z0-9._-]{0,127}$';

export interface ProjectOptions {
  readonly cwd: string;
  readonly dataRoot: string | undefined;
  readonly storeRoot: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Folders besides the data root from which videos may be taken. */
  readonly videoFolders: readonly string[];
}

export class Project {
  readonly projectRoot: string;
  readonly dataRoot: string;
  readonly storeRoot: string;
  readonly stateRoot: string;
  readonly devices: readonly ResolvedDevice[];
  readonly #options: ProjectOptions;
  #opened: { readonly stamp: string; readonly workspace: Workspace };

  private constructor(options: ProjectOptions, workspace: Workspace, devices: readonly ResolvedDevice[]) {
    this.#options = options;
    ({
      projectRoot: this.projectRoot,
      dataRoot: this.dataRoot,
      storeRoot: this.storeRoot,
      stateRoot: this.stateRoot,
    } = workspace);
    this.devices = devices;
    this.#opened = { stamp: stampOf(workspace.projectRoot), workspace };
  }

  /** Opens the project. Throws ProblemError for every fault in pipeline.yaml. */
  static async open(options: ProjectOptions): Promise<Project> {
    const workspace = await openWorkspace(options);
    const { loadableProviders } = await import('../models/session.js');
    return new Project(options, workspace, availableDevices(loadableProviders()));
  }

  /** The workspace as pipeline.yaml is now. Throws ProblemError when an edit broke it. */
  async workspace(): Promise<Workspace> {
    const stamp = stampOf(this.projectRoot);
    if (stamp !== this.#opened.stamp) {
      const { dataRoot, storeRoot } = this;
      const workspace = await openWorkspace({ ...this.#options, cwd: this.projectRoot, dataRoot, storeRoot });
      this.#opened = { stamp, workspace };
    }
    return this.#opened.workspace;
  }

  /** The real path of a video that a request names, if it lies where videos may be taken from. */
  videoAt(path: string): string | undefined {
    return realPathWithin(path, [this.dataRoot, ...this.#options.videoFolders]);
  }

  /** The real path of a file of the project's data, or undefined when it is not there or leads elsewhere. */
  fileAt(path: string): string | undefined {
    const real = realPathWithin(join(this.dataRoot, path), [this.dataRoot]);
    return real !== undefined && statSync(real, { throwIfNoEntry: false })?.isFile() === true ? real : undefined;
  }

  /** Whether the folder `path`, once there, is really inside the data root. */
  isConfined(path: string): boolean {
    const absolute = join(this.dataRoot, path);
    return !existsSync(absolute) || realPathWithin(absolute, [this.dataRoot]) !== undefined;
  }
}

function stampOf(projectRoot: string): string {
  return [pipelineName, join('models', 'models.yaml')]
    .map((name) => {
      const stats = statSync(join(projectRoot, name), { bigint: true, throwIfNoEntry: false });
      return stats === undefined ? 'none' : `${stats.size} ${stats.mtimeNs} ${stats.ctimeNs} ${stats.ino}`;
    })
    .join('\n');
}
