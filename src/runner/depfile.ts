// Reads a depfile: the files that a command found while it ran, in make's syntax. Pure.
import { join, relative, resolve, sep } from 'node:path';
import type { ActionJob } from '../engine/job.js';

/**
 * Files that the depfile's text names, relative to the data root, sorted; declared inputs left out.
 * Make syntax: `target: file file \` over several lines, with `\ ` for a space in a name.
 */
export function readDepfile(
  text: string,
  job: ActionJob,
  { projectRoot, dataRoot }: { readonly projectRoot: string; readonly dataRoot: string },
): string[] {
  const declared = new Set(
    Object.values(job.manifest.inputs)
      .flat()
      .map((input) => join(dataRoot, input.path)),
  );
  const names = text
    .replace(/\\\r?\n/g, ' ')
    .split('\n')
    .flatMap((line) => {
      const colon = line.search(/:(\s|$)/);
      return colon < 0 ? [] : (line.slice(colon + 1).match(/(?:\\.|[^\s\\])+/g) ?? []);
    });
  const files = names
    .map((name) => resolve(projectRoot, name.replace(/\\(.)/g, '$1')))
    .filter((file) => !declared.has(file));
  return [...new Set(files.map((file) => relative(dataRoot, file).split(sep).join('/')))].sort();
}
