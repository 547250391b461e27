// Starts ffmpeg and ffprobe, the one place that does, and sees that none outlives its use: each
// ends by itself, by an abort, or when its reader stops. It knows no stage and no picture.
import { execFile, spawn, type ChildProcess, type ExecFileException } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';
import fluent from 'fluent-ffmpeg';
import { openPicturePipe, PicturePipe, socketPath, type OpenPipe, type PictureBuffers } from './picture-pipe.js';
import type { DecoderTool, MediaTools } from './tools.js';

export type { FfprobeData, FfprobeStream } from 'fluent-ffmpeg';

/** One ffmpeg process: a video in, raw bytes out. */
export interface FfmpegCommand {
  readonly tools: DecoderTool;
  readonly path: string;
  readonly inputOptions: readonly string[];
  /** Where packets are to be left out before they are decoded: another ffmpeg then reads the file. */
  readonly copy?: PacketCopy | undefined;
  /** A second input, fed through stdin, with the options that say what it is. */
  readonly sideInput?: { readonly options: readonly string[]; readonly bytes: Uint8Array } | undefined;
  /** A filter graph with a result for each output, labelled as they say. */
  readonly filters: string;
  /** At most `outputsMax`. */
  readonly outputs: readonly FfmpegOutput[];
  readonly logLevel?: 'error' | 'info';
  readonly onLine?: (line: string) => void;
  readonly signal: AbortSignal;
}

/** An ffmpeg that hands on the packets of a file's video. */
export interface PacketCopy {
  readonly inputOptions: readonly string[];
  /** Expression of the packet filter `noise`: true for the packets to leave out. */
  readonly drop: string;
}

/** What becomes of one result of the filter graph. */
export interface FfmpegOutput {
  /** The result's label in the graph, without brackets. */
  readonly label: string;
  readonly options: readonly string[];
  readonly buffers: PictureBuffers;
}

export interface RunningFfmpeg {
  /** The pictures of each output. All must be read, or left: ffmpeg stands still for the slowest. */
  readonly outputs: readonly PicturePipe[];
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

/** Lines of ffmpeg's complaints that are kept: the last ones say what ended it. */
const linesKept = 40;

/**
 * Descriptors that ffmpeg writes pictures to. Node hands on a socket in the state in which a program expects it,
 * one that makes it wait, as one of the first three alone; the third is for what ffmpeg says.
 */
const outputDescriptors = [1, 0] as const;
/** Where a side input comes from. */
const sideInputDescriptor = 3;
/** Where packets come from that another ffmpeg copies. */
const packetsDescriptor = 4;

/** How many outputs one ffmpeg can have; the third is a socket that it makes itself, where the system has files that are sockets. */
export const outputsMax = outputDescriptors.length + (process.platform === 'win32' ? 0 : 1);

/** Starts ffmpeg. The caller must read or leave each of `outputs`, or call `stop`, whatever happens. */
export async function startFfmpeg(command: FfmpegCommand): Promise<RunningFfmpeg> {
  if (command.outputs.length > outputsMax) throw new Error(`one ffmpeg cannot have ${command.outputs.length} outputs`);
  const opened: OpenPipe[] = [];
  const listening = command.outputs
    .slice(outputDescriptors.length)
    .map(({ buffers }) => ({ path: socketPath(), buffers }));
  try {
    for (const { buffers } of command.outputs.slice(0, outputDescriptors.length))
      opened.push(await openPicturePipe(buffers));
    command.signal.throwIfAborted();
    const [first, second] = opened.map(({ writeEnd }) => writeEnd);
    // fluent-ffmpeg puts the words together. It can start a process with one output only, so that is done here.
    const places = listening.map(({ path }) => path);
    const child = spawn(command.tools.ffmpeg, buildCommand(command, places)._getArguments(), {
      stdio: [
        second ?? 'ignore',
        first ?? 'ignore',
        'pipe',
        command.sideInput ? 'pipe' : 'ignore',
        ...(command.copy ? (['pipe'] as const) : []),
      ],
      windowsHide: true,
    });
    const runs = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    return watch(
      child,
      command.copy && startCopy(command, command.copy, child.stdio[packetsDescriptor] as Socket),
      command,
      [...opened.map(({ pipe }) => pipe), ...listening.map(({ path, buffers }) => pipeFrom(path, buffers, runs))],
    );
  } catch (error) {
    for (const { pipe } of opened) pipe.leave();
    throw error;
  } finally {
    // The process has its own.
    for (const { writeEnd } of opened) writeEnd.destroy();
  }
}

/** What comes out of a socket that a process makes; its file is removed once nobody needs it to find the socket. */
function pipeFrom(path: string, buffers: PictureBuffers, runs: () => boolean): PicturePipe {
  const pipe = new PicturePipe(path, buffers, runs);
  const remove = (): void => rmSync(path, { force: true });
  pipe.connected.then(remove, remove);
  return pipe;
}

/**
 * Starts the ffmpeg that copies packets straight into the one that decodes. How it ends says nothing: that the other one
 * has enough is an end like any other, and what is missing is missed by whoever counts frames.
 */
function startCopy({ tools, path }: FfmpegCommand, { inputOptions, drop }: PacketCopy, to: Socket): PacketCopier {
  const input = ['-hide_banner', '-nostats', '-nostdin', '-loglevel', 'quiet', ...inputOptions, '-i', asFile(path)];
  const filter = ['-map', '0:V:0', '-c', 'copy', '-bsf:v', `noise=drop=${drop}`];
  // NUT keeps times to the last digit, but would have those before 0 moved.
  const output = ['-avoid_negative_ts', 'disabled', '-f', 'nut', 'pipe:1'];
  const child = spawn(tools.ffmpeg, [...input, ...filter, ...output], {
    stdio: ['ignore', to, 'ignore'],
    windowsHide: true,
  });
  // Both processes have their ends, and see the end when the other is gone.
  to.on('error', () => undefined).destroy();
  const gone = new Promise<void>((done) => child.once('error', () => done()).once('exit', () => done()));
  return { gone, kill: () => void child.kill('SIGKILL') };
}

interface PacketCopier {
  readonly gone: Promise<void>;
  kill(): void;
}

function watch(
  child: ChildProcess,
  copier: PacketCopier | undefined,
  command: FfmpegCommand,
  outputs: readonly PicturePipe[],
): RunningFfmpeg {
  const sideInput = child.stdio[sideInputDescriptor] as Writable | null;
  // It may end without having read all of it, and says so itself.
  if (command.sideInput) sideInput?.on('error', () => undefined).end(command.sideInput.bytes);
  const lines: string[] = [];
  const stderr = createInterface({ input: child.stderr!, crlfDelay: Infinity }).on('line', (line) => {
    command.onLine?.(line);
    if (lines.push(line) > linesKept) lines.shift();
  });
  const heard = new Promise<void>((done) => stderr.once('close', done));
  const kill = (): void => {
    child.kill('SIGKILL');
    copier?.kill();
  };
  const ended = new Promise<void>((done, failed) => {
    const fail = (message: string, cause?: Error): void =>
      failed(new FfmpegError(message, lines.join('\n'), cause && { cause }));
    child.once('error', (cause) => fail(cause.message, cause));
    child.once('exit', (code, signal) => {
      // Its last words may still be in the pipe.
      void heard.then(() => {
        if (code === 0) done();
        else fail(signal === null ? `ffmpeg exited with code ${code}` : `ffmpeg was killed with signal ${signal}`);
      });
    });
  }).finally(() => command.signal.removeEventListener('abort', kill));
  command.signal.addEventListener('abort', kill, { once: true });
  const finished = ended.catch((error: unknown) => {
    throw command.signal.aborted ? command.signal.reason : error;
  });
  // Whoever stops early never awaits `finished`; that must not count as an unhandled rejection.
  finished.catch(() => undefined);
  return {
    outputs,
    finished,
    async stop() {
      kill();
      // Whatever is still on its way is thrown away, so that the process can be reaped.
      outputs.forEach((output) => output.leave());
      await finished.catch(() => undefined);
      await copier?.gone;
    },
  };
}

/** `places`: the sockets that it makes for what goes to no descriptor. */
function buildCommand(command: FfmpegCommand, places: readonly string[]): fluent.FfmpegCommand {
  const ffmpeg = fluent();
  const copied = ['-copyts', '-f', 'nut'];
  ffmpeg
    .input(command.copy ? `pipe:${packetsDescriptor}` : asFile(command.path))
    .inputOptions(['-hide_banner', '-nostats', '-nostdin', ...(command.copy ? copied : []), ...command.inputOptions]);
  if (command.sideInput) ffmpeg.input(`pipe:${sideInputDescriptor}`).inputOptions([...command.sideInput.options]);
  ffmpeg.complexFilter(command.filters);
  command.outputs.forEach(({ label, options }, output) => {
    const descriptor = outputDescriptors[output];
    const listen = descriptor === undefined ? ['-listen', '1'] : [];
    ffmpeg
      .output(descriptor === undefined ? `unix:${places[output - outputDescriptors.length]!}` : `pipe:${descriptor}`)
      .outputOptions([...listen, '-loglevel', command.logLevel ?? 'error', '-map', `[${label}]`])
      .outputOptions([...passThrough(command.tools), ...options]);
  });
  return ffmpeg;
}

/** One output frame for each decoded frame; the option changed its name in 5.1 and lost the old one later. */
export function passThrough(tools: DecoderTool): string[] {
  return isFrom(tools, 6, 0) ? ['-fps_mode', 'passthrough'] : ['-vsync', '0'];
}

/** Whether a `PacketCopy` can be had: its filter is there from 5.1 on. */
export function canCopyPackets(tools: DecoderTool): boolean {
  return isFrom(tools, 5, 1);
}

/** Builds that name no version are taken for old. */
function isFrom({ versions }: DecoderTool, major: number, minor: number): boolean {
  const [, itsMajor = 0, itsMinor = 0] = /version n?(\d+)\.(\d+)/.exec(versions.ffmpeg)?.map(Number) ?? [];
  return itsMajor > major || (itsMajor === major && itsMinor >= minor);
}

/** `file:` keeps a name with a colon or a leading dash from being read as a protocol or an option. */
function asFile(path: string): string {
  return `file:${path}`;
}

/** Runs ffmpeg to its end, for what little it writes. Rejects with FfmpegError, after `timeoutMs` too. */
export async function runFfmpeg(
  { ffmpeg }: DecoderTool,
  args: readonly string[],
  timeoutMs: number,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    return await promisify(execFile)(ffmpeg, ['-hide_banner', '-nostats', '-nostdin', ...args], {
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
      windowsHide: true,
    });
  } catch (error) {
    const { code, signal, stderr } = error as ExecFileException & { readonly stderr: string };
    const end = signal == null ? `exited with code ${code}` : `was killed with signal ${signal}`;
    throw new FfmpegError(`ffmpeg ${end}`, stderr, { cause: error });
  }
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
