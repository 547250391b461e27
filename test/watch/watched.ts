// `sa watch` running inside the test, on a project in a temporary folder, until the test ends.
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { main } from '../../src/cli/main.js';
import type { Screen } from '../../src/cli/io.js';

export interface Watched {
  /** Lines of stdout: one a round. */
  lines(): string[];
  /** All of stderr. */
  said(): string;
  /** Waits until there are as many rounds; fails, with all that was said, when they do not come. */
  rounds(count: number): Promise<string[]>;
  /** Waits until stderr holds the text. */
  says(text: string): Promise<void>;
  /** Ends it as Ctrl-C does; resolves with its exit code. */
  stop(): Promise<number>;
}

/** Far more than any of these builds takes on a busy machine. */
const patienceMs = 20_000;
const lookMs = 10;

export function startWatch(root: string, ...words: readonly string[]): Watched {
  const interrupt = new AbortController();
  const out = recorder();
  const err = recorder();
  const ended = main(['watch', ...words], {
    cwd: root,
    env: process.env,
    out: out.screen,
    err: err.screen,
    signal: interrupt.signal,
  });
  const stop = (): Promise<number> => {
    interrupt.abort(new Error('stopped by the test'));
    return ended;
  };
  onTestFinished(() => void stop());
  const lines = (): string[] => out.text().split('\n').slice(0, -1);
  const until = async (holds: () => boolean, what: string): Promise<void> => {
    for (let waited = 0; !holds(); waited += lookMs) {
      if (waited > patienceMs) throw new Error(`${what} did not come\nstdout:\n${out.text()}\nstderr:\n${err.text()}`);
      await delay(lookMs);
    }
  };
  return {
    lines,
    said: err.text,
    rounds: async (count) => {
      await until(() => lines().length >= count, `round ${count}`);
      return lines();
    },
    says: (text) => until(() => err.text().includes(text), JSON.stringify(text)),
    stop,
  };
}

function recorder(): { screen: Screen; text: () => string } {
  const pieces: string[] = [];
  return {
    screen: { write: (text) => void pieces.push(text), live: false, colour: false, columns: 100 },
    text: () => pieces.join(''),
  };
}
