// Tells what a disk refuses (full, read-only, not ours) from what is a bug, so that nobody is asked to
// report a full disk. Touches no file.
import { problem } from '../base/problem.js';

const hints: Readonly<Record<string, string>> = {
  ENOSPC: 'make room and build again; what was finished is kept',
  EDQUOT: 'make room and build again; what was finished is kept',
  EIO: 'the disk failed; the system log may say why',
  EROFS: 'the data folder is read-only here; set SA_DATA_ROOT to a place that can be written',
  EACCES: 'see who owns the file and who may read and write it',
  EPERM: 'see who owns the file and who may read and write it',
};

/** The error as a problem of the user's disk where it is one, else as it was. */
export function asDiskProblem(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const hint = code === undefined ? undefined : hints[code];
  return hint === undefined ? error : problem('disk', error.message, hint, error);
}
