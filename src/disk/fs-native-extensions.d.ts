declare module 'fs-native-extensions' {
  /** Takes an exclusive advisory lock on the whole file; false when another process holds it. */
  export function tryLock(descriptor: number): boolean;
  /** Exchanges two paths of one file system atomically. */
  export function swapSync(from: string, to: string): void;
}
