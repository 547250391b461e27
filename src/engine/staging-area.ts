// Whether something lies in the staging area, where outputs are written before they are published.
import { existsSync, readdirSync } from 'node:fs';

/** Whether some build, a running one or one that was killed, has outputs in the staging area. */
export function isStagingUsed(temporaryRoot: string): boolean {
  return existsSync(temporaryRoot) && readdirSync(temporaryRoot).length > 0;
}
