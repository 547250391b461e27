declare module 'fs-native-extensions' {
  /** Takes an exclusive advisory lock on the whole file; false when another process holds it. */
  export function tryLock(descriptor: number): boolean;
  /** Waits for a lock that many may share, or for one that none else may have. */
  export function waitForLockSync(descriptor: number, options: { readonly shared: boolean }): void;
  export function unlock(descriptor: number): void;
  /** Exchanges two paths of one file system atomically. */
  export function swapSync(from: string, to: string): void;
}
