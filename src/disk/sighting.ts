// How a file or folder looked: what tells, without reading it, whether it may have changed since. A
// look is trusted only when the file was quiet before it: a kernel's clock moves in ticks, and a
// write in the same tick would not show.
import { statSync, type Stats } from 'node:fs';

/** Size in bytes, last change of content and of inode in ms since 1970, inode. All -1 where nothing was. */
export interface Sighting {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
}

export const nothingThere: Sighting = { size: -1, mtimeMs: -1, ctimeMs: -1, ino: -1 };

/** Kernel timestamps move in ticks of up to 10 ms; younger than this, one may yet repeat. */
const quietMs = 30;

const quietly = { throwIfNoEntry: false } as const;

/** Looks at what is at `absolute` now, links followed. */
export function look(absolute: string): Sighting {
  const stats = statsOf(absolute);
  if (stats === undefined) return nothingThere;
  // A folder's size means nothing that its times do not say.
  return { size: stats.isDirectory() ? 0 : stats.size, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, ino: stats.ino };
}

/** The same for a file; anything else counts as nothing. */
export function lookAtFile(absolute: string): Sighting {
  const stats = statsOf(absolute);
  if (stats?.isFile() !== true) return nothingThere;
  return { size: stats.size, mtimeMs: stats.mtimeMs, ctimeMs: stats.ctimeMs, ino: stats.ino };
}

export function isSame(a: Sighting, b: Sighting): boolean {
  return a.mtimeMs === b.mtimeMs && a.size === b.size && a.ctimeMs === b.ctimeMs && a.ino === b.ino;
}

/** Whether a look taken at `nowMs` vouches for the bytes: nothing was written for a while before it. */
export function isQuiet({ mtimeMs, ctimeMs }: Sighting, nowMs: number): boolean {
  return nowMs - Math.max(mtimeMs, ctimeMs) > quietMs;
}

function statsOf(absolute: string): Stats | undefined {
  try {
    return statSync(absolute, quietly);
  } catch (error) {
    // Below a file there is nothing either, nor behind a link that leads to itself.
    if (['ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
