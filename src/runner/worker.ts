// The thread that chunks run in, those that see the same frames together: takes orders from workers.ts and
// answers them. It writes into the parts' folders alone and knows no store and no plan.
import { parentPort, type MessagePort } from 'node:worker_threads';
import { errorFrom, plainError } from '../base/plain-error.js';
import { loadHash } from '../hash/xxh64.js';
import type { DecoderTool } from '../media/tools.js';
import { loadCatalogue } from './catalogue.js';
import { workOnChunks, type ChunkMember, type ChunkOrder, type ModelOrder, type ModelRole } from './chunk-work.js';
import type { FromWorker, ToWorker } from './worker-messages.js';

const port = parentPort!;

/** A chunk at work. */
interface Member extends ChunkMember {
  readonly stop: AbortController;
  answerModel: { resolve(order: ModelOrder): void; reject(error: unknown): void } | undefined;
}

let members: readonly Member[] = [];
/** Videos of which it is asked how to decode them. */
const trials: { resolve(method: string | undefined): void; reject(error: unknown): void }[] = [];
let answerPort: ((port: MessagePort | undefined) => void) | undefined;

/** Milliseconds between two words of a chunk's progress: each wakes the other thread, and nobody reads one for every frame. */
const progressEveryMs = 100;

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'run':
      members = message.orders.map(memberFor);
      void run(message.tools);
      return;
    case 'stop':
      members[message.member]?.stop.abort(errorFrom(message.reason));
      return;
    case 'model':
      members[message.member]?.answerModel?.resolve(message.order);
      return;
    case 'hwaccel':
      trials[message.id]?.resolve(message.method);
      return;
    case 'no-hwaccel':
      trials[message.id]?.reject(errorFrom(message.error));
      return;
    case 'device-port':
      answerPort?.(message.port);
      return;
    case 'no-model':
      members[message.member]?.answerModel?.reject(errorFrom(message.error));
      return;
  }
});

function memberFor(order: ChunkOrder, place: number): Member {
  const stop = new AbortController();
  let saidAt = -Infinity;
  const member: Member = {
    order,
    stop,
    signal: stop.signal,
    answerModel: undefined,
    host: {
      model: (role: ModelRole) =>
        new Promise<ModelOrder>((resolve, reject) => {
          member.answerModel = { resolve, reject };
          say({ kind: 'model', member: place, role });
        }),
      portToDevices: () =>
        new Promise<MessagePort | undefined>((resolve) => {
          answerPort = resolve;
          say({ kind: 'device-port' });
        }),
      tryHwaccel: (...asked) =>
        new Promise<string | undefined>((resolve, reject) => {
          say({ kind: 'hwaccel', id: trials.push({ resolve, reject }) - 1, asked });
        }),
      progress(done, total) {
        const now = performance.now();
        if (done < total && now - saidAt < progressEveryMs) return;
        saidAt = now;
        say({ kind: 'progress', member: place, done, total });
      },
    },
  };
  return member;
}

async function run(tools: DecoderTool | undefined): Promise<void> {
  try {
    const [catalogue] = await Promise.all([loadCatalogue(), loadHash()]);
    const results = await workOnChunks(members, { catalogue, tools });
    say({
      kind: 'done',
      results: results.map((one) =>
        one.status === 'fulfilled' ? { result: one.value } : { error: plainError(one.reason) },
      ),
    });
  } catch (error) {
    say({ kind: 'done', results: members.map(() => ({ error: plainError(error) })) });
  }
}

function say(message: FromWorker): void {
  port.postMessage(message);
}
