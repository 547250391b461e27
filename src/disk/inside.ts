// Whether a place that is about to be written to lies where its path says: a link on the way may lead
// elsewhere, and what came with somebody's repository must not lead a build out of it.
import { lstatSync, realpathSync, readlinkSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import type { Problem } from '../base/problem.js';

/** The problem of writing into `folder` (absolute) when a link leads it out of `root`; `shown` names it for people. */
export function escapeFrom(root: string, folder: string, shown: string): Problem | undefined {
  const nearest = nearestThere(folder);
  const real = realOf(nearest);
  const home = realOf(nearestThere(root));
  if (real !== undefined && (real === home || real.startsWith(home === sep ? sep : `${home}${sep}`))) return undefined;
  return {
    code: 'path-escapes',
    message: `${shown} is not under ${root}: a link leads to ${real ?? readlinkSync(nearest)}`,
    hint: 'replace the link by a folder; to keep data or store elsewhere set SA_DATA_ROOT or SA_STORE',
  };
}

// What does not exist yet leads nowhere; a link that leads nowhere exists.
function nearestThere(folder: string): string {
  let nearest = folder;
  while (!isThere(nearest) && nearest !== dirname(nearest)) nearest = dirname(nearest);
  return nearest;
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // on the way to it is a file, or a link that leads to itself
  }
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // a link to what is not there, or in a circle
  }
}
