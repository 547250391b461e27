// The mutex that keeps two builds of one project apart: an advisory lock of the kernel on an open
// file. It goes when its process goes, however that ends, so no stale lock can be left behind.
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync, ftruncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { problem } from '../base/problem.js';

/** The library, for sections of code that cannot wait for its loading. */
export function lockLibrary(): typeof import('fs-native-extensions') {
  return createRequire(import.meta.url)('fs-native-extensions') as typeof import('fs-native-extensions');
}

export interface Mutex {
  release(): void;
}

const retryMs = 50;

/** Takes the mutex if nobody holds it. */
export async function tryMutex(absolute: string): Promise<Mutex | undefined> {
  const { tryLock } = await import('fs-native-extensions');
  const descriptor = openLockFile(absolute);
  if (tryLock(descriptor)) return { release: () => closeSync(descriptor) };
  closeSync(descriptor);
  return undefined;
}

/** Whether somebody holds the mutex now; taken for a moment to see. One that cannot be opened counts as free. */
export function isMutexHeld(absolute: string): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(absolute, 'r+');
  } catch {
    return false;
  }
  try {
    return !lockLibrary().tryLock(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Takes the mutex, waiting for its holder. `onWait` is called once, with the holder's process id
 * where it can be read. Rejects when `signal` aborts.
 */
export async function takeMutex(
  absolute: string,
  { signal, onWait }: { signal: AbortSignal; onWait: (holder: string) => void },
): Promise<Mutex> {
  const { tryLock } = await import('fs-native-extensions');
  mkdirSync(dirname(absolute), { recursive: true });
  const descriptor = openLockFile(absolute);
  try {
    for (let waited = false; !tryLock(descriptor); waited = true) {
      if (!waited) onWait(readFileSync(absolute, 'utf8').trim());
      await delay(retryMs, undefined, { signal });
    }
    sayWhoHoldsIt(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { release: () => closeSync(descriptor) };
}

/** Opens a file that is locked, made when it is not there. A link in its place is refused: it may lead anywhere. */
export function openLockFile(absolute: string): number {
  const { O_RDWR, O_CREAT, O_APPEND } = constants;
  // 0 where the system has no such flag
  const noLink = (constants as { readonly O_NOFOLLOW?: number }).O_NOFOLLOW ?? 0;
  try {
    return openSync(absolute, O_RDWR | O_CREAT | O_APPEND | noLink);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    throw problem('path-escapes', `${absolute} is a link`, 'remove it; sa makes a file in its place', error);
  }
}

// Only for the one who waits: a disk that is full or failing may leave it unsaid.
function sayWhoHoldsIt(descriptor: number): void {
  try {
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`);
  } catch {
    return;
  }
}
