// The process of one job's build: told what to build over its channel, it tells what happens, and
// ends. When the server goes, even by SIGKILL, the channel closes and this process ends too, with all
// that it started. It yields the processor to the server and to whatever else runs.
import { constants, setPriority } from 'node:os';
import { runEpisode, type RunEvent } from '../app/api.js';
import { ProblemError } from '../base/problem.js';
import type { BuildOrder, FromBuild, ToBuild } from './build-messages.js';

/** Progress of one action is told at most this often. */
const progressMs = 250;
/** How long a stopped build may tidy up once nobody listens any more. */
const graceMs = 3000;

const stop = new AbortController();

setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
process.on('message', (message: ToBuild) => {
  if (message.kind === 'cancel') stop.abort(new Error('canceled'));
  else void build(message.order);
});
process.on('disconnect', () => {
  stop.abort(new Error('the server has gone'));
  setTimeout(endGroup, graceMs).unref();
});

async function build({ request, cwd, dataRoot, jobs }: BuildOrder): Promise<void> {
  const { ep, video, profile, config } = request;
  try {
    const result = await runEpisode(ep, video ?? undefined, config, {
      cwd,
      dataRoot,
      signal: stop.signal,
      onEvent: throttled((event) => tell({ kind: 'event', event })),
      ...(profile === null ? {} : { profile }),
      ...(jobs === undefined ? {} : { jobs }),
    });
    await tellLast({ kind: 'result', result });
  } catch (error) {
    if (error instanceof ProblemError) await tellLast({ kind: 'refused', message: error.message });
    else {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      await tellLast({ kind: 'bug' });
    }
  }
  process.exit(0);
}

function throttled(tellEvent: (event: RunEvent) => void): (event: RunEvent) => void {
  const toldAt = new Map<string, number>();
  return (event) => {
    if (event.kind === 'progress' && event.done < event.total) {
      const now = performance.now();
      if (now - (toldAt.get(event.action) ?? -Infinity) < progressMs) return;
      toldAt.set(event.action, now);
    }
    tellEvent(event);
  };
}

function tell(message: FromBuild): void {
  if (process.connected) process.send?.(message);
}

async function tellLast(message: FromBuild): Promise<void> {
  if (!process.connected) return;
  await new Promise<void>((done) => process.send?.(message, undefined, undefined, () => done()));
}

// The server started it at the head of a group of its own: ffmpeg is in it, the server is not.
function endGroup(): void {
  if (process.platform === 'win32') process.exit(1);
  process.kill(-process.pid, 'SIGKILL');
}
