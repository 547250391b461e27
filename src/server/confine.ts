// Keeps every path that a request can name inside the folders it may be in, after symbolic links.
// What is outside and what is not there look the same to the one who asks.
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';

/** The real path of a file or folder if it lies in one of `folders`, else undefined. */
export function realPathWithin(path: string, folders: readonly string[]): string | undefined {
  const real = realPath(path);
  if (real === undefined) return undefined;
  return folders.some((folder) => isWithin(real, realPath(folder))) ? real : undefined;
}

function isWithin(real: string, folder: string | undefined): boolean {
  if (folder === undefined) return false;
  return real === folder || real.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // not there, no right to look, a name with a NUL, or a circle of links
  }
}
