// A user's own stage is one file and everything that it imports from the project: the digests of all
// of them are its identity. Packages from node_modules count by nothing: pin them in the lock file.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { problem } from '../base/problem.js';
import { digestBytes } from '../hash/xxh64.js';

// Static imports and exports with a source, and dynamic imports and requires of a literal.
const importShape =
  /(?:\b(?:import|require)\s*\(\s*|\b(?:import|export)\s+(?:[^'"();]*?\bfrom\s*)?)(['"])(\.{1,2}\/[^'"\n]+)\1/g;

/** Digests of `file` (relative to the project) and the project files it imports, by path. */
export function moduleDigests(projectRoot: string, file: string): Record<string, string> {
  const digests = [...moduleBytes(projectRoot, file)].map(([path, bytes]): [string, string] => {
    if (bytes === undefined)
      throw problem(
        'unknown-module',
        `${path} is not there; stage code of a rule`,
        'write the path relative to pipeline.yaml',
      );
    return [path, digestBytes(bytes)];
  });
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same files, also those that are imported and not there. */
export function moduleFiles(projectRoot: string, file: string): string[] {
  return [...moduleBytes(projectRoot, file).keys()];
}

function moduleBytes(projectRoot: string, file: string): Map<string, Buffer | undefined> {
  const found = new Map<string, Buffer | undefined>();
  const queue = [resolve(projectRoot, file)];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const shown = relative(projectRoot, next).split(sep).join('/');
    if (found.has(shown)) continue;
    const bytes = existsSync(next) && statSync(next).isFile() ? readFileSync(next) : undefined;
    found.set(shown, bytes);
    for (const [, , source] of bytes?.toString('utf8').matchAll(importShape) ?? [])
      queue.push(join(dirname(next), source!));
  }
  return found;
}
