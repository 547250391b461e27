// Writing that can be cut off at any byte: into a temporary name, flushed, then renamed. What is
// under its own name is therefore whole.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

let serial = 0;
// In containers every process may be number 1: the process id alone does not tell two writers apart.
const writer = `${process.pid}-${randomBytes(4).toString('hex')}`;

/** A name beside `absolute` that no other writer uses; a later clean-up can tell it by its prefix. */
export function temporaryBeside(absolute: string): string {
  return join(dirname(absolute), temporaryName(basename(absolute)));
}

/** A name for a file or folder on its way to `name`, that no other writer uses. */
export function temporaryName(name: string): string {
  return `.sa-tmp-${writer}-${++serial}-${name.slice(0, 40)}`;
}

/**
 * Replaces the file with `data`; a reader sees the old bytes or the new ones, never a part. What is not
 * `durable` may be lost in a power cut, though not when a process is killed.
 */
export function writeAtomic(
  absolute: string,
  data: string | Uint8Array,
  { durable }: { readonly durable: boolean } = { durable: true },
): void {
  mkdirSync(dirname(absolute), { recursive: true });
  const temporary = temporaryBeside(absolute);
  try {
    const descriptor = openSync(temporary, 'wx');
    try {
      writeFileSync(descriptor, data);
      if (durable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, absolute);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  if (durable) flushDirectory(dirname(absolute));
}

/** Makes a file's bytes durable before something vouches for them. */
export function flushFile(absolute: string): void {
  const descriptor = openSync(absolute, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a rename durable. Some file systems refuse to sync a directory; then there is nothing to do. */
export function flushDirectory(absolute: string): void {
  try {
    flushFile(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'EISDIR' && code !== 'EPERM' && code !== 'ENOTSUP') throw error;
  }
}
