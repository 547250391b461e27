// Which files an edit of which can make something stale: pipeline.yaml, the model registry, the
// user's own inputs (also those that are not there yet) and the user's code. Outputs, lockfiles and
// .sa are never among them, so that a build cannot start the next one.
import { existsSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import type { Pipeline, Rule } from '../pipeline/pipeline.js';
import { moduleFiles } from '../runner/module-code.js';
import type { WatchedPaths } from './files.js';

export interface ProjectFiles {
  readonly projectRoot: string;
  readonly dataRoot: string;
  /** undefined while pipeline.yaml cannot be read. */
  readonly pipeline: Pipeline | undefined;
  /** Files that depfiles named, relative to the data root. */
  readonly found: readonly string[];
}

export interface WatchSet extends WatchedPaths {
  /** Equal for sets that watch the same. */
  readonly key: string;
}

/** The set of a project as it is now. */
export function watchSet({ projectRoot, dataRoot, pipeline, found }: ProjectFiles): WatchSet {
  const patterns = new Set(
    ['pipeline.yaml', 'models/models.yaml', 'models/models.lock'].map((file) => join(projectRoot, file)),
  );
  for (const path of found) patterns.add(resolve(dataRoot, path));
  if (pipeline !== undefined) {
    patterns.add(inData(dataRoot, pipeline.each));
    for (const rule of pipeline.rules) {
      for (const file of codeFiles(projectRoot, rule)) patterns.add(join(projectRoot, file));
      for (const input of Object.values(rule.inputs))
        if (input.madeBy === undefined) patterns.add(inData(dataRoot, input.pattern));
    }
  }
  const sorted = [...patterns].sort();
  const shapes = sorted.map(shapeOf);
  return {
    key: sorted.join('\n'),
    roots: rootsOf(sorted),
    isWatched: (path) => shapes.some((shape) => fits(shape, path) === 'file'),
    mayHold: (path) => shapes.some((shape) => fits(shape, path) !== undefined),
  };
}

function inData(dataRoot: string, pattern: string): string {
  return join(dataRoot, pattern.replaceAll('{ep}', '*'));
}

function codeFiles(projectRoot: string, { code }: Rule): readonly string[] {
  switch (code.kind) {
    case 'stage':
      return [];
    case 'command':
      return code.code;
    case 'module':
      return moduleFiles(projectRoot, code.file);
  }
}

interface Shape {
  readonly segments: readonly (string | RegExp)[];
  /** A folder: all that is below it counts. */
  readonly below: boolean;
}

function shapeOf(pattern: string): Shape {
  const segments = pattern.split(sep).filter((segment) => segment !== '');
  return {
    below: pattern.endsWith(sep),
    segments: segments.map((segment) => (/[*?]/.test(segment) ? wildcardShape(segment) : segment)),
  };
}

// As matchPattern reads a segment: `*` and `?`, and no name that starts with a dot unasked.
function wildcardShape(segment: string): RegExp {
  const text = segment
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${segment.startsWith('.') ? '' : '(?!\\.)'}${text}$`, 's');
}

function fits({ segments, below }: Shape, path: string): 'file' | 'folder' | undefined {
  const names = path.split(sep).filter((name) => name !== '');
  const common = Math.min(names.length, segments.length);
  for (let index = 0; index < common; index++) {
    const segment = segments[index]!;
    if (typeof segment === 'string' ? segment !== names[index] : !segment.test(names[index]!)) return undefined;
  }
  if (names.length < segments.length) return 'folder';
  return names.length === segments.length || below ? 'file' : undefined;
}

// The nearest folders that exist above the patterns, without those below another.
function rootsOf(patterns: readonly string[]): string[] {
  const folders = new Set(
    patterns.map((pattern) => {
      let folder = dirname(pattern.split(/[*?]/)[0]! + 'x');
      while (!existsSync(folder)) folder = dirname(folder);
      return folder;
    }),
  );
  return [...folders].filter(
    (folder) => ![...folders].some((other) => folder.startsWith(`${other.replace(/\/$/, '')}${sep}`)),
  );
}
