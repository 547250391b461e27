// models.lock: which model each choice (`auto`, `arcface`) stands for in this project. Committed, so
// that everybody and CI use the same one. JSON with sorted keys, no times, no machine.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJsonPretty } from '../base/canonical-json.js';
import { problem } from '../base/problem.js';
import { writeAtomic } from '../disk/atomic.js';

/** Name of the model by role and choice: `lock.detector.auto`. */
export interface ModelsLock {
  readonly detector: Readonly<Record<string, string>>;
  readonly embedder: Readonly<Record<string, string>>;
}

/** Path of a project's models.lock. */
function modelsLockPath(projectRoot: string): string {
  return join(projectRoot, 'models', 'models.lock');
}

/** The project's pins; none when there is no models.lock. Throws ProblemError when it cannot be read. */
export function readModelsLock(projectRoot: string): ModelsLock {
  const path = modelsLockPath(projectRoot);
  if (!existsSync(path)) return { detector: {}, embedder: {} };
  try {
    return checked(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const hint = 'restore it from version control, or remove it and the next build chooses again';
    throw problem('bad-models-lock', 'models/models.lock is not what sa writes', hint, error);
  }
}

// Read at every start, so checked by hand: a schema library would take longer to load than all else.
function checked(document: unknown): ModelsLock {
  const { version, detector, embedder, ...rest } = document as Record<string, unknown>;
  if (version !== 1 || !arePins(detector) || !arePins(embedder) || Object.keys(rest).length > 0) {
    throw new Error('a version 1 document with the pins of detector and embedder was expected');
  }
  return { detector, embedder };
}

function arePins(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((name) => typeof name === 'string');
}

/** Adds one pin to what stands in models.lock now. */
export function writePin(projectRoot: string, role: keyof ModelsLock, choice: string, name: string): ModelsLock {
  const before = readModelsLock(projectRoot);
  const lock = { ...before, [role]: { ...before[role], [choice]: name } };
  writeAtomic(modelsLockPath(projectRoot), canonicalJsonPretty({ version: 1, ...lock }));
  return lock;
}
