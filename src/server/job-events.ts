// A job's events as Server-Sent Events: numbered, replayed from Last-Event-ID, kept alive by comments,
// and ended by the event "end". Pulled by the reader: a slow one holds nothing but its place.
import { isTerminal } from './job.js';
import type { JobBoard } from './job-board.js';

/** Proxies drop connections on which nothing is said for half a minute or so. */
const heartbeatMs = 15_000;

/** The stream after event number `after`. Ends after the job's last event, or when `signal` aborts. */
export async function* jobEventStream(
  board: JobBoard,
  jobId: string,
  { after, signal }: { readonly after: number; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  yield 'retry: 2000\n\n';
  let last = after;
  for (;;) {
    const events = await board.eventsAfter(jobId, last);
    for (const { id, event, data } of events) {
      yield `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
      last = id;
    }
    const job = board.get(jobId);
    if (signal.aborted || job === undefined || (isTerminal(job.state) && last >= job.lastEvent)) return;
    if (job.lastEvent > last) continue;
    const happened = await board.nextChange(jobId, { withinMs: heartbeatMs, signal });
    if (!happened) yield ': still here\n\n';
  }
}
