// The Python that peers are measured with: which libraries it has, and how a script of this folder
// is run. PYTHON names the interpreter. Nothing is installed.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { runTree, type TreeRun } from './tree.js';

/** Each library by the name that it is imported by, and Debian's package of it. */
const packages = {
  cv2: 'python3-opencv',
  sklearn: 'python3-sklearn',
  scipy: 'python3-scipy',
  numpy: 'python3-numpy',
} as const;
export type Library = keyof typeof packages;
export const libraries = Object.keys(packages) as readonly Library[];

const python = process.env['PYTHON'] ?? '/usr/bin/python3';

/** The library's version, or undefined when this Python lacks it. */
export function versionOf(library: Library): string | undefined {
  const ran = spawnSync(python, ['-c', `import ${library}; print(${library}.__version__)`], { encoding: 'utf8' });
  return ran.status === 0 ? ran.stdout.trim() : undefined;
}

/** What to type for the libraries that are missing; undefined when all are there. */
export function missing(...wanted: readonly Library[]): string | undefined {
  const absent = wanted.filter((library) => versionOf(library) === undefined);
  if (absent.length === 0) return undefined;
  return `not here: apt-get install ${absent.map((library) => packages[library]).join(' ')}`;
}

/** Runs a script of this folder; what it prints is one JSON document. */
export function runPython(script: string, words: readonly string[]): Promise<TreeRun> {
  return runTree(python, [join(import.meta.dirname, script), ...words]);
}
