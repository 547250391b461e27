// How often a rule's code is tried and how long each attempt may take, the same for a stage, a module
// and a command. Knows nothing of what runs.
import { ProblemError } from '../base/problem.js';
import type { Rule } from '../pipeline/pipeline.js';

/** How long code that was told to stop may tidy up before the build goes on without it. */
const graceMs = 5000;

/** An attempt whose time was over. `leftAlone`: it would not stop, and may write into its outputs yet. */
class Late extends Error {
  leftAlone = false;
}

/**
 * Runs `attempt` until it ends well, at most 1 + retries times, each time within the timeout. Its signal
 * aborts when the time is over or `signal` does. A problem of the user's files is not tried again.
 */
export async function runAttempts<T>(
  { retries, timeoutSeconds }: Pick<Rule, 'retries' | 'timeoutSeconds'>,
  attempt: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let left = retries; ; left--) {
    try {
      return timeoutSeconds === undefined ? await attempt(signal) : await withinTime(timeoutSeconds, attempt, signal);
    } catch (error) {
      const final = error instanceof ProblemError || (error instanceof Late && error.leftAlone);
      if (signal.aborted || left === 0 || final) throw error;
    }
  }
}

function withinTime<T>(seconds: number, attempt: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  const late = new Late(`took longer than ${seconds} s`);
  const expired = new AbortController();
  return new Promise((resolve, reject) => {
    let grace: NodeJS.Timeout | undefined;
    const timer = setTimeout(() => {
      expired.abort(late);
      grace = setTimeout(() => {
        late.leftAlone = true;
        reject(late);
      }, graceMs);
    }, seconds * 1000);
    attempt(AbortSignal.any([signal, expired.signal]))
      // What it made in spite of the signal may be half of it.
      .then((result) => (expired.signal.aborted ? reject(late) : resolve(result)))
      .catch((error: unknown) => {
        const said = error instanceof Error && error.cause === late;
        reject(expired.signal.aborted && !said ? late : (error as Error));
      })
      .finally(() => {
        clearTimeout(timer);
        clearTimeout(grace);
      });
  });
}
