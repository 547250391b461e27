// Starts the build of a job in a process of its own, at the head of a process group, and ends it with
// all that it started. The event loop of the server never runs a build.
import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { RunEvent } from '../app/api.js';
import type { EpisodeRunResult } from '../app/episode-run.js';
import type { BuildOrder, FromBuild, ToBuild } from './build-messages.js';

/** How a build's process came to its end. */
export type BuildEnd =
  | { readonly kind: 'result'; readonly result: EpisodeRunResult }
  | { readonly kind: 'refused'; readonly message: string }
  /** It died, or is at fault itself. `log` is for the one who runs the server. */
  | { readonly kind: 'broken'; readonly message: string; readonly log: string };

export interface RunningBuild {
  readonly ended: Promise<BuildEnd>;
  /** Asks it to stop; ffmpeg and inference end with it. It is killed when it does not within seconds. */
  stop(): void;
}

/** How long a build that is told to stop may take: one inference, one flush. */
const graceMs = 5000;
const logCharacters = 8192;

export function startBuild(
  order: BuildOrder,
  { storeRoot, onEvent }: { readonly storeRoot: string; readonly onEvent: (event: RunEvent) => void },
): RunningBuild {
  const child = fork(join(import.meta.dirname, 'build-process.js'), {
    cwd: order.cwd,
    env: { ...process.env, SA_STORE: storeRoot },
    execArgv: [],
    // A group of its own: an interrupt at the terminal is for the server alone, which then stops it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let log = '';
  let said: BuildEnd | undefined;
  let killing: NodeJS.Timeout | undefined;
  child.stderr?.on('data', (data: Buffer) => (log = (log + data.toString()).slice(-logCharacters)));
  child.on('message', (message: FromBuild) => {
    switch (message.kind) {
      case 'event':
        onEvent(message.event);
        break;
      case 'result':
      case 'refused':
        said = message;
        break;
      case 'bug':
        said = { kind: 'broken', message: "internal error; the server's log says more", log: '' };
    }
  });
  const tell = (message: ToBuild): void => {
    if (child.connected) child.send(message, () => undefined); // it may just have gone
  };
  const ended = new Promise<BuildEnd>((done) => {
    child.once('error', (error) =>
      done({ kind: 'broken', message: 'the build could not be started', log: error.message }),
    );
    child.once('close', (code, signal) => {
      clearTimeout(killing);
      if (said === undefined || killing !== undefined) endGroup(child.pid);
      const how = signal ?? `exit code ${code}`;
      const died = { kind: 'broken', message: `the build's process ended by ${how}`, log } as const;
      done(said === undefined ? died : said.kind === 'broken' ? { ...said, log } : said);
    });
  });
  tell({ kind: 'build', order });
  return {
    ended,
    stop() {
      tell({ kind: 'cancel' });
      killing ??= setTimeout(() => endGroup(child.pid), graceMs);
    },
  };
}

function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? leader : -leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone already
  }
}
