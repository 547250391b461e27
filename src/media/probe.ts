// Finds out what a video is: its picture's size and turn, and the exact time of every frame that
// decoding will give. Refuses what is no whole video, in one sentence. It hands out no pixels.
import { open, stat } from 'node:fs/promises';
import { problem, ProblemError } from '../base/problem.js';
import type { VideoFacts } from '../stage/stage.js';
import { FfmpegError, listWithFfprobe, readStreams, startFfmpeg } from './ffmpeg.js';
import { streamFacts, videoStream, type FactsOfFrames, type StreamFacts } from './streams.js';
import { ascending, keyOrdinals, packetTimes, parsePacket, usualStep, type Packet } from './timestamps.js';
import { usualMediaTools, type MediaTools } from './tools.js';
import { unreferencedPackets } from './unreferenced.js';

/** How far the packets' times are compared with decoded frames before the rest is believed. */
const framesCompared = 48;

/** A video may end this much before its container says: the last packet's length is often missing. */
const missingSecondsMax = 1;

export interface ProbeOptions {
  /** The programs to use; those of the process's environment when left out. */
  readonly tools?: MediaTools;
  /** Decode every frame even where the packets are believed: slow, and the measure of the quick way. */
  readonly decodeAll?: boolean;
}

/**
 * Facts about a file's video stream. Frame times come from the packets where those tell them
 * beyond doubt and the first decoded frames agree, else from decoding everything.
 *
 * Every refusal is a ProblemError `bad-video` that names the file.
 */
export async function probeVideo(path: string, signal: AbortSignal, options: ProbeOptions = {}): Promise<VideoFacts> {
  await refuseNoFile(path);
  const tools = options.tools ?? (await usualMediaTools());
  try {
    const facts = await readFacts(tools, path, signal);
    const { packets, endSeconds } = await readPackets(tools, path, facts, signal);
    refuseCutOff(path, facts, packets, endSeconds);
    const believed = options.decodeAll === true ? undefined : packetTimes(facts, packets);
    const shown = await frameTimes(tools, path, facts, believed, signal);
    // A bare stream has no clock: what each demuxer makes up in its stead differs by version.
    const timed = packets.some(({ pts }) => pts !== undefined);
    const times = timed ? shown.times : shown.times.map((_, at) => at * bareStep(facts, packets));
    if (times.length === 0) throw badVideo(path, 'has a video stream in which no picture can be decoded');
    return {
      ...publicFacts(facts),
      pts: times,
      lastDuration: lastDuration(facts, packets, times),
      clockMended: !timed || shown.mended,
      ...(shown.times === believed ? await factsOfPackets(path, facts, { times: believed, packets }, signal) : {}),
    };
  } catch (error) {
    if (error instanceof FfmpegError) throw await unreadable(path, error);
    throw error;
  }
}

/** What the packets tell of the frames where their times are believed. */
async function factsOfPackets(
  path: string,
  { container, prefixed }: StreamFacts,
  { times, packets }: { readonly times: readonly number[]; readonly packets: readonly Packet[] },
  signal: AbortSignal,
): Promise<Pick<VideoFacts, 'keyFrames' | 'unreferenced'>> {
  const keyFrames = keyOrdinals(times, packets);
  // Elsewhere a packet's place in the file is not that of its bytes.
  if (!prefixed || !container.includes('mp4')) return { keyFrames };
  const unreferenced = new Map(
    (await unreferencedPackets(path, packets, signal)).map(({ pts, position }) => [pts, position!]),
  );
  return {
    keyFrames,
    unreferenced: times.flatMap((time, frame) => {
      const position = unreferenced.get(time);
      return position === undefined ? [] : [[frame, position] as const];
    }),
  };
}

async function refuseNoFile(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw problem('bad-video', `${path}: there is no such file`, undefined, cause);
  });
  if (found.isDirectory()) throw badVideo(path, 'is a folder, not a video');
  if (!found.isFile()) throw badVideo(path, 'is not an ordinary file');
  if (found.size === 0) throw badVideo(path, 'is empty (0 bytes)');
}

async function readFacts(tools: MediaTools, path: string, signal: AbortSignal): Promise<StreamFacts> {
  const data = await readStreams(tools, path, signal);
  const stream = videoStream(data);
  if (!stream) {
    const sound = data.streams.some(({ codec_type }) => codec_type === 'audio');
    throw badVideo(path, sound ? 'has sound but no video stream' : 'has no video stream');
  }
  const facts = streamFacts(data, stream);
  // ffmpeg shows a text file as a video of teletype characters.
  if (!facts || data.format.format_name === 'tty') throw badVideo(path, 'is no video: its picture has no size');
  return facts;
}

interface PacketList {
  readonly packets: readonly Packet[];
  /** Where the last packet of any stream ends, in seconds; sound may be longer than the picture. */
  readonly endSeconds: number;
}

async function readPackets(
  tools: MediaTools,
  path: string,
  facts: StreamFacts,
  signal: AbortSignal,
): Promise<PacketList> {
  const packets: Packet[] = [];
  let endSeconds = 0;
  const fields =
    'packet=stream_index,pts,pts_time,duration,duration_time,size,pos,flags:packet_side_data=side_data_type';
  await listWithFfprobe(tools, ['-show_entries', fields, '-of', 'csv=p=0'], path, signal, (line) => {
    const [index, pts = '', ptsTime, duration = '', durationTime, ...rest] = line.split(',');
    endSeconds = Math.max(endSeconds, (Number(ptsTime) || 0) + (Number(durationTime) || 0));
    // Side data is followed by an empty line.
    if (index === String(facts.streamIndex)) packets.push(parsePacket([pts, duration, ...rest]));
  });
  return { packets, endSeconds };
}

/** An unfinished copy still has its first half, and looks well until somebody counts. */
function refuseCutOff(path: string, facts: StreamFacts, { length }: readonly Packet[], endSeconds: number): void {
  const { framesListed, promisedSeconds = 0, container } = facts;
  const indexed = container.includes('mp4') && framesListed !== undefined;
  const missing = indexed ? length < framesListed : promisedSeconds - endSeconds > missingSecondsMax;
  if (!missing || (!indexed && !/matroska|webm/.test(container))) return;
  throw badVideo(
    path,
    `is cut off: ${endSeconds.toFixed(1)} of ${promisedSeconds.toFixed(1)} seconds can be read`,
    'copy or download it again',
  );
}

async function frameTimes(
  tools: MediaTools,
  path: string,
  facts: StreamFacts,
  believed: readonly number[] | undefined,
  signal: AbortSignal,
): Promise<FrameTimes> {
  if (!believed) return decodeTimes(tools, path, facts, signal);
  const { times } = await decodeTimes(tools, path, facts, signal, framesCompared);
  // ffmpeg shows one more at times before it stops.
  const complete = times.length >= Math.min(framesCompared, believed.length) && times.length <= believed.length;
  const agree = complete && times.every((time, at) => time === believed[at]);
  return agree ? { times: believed, mended: false } : decodeTimes(tools, path, facts, signal);
}

interface FrameTimes {
  readonly times: readonly number[];
  /** Not the file's own: those do not ascend, or some are missing. */
  readonly mended: boolean;
}

/** Times of the decoded frames, by ffmpeg's `showinfo`; of the first `most` frames where given. */
async function decodeTimes(
  tools: MediaTools,
  path: string,
  facts: StreamFacts,
  signal: AbortSignal,
  most?: number,
): Promise<FrameTimes> {
  const told: (number | undefined)[] = [];
  const [numerator, denominator] = facts.timeBase;
  const ffmpeg = await startFfmpeg({
    tools,
    path,
    // copyts keeps the container's own times; ffmpeg otherwise counts from the earliest stream.
    inputOptions: ['-copyts', '-noautorotate', '-reinit_filter', '0'],
    // showinfo sums up every pixel it sees; a corner of the picture costs nothing.
    filters: `[0:V:0]settb=${numerator}/${denominator},crop=min(iw\\,2):min(ih\\,2):0:0,showinfo[out]`,
    outputs: [
      {
        label: 'out',
        options: ['-f', 'null', ...(most === undefined ? [] : ['-frames:v', String(most)])],
        // Nothing comes.
        buffers: [new Uint8Array(1), new Uint8Array(1)],
      },
    ],
    logLevel: 'info',
    signal,
    onLine(line) {
      const found = /Parsed_showinfo.*\bn: *\d+ +pts: *(-?\d+|NOPTS)/.exec(line);
      if (found) told.push(found[1] === 'NOPTS' ? undefined : Number(found[1]));
    },
  });
  try {
    ffmpeg.outputs[0]!.leave();
    await ffmpeg.finished;
  } finally {
    await ffmpeg.stop();
  }
  const known = told.filter((time) => time !== undefined);
  const times = ascending(told, nominalStep(facts, known));
  return { times, mended: times.some((time, at) => time !== told[at]) };
}

function nominalStep(facts: StreamFacts, times: readonly number[]): number {
  const [numerator, denominator] = facts.timeBase;
  const units = ((facts.frameSeconds ?? 0.04) * denominator) / numerator;
  return Math.max(1, usualStep(times) ?? Math.round(units));
}

/** Length of a frame where only the pictures themselves tell the rate. */
function bareStep(facts: StreamFacts, packets: readonly Packet[]): number {
  return packets.find(({ duration }) => duration > 0)?.duration ?? nominalStep(facts, []);
}

function lastDuration(facts: StreamFacts, packets: readonly Packet[], times: readonly number[]): number {
  const last = packets.find(({ pts, duration }) => pts === times.at(-1) && duration > 0);
  return last?.duration ?? nominalStep(facts, times);
}

function publicFacts(facts: StreamFacts): Omit<VideoFacts, FactsOfFrames> {
  const { container, codec, storedWidth, storedHeight, width, height, rotation, pixelAspect, timeBase, yuv420 } = facts;
  return { container, codec, storedWidth, storedHeight, width, height, rotation, pixelAspect, timeBase, yuv420 };
}

function badVideo(path: string, what: string, hint?: string): ProblemError {
  return problem('bad-video', `${path} ${what}`, hint);
}

/** Whether the file begins as an mp4 or mov does; ffmpeg goes by the name alone and misses an index in any text. */
async function startsWithBox(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return ['ftyp', 'moov', 'mdat', 'free', 'wide', 'skip', 'pnot'].includes(buffer.toString('latin1', 4, 8));
  } finally {
    await file.close();
  }
}

async function unreadable(path: string, error: FfmpegError): Promise<ProblemError> {
  if (error.stderr.includes('moov atom not found') && (await startsWithBox(path))) {
    const message = `${path} is cut off: the index (moov) that an mp4 keeps at its end is missing, so nothing can be read`;
    return problem('bad-video', message, 'copy or download it again', error);
  }
  if (error.message.includes('killed with signal')) {
    const message = `${path}: ffprobe crashed while reading it`;
    return problem(
      'bad-video',
      message,
      'install a newer ffmpeg; the build that npm brings cannot read .ts files',
      error,
    );
  }
  const lines = error.stderr.split('\n').filter((line) => line.trim() !== '');
  const said = lines.at(-1)?.replace(/^.*?: /, '') ?? error.message;
  return problem('bad-video', `${path} is no video that ffmpeg can read: ${said}`, undefined, error);
}
