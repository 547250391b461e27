// Graphs that run in a thread of their own. ONNX Runtime has one WebGPU device for the whole process, and two threads
// that use it at once end the process, so one thread holds it with its sessions, and others send it tensors.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';
import { errorFrom, type PlainError } from '../base/plain-error.js';
import type { ModelPart, Tensor } from '../stage/model.js';
import { isSentPixels, type OpenSession, type Placement } from './session.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** What is asked of the thread; a session goes by the id of the question that opened it. */
export type DeviceQuestion = { readonly id: number } & (
  | { readonly kind: 'open'; readonly path: string; readonly part: ModelPart; readonly placement: Placement }
  | { readonly kind: 'run'; readonly session: number; readonly feeds: Tensors }
);

/** Its answer to one question: what a run gave, or none where a session was opened. */
export type DeviceAnswer = { readonly id: number } & (
  { readonly outputs: Tensors | undefined } | { readonly error: PlainError }
);

const program = fileURLToPath(new URL('./device-worker.js', import.meta.url));

/** The thread, and how many ports lead or led to it. */
let running: { readonly worker: Worker; ports: number } | undefined;

/**
 * A port to the thread, which is started if need be and ends when nobody holds a port any more. For the main thread alone,
 * which hands ports to others. Undefined where this installation is not compiled: there is one thread then.
 */
export function portToDevices(): MessagePort | undefined {
  if (running === undefined && !existsSync(program)) return undefined;
  running ??= start();
  const { port1, port2 } = new MessageChannel();
  running.ports++;
  running.worker.postMessage(port1, [port1]);
  return port2;
}

function start(): NonNullable<typeof running> {
  const worker = new Worker(program);
  const own = { worker, ports: 0 };
  const forget = (): void => {
    if (running === own) running = undefined;
  };
  // It says how many ports it has seen end; one may be on its way to it.
  worker.on('message', (ended: number) => {
    if (ended < own.ports) return;
    forget();
    void worker.terminate();
  });
  // Whoever waits for an answer learns of it by the port.
  worker.on('error', forget);
  worker.on('exit', forget);
  // After the listeners, of which each holds the process up again.
  worker.unref();
  return own;
}

interface Asker {
  resolve(outputs: Tensors | undefined): void;
  reject(error: Error): void;
}

/** The thread, as others see it. */
export class DeviceThread {
  /** When the thread is gone, or the last session here was closed: from then on nothing can be asked by this port. */
  readonly gone: Promise<void>;
  readonly #port: MessagePort;
  readonly #askers = new Map<number, Asker>();
  #asked = 0;
  #sessions = 0;
  readonly #leave: () => void;
  #isGone = false;

  constructor(port: MessagePort) {
    this.#port = port;
    let leave: () => void = () => undefined;
    this.gone = new Promise((resolve) => (leave = resolve));
    this.#leave = leave;
    port.on('message', (answer: DeviceAnswer) => this.#hear(answer));
    port.on('close', () => this.#end());
    // It holds a process up while something is asked, and not otherwise.
    port.unref();
  }

  /** As `openSession`, in the thread. Sessions of the same graph are one there. */
  async open(path: string, part: ModelPart, placement: Placement): Promise<OpenSession> {
    this.#sessions++;
    const close = (): Promise<void> => {
      this.#sessions--;
      if (this.#sessions === 0) this.#end();
      return Promise.resolve();
    };
    const session = this.#asked;
    try {
      await this.#ask({ kind: 'open', path, part, placement });
    } catch (error) {
      await close();
      throw error;
    }
    return {
      takesPixels: isSentPixels(part, placement.provider),
      run: async (feeds) => {
        // Buffers are the caller's to use again, and one that is handed over is not copied a second time by the thread.
        const own = Object.entries(feeds).map(
          ([name, { data, dims }]) => [name, { data: data.slice(), dims }] as const,
        );
        const buffers = own.map(([, { data }]) => data.buffer);
        return (await this.#ask({ kind: 'run', session, feeds: Object.fromEntries(own) }, buffers)) ?? {};
      },
      close,
    };
  }

  #ask(question: Unnumbered<DeviceQuestion>, buffers: readonly ArrayBuffer[] = []): Promise<Tensors | undefined> {
    const id = this.#asked++;
    return new Promise((resolve, reject) => {
      if (this.#isGone) {
        reject(lost());
        return;
      }
      this.#askers.set(id, { resolve, reject });
      this.#port.ref();
      this.#port.postMessage({ ...question, id } satisfies DeviceQuestion, buffers);
    });
  }

  #end(): void {
    this.#isGone = true;
    for (const asker of this.#askers.values()) asker.reject(lost());
    this.#askers.clear();
    this.#port.close();
    this.#leave();
  }

  #hear(answer: DeviceAnswer): void {
    const asker = this.#askers.get(answer.id);
    this.#askers.delete(answer.id);
    if (this.#askers.size === 0) this.#port.unref();
    if ('error' in answer) asker?.reject(errorFrom(answer.error));
    else asker?.resolve(answer.outputs);
  }
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

function lost(): Error {
  return new Error('the thread that runs models on the device has ended');
}
