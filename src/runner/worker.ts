// The thread that chunks run in, one at a time: takes orders from workers.ts and answers them. It
// writes into the part's folder alone and knows no store and no plan.
import { parentPort } from 'node:worker_threads';
import { loadHash } from '../hash/xxh64.js';
import { loadCatalogue } from './catalogue.js';
import { workOnChunk, type ModelOrder } from './chunk-work.js';
import { errorFrom, plainError, type FromWorker, type ToWorker } from './worker-messages.js';

const port = parentPort!;
let stop = new AbortController();
let answerModel: { resolve(order: ModelOrder): void; reject(error: unknown): void } | undefined;

port.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'run':
      stop = new AbortController();
      void run(message);
      return;
    case 'stop':
      stop.abort(errorFrom(message.reason));
      return;
    case 'model':
      answerModel?.resolve(message.order);
      return;
    case 'no-model':
      answerModel?.reject(errorFrom(message.error));
      return;
  }
});

async function run({ order }: ToWorker & { kind: 'run' }): Promise<void> {
  const host = {
    model: (role: 'detector' | 'embedder') =>
      new Promise<ModelOrder>((resolve, reject) => {
        answerModel = { resolve, reject };
        say({ kind: 'model', role });
      }),
    progress: (done: number, total: number) => say({ kind: 'progress', done, total }),
  };
  try {
    const [catalogue] = await Promise.all([loadCatalogue(), loadHash()]);
    say({ kind: 'done', result: await workOnChunk(order, host, { catalogue, signal: stop.signal }) });
  } catch (error) {
    say({ kind: 'failed', error: plainError(error) });
  }
}

function say(message: FromWorker): void {
  port.postMessage(message);
}
