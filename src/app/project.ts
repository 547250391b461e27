// Where a project is: the folder of the nearest pipeline.yaml.
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { problem } from '../base/problem.js';

export const pipelineName = 'pipeline.yaml';

/** The folder of the nearest pipeline.yaml at or above `cwd`. */
export function findProject(cwd: string): string {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, pipelineName))) return folder;
    if (folder === dirname(folder)) break;
  }
  throw problem(
    'no-pipeline',
    `there is no ${pipelineName} in ${cwd} or in a folder above it`,
    'start a project here with: sa init',
  );
}
