// The thread that holds a device and runs all graphs on it, one call after another: answers device-thread.ts.
import { parentPort, type MessagePort } from 'node:worker_threads';
import { plainError } from '../base/plain-error.js';
import type { Tensor } from '../stage/model.js';
import type { DeviceAnswer, DeviceQuestion } from './device-thread.js';
import { openSession, type OpenSession } from './session.js';

const parent = parentPort!;

/** By graph and contract: a graph is held once, whoever runs it. */
const sessions = new Map<string, Promise<OpenSession>>();
let open = 0;
let ended = 0;
/** Sessions being freed: the device is one for all. */
let freed: Promise<void> = Promise.resolve();

parent.on('message', (port: MessagePort) => {
  open++;
  const known = new Map<number, Promise<OpenSession>>();
  port.on('message', (question: DeviceQuestion) => void answer(port, known, question));
  port.on('close', () => {
    open--;
    ended++;
    if (open > 0) return;
    freed = freed.then(freeAll);
    void freed.then(() => parent.postMessage(ended));
  });
});

async function answer(port: MessagePort, known: Map<number, Promise<OpenSession>>, question: DeviceQuestion) {
  const { id } = question;
  try {
    const outputs = await outcome(known, question);
    const buffers = Object.values(outputs ?? {}).map(({ data }) => data.buffer as ArrayBuffer);
    port.postMessage({ id, outputs } satisfies DeviceAnswer, [...new Set(buffers)]);
  } catch (error) {
    port.postMessage({ id, error: plainError(error) } satisfies DeviceAnswer);
  }
}

async function outcome(
  known: Map<number, Promise<OpenSession>>,
  question: DeviceQuestion,
): Promise<Readonly<Record<string, Tensor>> | undefined> {
  if (question.kind === 'run') return (await known.get(question.session)!).run(question.feeds);
  const { path, part, placement } = question;
  const key = JSON.stringify([path, part, placement]);
  const session = sessions.get(key) ?? freed.then(() => openSession(path, part, placement));
  sessions.set(key, session);
  known.set(question.id, session);
  await session.catch((error: unknown) => {
    if (sessions.get(key) === session) sessions.delete(key);
    throw error;
  });
  return undefined;
}

async function freeAll(): Promise<void> {
  const all = [...sessions.values()];
  sessions.clear();
  for (const opened of await Promise.allSettled(all)) if (opened.status === 'fulfilled') await opened.value.close();
}
