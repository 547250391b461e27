// Where the real models, videos and references lie: a folder `shared` beside the checkout, or
// SA_SHARED. They are never part of the project; a suite that needs them says so when skipped.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe } from 'vitest';

const root = resolve(process.env['SA_SHARED'] ?? join(import.meta.dirname, '../../../shared'));

/** Absolute path of a shared file or folder; the file may be absent. */
export function shared(path: string): string {
  return join(root, path);
}

/** A `describe` that runs only where every named shared file is there, and says which is not. */
export function describeWithShared(title: string, paths: readonly string[], body: () => void): void {
  const missing = paths.filter((path) => !existsSync(shared(path)));
  if (missing.length > 0) console.warn(`skipped "${title}": ${missing.join(', ')} not found beside the checkout`);
  describe.skipIf(missing.length > 0)(title, body);
}
