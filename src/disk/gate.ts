// A lock for short sections of work in a folder that several programs use: many may share it, or one may
// have it alone. It goes with its process. Its library belongs to lock.ts, which loads it.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { lockLibrary, openLockFile } from './lock.js';

export class Gate {
  readonly #path: string;
  #descriptor: number | undefined;
  #inside = false;

  /** `absolute`: the file that is locked; made when first needed. */
  constructor(absolute: string) {
    this.#path = absolute;
  }

  /** Runs `work` while no other process is within `alone`. */
  shared<T>(work: () => T): T {
    return this.#within(work, true);
  }

  /** Runs `work` while no other process is within `alone` or `shared`. */
  alone<T>(work: () => T): T {
    return this.#within(work, false);
  }

  #within<T>(work: () => T, shared: boolean): T {
    const descriptor = this.#inside ? undefined : this.#open();
    if (descriptor === undefined) return work();
    const { waitForLockSync, unlock } = lockLibrary();
    waitForLockSync(descriptor, { shared });
    this.#inside = true;
    try {
      return work();
    } finally {
      this.#inside = false;
      unlock(descriptor);
    }
  }

  // In a folder that cannot be written to nobody removes anything either.
  #open(): number | undefined {
    if (this.#descriptor !== undefined) return this.#descriptor;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      return (this.#descriptor = openLockFile(this.#path));
    } catch (error) {
      if (!['EACCES', 'EROFS', 'EPERM', 'ENOSPC'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return undefined;
    }
  }
}
