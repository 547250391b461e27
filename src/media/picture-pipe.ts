// Brings pictures out of a process without leaving garbage: what it writes is read straight into one of
// two buffers, which take turns. A stream makes a buffer of every read, fifty for a 1080p frame, and with
// those `faces` took an eighth more of processor time. It knows no ffmpeg and no pixel format.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problem } from '../base/problem.js';

/** Where pictures are read to, in turn; both have the length of one. */
export type PictureBuffers = readonly [Uint8Array, Uint8Array];

/** How often is looked whether a socket is there: a process takes some 100 ms to start. */
const lookEveryMs = 5;

/** The reading end: hands out pictures. While one is looked at the next is read, and no more; then whoever writes stands still. */
export class PicturePipe {
  #socket: Socket | undefined;
  readonly #path: string;
  readonly #buffers: PictureBuffers;
  /** The buffer that is being filled, and how far. */
  #filling: Uint8Array;
  #filled = 0;
  /** Read to its end and not handed out yet; nothing more is read meanwhile. */
  #whole: Uint8Array | undefined;
  #hasEnded = false;
  #isLeft = false;
  #wake: () => void = () => undefined;
  /** Rejects when the socket cannot be reached. */
  readonly connected: Promise<void>;

  /** Reads from the socket at `path`; as long as `mayCome` says so, one that is not there yet is waited for. */
  constructor(path: string, buffers: PictureBuffers, mayCome: () => boolean = () => false) {
    this.#path = path;
    this.#buffers = buffers;
    this.#filling = buffers[0];
    this.connected = new Promise((resolve, reject) => {
      const attempt = (): void => {
        this.#socket = this.#connect(resolve, (error) => {
          if (mayCome()) setTimeout(attempt, lookEveryMs);
          else reject(error);
        });
      };
      attempt();
    });
    // A writer that is gone, however it went, is an end like any other: its exit says what it was.
    this.connected.catch(() => this.#end());
  }

  #connect(done: () => void, failed: (error: Error) => void): Socket {
    return connect({
      path: this.#path,
      onread: { buffer: () => this.#filling.subarray(this.#filled), callback: (count) => this.#take(count) },
    })
      .once('error', failed)
      .once('connect', () => {
        done();
        this.#socket!.off('error', failed)
          .on('error', () => undefined)
          .once('close', () => this.#end());
      });
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  /** The pictures, each to be looked at before the next is asked for. A last one that was cut off is dropped. */
  async *pictures(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      while (this.#whole === undefined && !this.#hasEnded && !this.#isLeft)
        await new Promise<void>((wake) => (this.#wake = wake));
      const picture = this.#whole;
      if (picture === undefined || this.#isLeft) return;
      this.#whole = undefined;
      this.#socket?.resume();
      yield picture;
    }
  }

  /** Throws away what comes from now on and ends `pictures`, so that the writer need not wait. */
  leave(): void {
    this.#isLeft = true;
    this.#filled = 0;
    this.#wake();
    this.#socket?.resume();
  }

  /** Takes in what was read; false: read no more for now. */
  #take(count: number): boolean {
    if (this.#isLeft) return true;
    this.#filled += count;
    if (this.#filled < this.#filling.length) return true;
    this.#whole = this.#filling;
    this.#filling = this.#filling === this.#buffers[0] ? this.#buffers[1] : this.#buffers[0];
    this.#filled = 0;
    this.#wake();
    return false;
  }
}

export interface OpenPipe {
  readonly pipe: PicturePipe;
  /** To be handed to the process as one of its first three descriptors, and then destroyed. */
  readonly writeEnd: Socket;
}

/**
 * Opens a way for pictures out of a process that is to be started. It is a socket: what Node calls a pipe it
 * reads into buffers of its own, and a pipe of the system took twice a socket's time.
 */
export async function openPicturePipe(buffers: PictureBuffers): Promise<OpenPipe> {
  const path = socketPath();
  // Paused: nothing is read on the end that the process will write to.
  const server = createServer({ pauseOnConnect: true });
  server.listen(path);
  await once(server, 'listening').catch((cause: unknown) => {
    const message = `no socket can be made for ffmpeg's pictures: ${cause instanceof Error ? cause.message : String(cause)}`;
    throw problem('disk', message, 'set TMPDIR to a folder that exists and can be written to', cause);
  });
  try {
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    const pipe = new PicturePipe(path, buffers);
    const [[writeEnd]] = await Promise.all([accepted, pipe.connected]);
    return { pipe, writeEnd: writeEnd.on('error', () => undefined) };
  } finally {
    server.close();
  }
}

/** The shortest limit of the systems that we know, macOS's; what is longer would be cut off without a word. */
const socketPathMax = 103;

/** A name that nothing else has. */
export function socketPath(): string {
  const name = `sa-${randomBytes(8).toString('hex')}`;
  if (process.platform === 'win32') return `\\\\.\\pipe\\${name}`;
  const path = join(tmpdir(), name);
  return Buffer.byteLength(path) <= socketPathMax ? path : join('/tmp', name);
}
