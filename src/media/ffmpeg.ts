// Starts ffmpeg and ffprobe, the one place that does, and sees that none outlives its use: each
// ends by itself, by an abort, or when its reader stops. It knows no stage and no picture.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PassThrough, Readable } from 'node:stream';
import fluent from 'fluent-ffmpeg';
import type { MediaTools } from './tools.js';

export type { FfprobeData, FfprobeStream } from 'fluent-ffmpeg';

/** One ffmpeg process: a video in, raw bytes out. */
export interface FfmpegCommand {
  readonly tools: MediaTools;
  readonly path: string;
  readonly inputOptions: readonly string[];
  /** A second input, fed through stdin, with the options that say what it is. */
  readonly sideInput?: { readonly options: readonly string[]; readonly bytes: Uint8Array };
  /** A filter graph whose result is labelled `[out]`. */
  readonly filters: string;
  readonly outputOptions: readonly string[];
  /** Bytes that may wait between ffmpeg and the reader; beyond them ffmpeg stands still. */
  readonly bufferBytes: number;
  readonly logLevel?: 'error' | 'info';
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface RunningFfmpeg {
  readonly stdout: Readable;
  /** Resolves when ffmpeg has ended well; rejects with its last words, or with the abort's reason. */
  readonly finished: Promise<void>;
  /** Ends ffmpeg if it still runs and resolves when it is gone; harmless when called again. */
  stop(): Promise<void>;
}

/** What ffmpeg said before it gave up. */
export class FfmpegError extends Error {
  readonly stderr: string;

  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FfmpegError';
    this.stderr = stderr;
  }
}

/** Starts ffmpeg. The caller must read `stdout` or call `stop`, whatever happens. */
export function startFfmpeg(command: FfmpegCommand): RunningFfmpeg {
  command.signal.throwIfAborted();
  // emitClose stays off: fluent-ffmpeg takes a closed output for a reader that left, and would
  // call a process that is just about to end well a failure.
  const stdout = new PassThrough({ highWaterMark: command.bufferBytes, emitClose: false, autoDestroy: false });
  const ffmpeg = buildCommand(command);
  let stopped = false;
  let running = false;
  const kill = (): void => {
    stopped = true;
    if (running) ffmpeg.kill('SIGKILL');
  };
  const ended = new Promise<void>((done, failed) => {
    ffmpeg.on('start', () => {
      running = true;
      if (stopped) ffmpeg.kill('SIGKILL');
    });
    ffmpeg.on('end', () => done());
    ffmpeg.on('error', (cause: Error, _: unknown, stderr: unknown) => {
      const said = typeof stderr === 'string' ? stderr : '';
      failed(new FfmpegError(cause.message, said, { cause }));
    });
  }).finally(() => {
    running = false;
    command.signal.removeEventListener('abort', kill);
  });
  // The process may be gone before its last bytes are read: after a good end only the pipe itself
  // may close the stream. After a failure there may never have been a pipe.
  ended.catch(() => stdout.end());
  command.signal.addEventListener('abort', kill, { once: true });
  if (command.onLine) ffmpeg.on('stderr', command.onLine);
  ffmpeg.pipe(stdout, { end: true });
  const finished = ended.catch((error: unknown) => {
    throw command.signal.aborted ? command.signal.reason : error;
  });
  // Whoever stops early never awaits `finished`; that must not count as an unhandled rejection.
  finished.catch(() => undefined);
  return {
    stdout,
    finished,
    async stop() {
      kill();
      // Whatever is still in the pipe is thrown away, so that the process can be reaped.
      stdout.resume();
      await finished.catch(() => undefined);
    },
  };
}

function buildCommand(command: FfmpegCommand): fluent.FfmpegCommand {
  const ffmpeg = fluent({ stdoutLines: 40, logger: undefined });
  ffmpeg.setFfmpegPath(command.tools.ffmpeg);
  ffmpeg.input(asFile(command.path)).inputOptions(['-hide_banner', '-nostats', ...command.inputOptions]);
  if (command.sideInput) {
    ffmpeg.input(Readable.from([Buffer.from(command.sideInput.bytes)]));
    ffmpeg.inputOptions([...command.sideInput.options]);
  } else {
    ffmpeg.addOption('-nostdin');
  }
  ffmpeg.complexFilter(command.filters);
  const level = command.logLevel ?? 'error';
  ffmpeg.outputOptions(['-loglevel', level, '-map', '[out]', ...passThrough(command.tools), ...command.outputOptions]);
  return ffmpeg;
}

/** One output frame for each decoded frame; the option changed its name in 5.1 and lost the old one later. */
function passThrough({ versions }: MediaTools): string[] {
  const major = Number(/version n?(\d+)\./.exec(versions.ffmpeg)?.[1] ?? 0);
  return major >= 6 ? ['-fps_mode', 'passthrough'] : ['-vsync', '0'];
}

/** `file:` keeps a name with a colon or a leading dash from being read as a protocol or an option. */
function asFile(path: string): string {
  return `file:${path}`;
}

/** Container and streams as ffprobe describes them. Rejects with FfmpegError on what it cannot read. */
export async function readStreams(tools: MediaTools, path: string, signal: AbortSignal): Promise<fluent.FfprobeData> {
  signal.throwIfAborted();
  const data = await new Promise<fluent.FfprobeData>((done, failed) => {
    const command = fluent(asFile(path)).setFfprobePath(tools.ffprobe);
    command.ffprobe(['-loglevel', 'error'], (cause: unknown, found) => {
      if (!(cause instanceof Error)) {
        done(found);
        return;
      }
      const [message = '', ...stderr] = cause.message.split('\n');
      failed(new FfmpegError(message, stderr.join('\n'), { cause }));
    });
  });
  signal.throwIfAborted();
  return data;
}

/**
 * Runs ffprobe and hands out each line it prints, for listings too long to hold as text. (fluent-ffmpeg
 * reads only streams and format, and offers no way to end an ffprobe.) Resolves with what it
 * wrote to stderr; rejects with FfmpegError on a failure and with the reason on an abort.
 */
export async function listWithFfprobe(
  tools: MediaTools,
  args: readonly string[],
  path: string,
  signal: AbortSignal,
  onLine: (line: string) => void,
): Promise<string> {
  signal.throwIfAborted();
  const ffprobe = spawn(tools.ffprobe, ['-hide_banner', '-loglevel', 'error', ...args, asFile(path)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    signal,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  ffprobe.stderr.setEncoding('utf8').on('data', (text: string) => {
    // Enough to say what is wrong; a damaged file can make ffprobe complain for megabytes.
    if (stderr.length < 10_000) stderr += text;
  });
  const lines = createInterface({ input: ffprobe.stdout, crlfDelay: Infinity }).on('line', onLine);
  const linesRead = new Promise<void>((done) => lines.once('close', done));
  const code = await new Promise<number | null>((done, failed) => {
    ffprobe.once('error', failed).once('close', done);
  }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
  await linesRead;
  if (code !== 0) throw new FfmpegError(`ffprobe exited with code ${code}`, stderr);
  return stderr;
}
