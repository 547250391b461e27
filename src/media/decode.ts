// Hands out a video's frames as pixels: one ffmpeg process for all who read the same stretch of it, one
// reused buffer each, as fast as the slowest takes them and no faster. A frame is known by its ordinal; it
// decides nothing about which.
import { problem } from '../base/problem.js';
import type { Frame, FrameRequest } from '../stage/frames.js';
import type { VideoFacts } from '../stage/stage.js';
import { dropPixelsMin, planDrop } from './drop.js';
import { canCopyPackets, FfmpegError, outputsMax, startFfmpeg, type RunningFfmpeg } from './ffmpeg.js';
import { ffmpegFormat, filterGraph, type Branch, type Wish } from './filter-graph.js';
import { finisherFor, type Finisher } from './finish.js';
import { fromHwaccel, hwaccelOptions, usableHwaccel, type HwaccelTrial, type HwaccelWish } from './hwaccel.js';
import { seekTo, type Seek, type SeekWay } from './seek.js';
import {
  countedFrom,
  planAmongAll,
  planByTimes,
  planSelect,
  stretchOf,
  type SelectPlan,
  type Stretch,
} from './selection.js';
import { usualDecoder, type DecoderTool } from './tools.js';
import type { TwoTap } from './two-tap.js';

/** Size in pixels of the frames that a request gets. */
export function frameSize(
  facts: Pick<VideoFacts, 'width' | 'height'>,
  size: FrameRequest['size'],
): { readonly width: number; readonly height: number } {
  switch (size.kind) {
    case 'full':
      return { width: facts.width, height: facts.height };
    case 'exact':
      return { width: size.width, height: size.height };
    case 'fit': {
      const scale = Math.min(size.width / facts.width, size.height / facts.height);
      // The side that defines the scale fits exactly; a product just below it must not lose a pixel.
      const side = (pixels: number): number => Math.max(1, Math.trunc(pixels * scale + 1e-9));
      return { width: side(facts.width), height: side(facts.height) };
    }
  }
}

/**
 * The requested frames in presentation order: upright, square pixels, tightly packed. `data` is
 * reused for the next frame. Memory stays at about three frames. Ends ffmpeg when the reader stops or `signal` aborts.
 *
 * Throws a ProblemError `bad-video` when ffmpeg fails or when the video decodes to another number
 * of frames than `facts.pts` has, because every later time would then be wrong. With `seek`, what lies
 * before the first wanted frame is not decoded; with `hwaccel` a device decodes. Either throws an InexactSeek when the
 * frames that arrived turn out not to be exactly the wanted ones, and then the caller must decode again without it.
 * Throws a ProblemError `no-hwaccel` as `usableHwaccel` does.
 */
export function decodeFrames(
  path: string,
  facts: VideoFacts,
  request: Wish,
  signal: AbortSignal,
  options: DecodeOptions = {},
): AsyncGenerator<Frame, void, undefined> {
  return new SharedDecode(path, facts, [{ request, signal }], options).frames(0);
}

export type { Wish } from './filter-graph.js';

export interface DecodeOptions {
  readonly tools?: DecoderTool | undefined;
  /** Begin near the first wanted frame where the file's own times tell where that is; from the start where left out. */
  readonly seek?: SeekWay | undefined;
  /** Decode by a device made for it; by the processor where left out. */
  readonly hwaccel?: HwaccelWish | undefined;
  /** Where it is tried whether the device may; here, where left out. */
  readonly tryHwaccel?: HwaccelTrial | undefined;
  /** So many pixels must be saved before pictures are left out; what pays where left out. */
  readonly dropPixelsMin?: number;
}

/**
 * A short cut did not lead to exactly the wanted frames: the file is not what its index says, or a device does
 * otherwise than the processor with what is damaged.
 */
export class InexactSeek extends Error {
  override readonly name = 'InexactSeek';
}

/** One who reads, and the signal by which it stops; the others go on without it. */
export interface Reader {
  readonly request: Wish;
  readonly signal: AbortSignal;
}

interface Line {
  readonly reader: Reader;
  readonly width: number;
  readonly height: number;
  /** Place among ffmpeg's outputs; undefined for a reader who wants no frame at all. */
  readonly output: number | undefined;
  hasLeft: boolean;
}

/** Whether one decode can serve these requests: it has few outputs, and one reader at most can sample by two taps. */
export function canShare(requests: readonly Omit<Wish, 'select'>[]): boolean {
  return requests.length <= outputsMax && requests.filter(({ scaler }) => scaler === 'two-tap').length <= 1;
}

/** The process, and by output: which frames arrive, counted from where it begins, and how each is finished. */
interface Running {
  readonly ffmpeg: RunningFfmpeg;
  readonly plans: readonly SelectPlan[];
  readonly finishers: readonly Finisher[];
}

/**
 * One decode for several readers that can share it, each with frames as `decodeFrames` gives them: the same bytes as if it
 * read alone. It starts with the first frame that is asked for, or at `start`, and ends when all readers have ended or left.
 * All must read side by side, since ffmpeg waits for the slowest; whoever will not read (any more) must `leave`.
 */
export class SharedDecode {
  readonly #path: string;
  readonly #facts: VideoFacts;
  readonly #options: DecodeOptions;
  readonly #stretch: Stretch;
  readonly #sought: Seek | undefined;
  readonly #lines: readonly Line[];
  #running: Promise<Running> | undefined;

  constructor(path: string, facts: VideoFacts, readers: readonly Reader[], options: DecodeOptions = {}) {
    this.#path = path;
    this.#facts = facts;
    this.#options = options;
    if (!canShare(readers.map(({ request }) => request))) throw new Error('these readers cannot share a decode');
    const frameCount = facts.pts.length;
    const stretches = readers.map(({ request }) => stretchOf(request.select, frameCount));
    const full = stretches.filter(({ from, to }) => from < to);
    this.#stretch = {
      from: Math.min(...full.map(({ from }) => from)),
      to: Math.max(...full.map(({ to }) => to)),
    };
    this.#sought =
      options.seek !== undefined && full.length > 0 ? seekTo(this.#stretch, facts, options.seek) : undefined;
    let outputs = 0;
    this.#lines = readers.map((reader): Line => {
      const { from, to } = stretchOf(reader.request.select, frameCount);
      const size = frameSize(facts, reader.request.size);
      const output = from < to ? outputs++ : undefined;
      return { reader, ...size, output, hasLeft: false };
    });
  }

  /** Begins before the first frame is asked for; who asks for one is told what went wrong. All must read, or leave, from now on. */
  start(): void {
    if (this.#lines.every(({ output }) => output === undefined)) return;
    this.#running ??= this.#start();
    this.#running.catch(() => undefined);
  }

  /** The frames of one reader, by its place among the readers; to be called once for each. */
  async *frames(place: number): AsyncGenerator<Frame, void, undefined> {
    const line = this.#lines[place]!;
    const { reader, width, height, output } = line;
    const { signal } = reader;
    if (output === undefined) return;
    const stop = (): void => void this.leave(place);
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      const { ffmpeg, plans, finishers } = await (this.#running ??= this.#start());
      const plan = plans[output]!;
      const finisher = finishers[output]!;
      const wanted = plan.wanted[Symbol.iterator]();
      let next = wanted.next();
      const ordinals = [...plan.passing];
      const passing = ordinals[Symbol.iterator]();
      let received = 0;
      for await (const raw of ffmpeg.outputs[output]!.pictures()) {
        signal.throwIfAborted();
        received++;
        const ordinal = passing.next();
        // More pictures than the plan foresees: counted to the end for the message below.
        if (ordinal.done === true || next.done === true || ordinal.value !== next.value) continue;
        yield { index: this.#origin + ordinal.value, width, height, ...finisher.finish(raw) };
        next = wanted.next();
        if (next.done === true && this.#endsEarly(reader.request)) return;
      }
      signal.throwIfAborted();
      await ffmpeg.finished;
      const expected = this.#endsEarly(reader.request) ? plan.wanted.length : ordinals.length;
      if (received !== expected || next.done !== true) throw this.#differs(received, expected);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FfmpegError)) throw error;
      if (this.#isShortcut) throw new InexactSeek(error.message, { cause: error });
      throw decodeFailed(this.#path, error);
    } finally {
      signal.removeEventListener('abort', stop);
      await this.leave(place);
    }
  }

  /** Says that a reader will read no (more) frames, and resolves; with the last one, when ffmpeg is gone. */
  async leave(place: number): Promise<void> {
    const line = this.#lines[place]!;
    line.hasLeft = true;
    // Where it could not be started, whoever reads is told.
    const running = await this.#running?.catch(() => undefined);
    if (running === undefined) return;
    const { ffmpeg } = running;
    if (this.#lines.every(({ hasLeft, output }) => hasLeft || output === undefined)) await ffmpeg.stop();
    else if (line.output !== undefined) ffmpeg.outputs[line.output]!.leave();
  }

  async #start(): Promise<Running> {
    const { hwaccel: wish, tools = await usualDecoder(), tryHwaccel } = this.#options;
    // Where a lost frame would pass unnoticed only the processor, which loses none that probe has seen, is asked.
    const isWatched = this.#sought !== undefined || !this.#lines.some(({ reader }) => this.#endsEarly(reader.request));
    const video = { path: this.#path, facts: this.#facts };
    const hwaccel =
      wish && isWatched ? await (tryHwaccel?.(wish, video) ?? usableHwaccel(wish, { tools, ...video })) : undefined;
    const lines = this.#lines.filter(({ output }) => output !== undefined);
    const { plans, drop } = this.#planFor(lines, { tools, inHardware: hwaccel !== undefined });
    const finishers = lines.map(({ reader: { request }, width, height }) =>
      finisherFor(this.#facts, request, { width, height }),
    );
    const sampler = finishers.find((finisher) => finisher.sampler !== undefined)?.sampler;
    const label = (output: number | undefined): string => `out${output ?? ''}`;
    const branches = lines.map(({ reader: { request }, width, height, output }): Branch => ({
      label: label(output),
      request,
      expression: plans[output!]!.expression,
      sampler: finishers[output!]!.sampler,
      stored: finishers[output!]!.stored,
      width,
      height,
    }));
    // A stretch is one chunk of several, which run beside each other; more threads would cost a tenth and gain nothing.
    const threads = this.#options.seek !== undefined ? ['-threads', '1'] : [];
    const { inputOptions = [], decoderOptions = [], filters = [] } = this.#sought ?? {};
    // What the file's container may say of colours and a copy's does not.
    const colors = this.#facts.yuv420 === 'bt709' ? ['-colorspace', 'bt709'] : [];
    const ffmpeg = await startFfmpeg({
      tools,
      path: this.#path,
      copy: drop === undefined ? undefined : { inputOptions, drop },
      // The graph turns and scales by itself, for every frame: ffmpeg must not turn first, nor
      // rebuild the graph (and count frames from 0 again) when the stream changes size half-way.
      inputOptions: [
        ...threads,
        ...(hwaccel === undefined ? [] : hwaccelOptions(hwaccel)),
        ...['-noautorotate', '-reinit_filter', '0'],
        ...decoderOptions,
        ...(drop === undefined ? inputOptions : colors),
      ],
      sideInput: sampler && mapInput(sampler),
      filters: filterGraph(this.#facts, hwaccel === undefined ? filters : [...filters, fromHwaccel], branches),
      outputs: lines.map((line) => ({
        label: label(line.output),
        options: ['-f', 'rawvideo', '-pix_fmt', pixelFormat(finishers[line.output!]!, line.reader.request)],
        buffers: finishers[line.output!]!.buffers,
      })),
      signal: new AbortController().signal,
    });
    for (const { hasLeft, output } of lines) if (hasLeft) ffmpeg.outputs[output!]!.leave();
    return { ffmpeg, plans, finishers };
  }

  /** Whether another way may give the right frames where this one does not. */
  get #isShortcut(): boolean {
    return this.#sought !== undefined || this.#options.hwaccel !== undefined;
  }

  /** The frame from which frames are counted: where seeking begins, since ffmpeg counts those alone that come from there on. */
  get #origin(): number {
    return this.#sought === undefined ? 0 : this.#stretch.from;
  }

  /** Which frames arrive, and which packets are dropped before. */
  #planFor(
    lines: readonly Line[],
    { tools, inHardware }: { readonly tools: DecoderTool; readonly inHardware: boolean },
  ): { readonly plans: readonly SelectPlan[]; readonly drop?: string | undefined } {
    const [facts, stretch, sought] = [this.#facts, this.#stretch, this.#sought];
    const frameCount = sought === undefined ? facts.pts.length : stretch.to - stretch.from;
    const plans = lines.map(({ reader: { request } }) =>
      planSelect(sought === undefined ? request.select : countedFrom(request.select, stretch), frameCount),
    );
    const wanted = new Set(plans.flatMap((plan) => plan.wanted.map((ordinal) => this.#origin + ordinal)));
    const drop =
      sought?.key === undefined || !canCopyPackets(tools)
        ? undefined
        : planDrop(facts, { key: sought.key, to: stretch.to }, wanted, this.#options.dropPixelsMin ?? dropPixelsMin);
    if (drop === undefined && !inHardware) return { plans };
    // By time: a frame that is missing, or one that was not dropped, then cannot shift the others.
    const timeOf = (ordinal: number): number => facts.pts[this.#origin + ordinal]!;
    const byTimes = sought === undefined ? [] : plans.flatMap((plan) => planByTimes(plan, timeOf) ?? []);
    if (byTimes.length === plans.length) return { plans: byTimes, drop };
    return { plans: inHardware ? plans.map((plan) => planAmongAll(plan, frameCount)) : plans };
  }

  /** What follows the last wanted frame is of no interest; a sought stretch ends there by itself. */
  #endsEarly({ select }: Wish): boolean {
    const frameCount = this.#facts.pts.length;
    return this.#sought === undefined && (select.kind === 'listed' || stretchOf(select, frameCount).to < frameCount);
  }

  #differs(received: number, expected: number): Error {
    if (this.#isShortcut)
      return new InexactSeek(`${this.#path}: ${received} frames, not ${expected}, were found there`);
    return problem(
      'bad-video',
      `${this.#path}: ${received} of ${expected} frames decode (the video lists ${this.#facts.pts.length}): its picture data is damaged`,
      `write it anew with: ffmpeg -i ${JSON.stringify(this.#path)} -c:v libx264 -crf 16 -c:a copy repaired.mkv`,
    );
  }
}

function pixelFormat({ stored }: Finisher, { format }: Wish): string {
  return stored ? ffmpegFormat.stored : ffmpegFormat[format];
}

function mapInput(sampler: TwoTap): { readonly options: readonly string[]; readonly bytes: Uint8Array } {
  const size = `${sampler.tapWidth}x${2 * sampler.tapHeight}`;
  const options = ['-f', 'rawvideo', '-pix_fmt', 'gray16le', '-video_size', size, '-framerate', '1'];
  return { options, bytes: sampler.maps() };
}

function decodeFailed(path: string, error: FfmpegError): Error {
  const said = error.stderr.trim().split('\n').slice(-3).join(' / ') || error.message;
  return problem('bad-video', `${path}: ffmpeg cannot decode it: ${said}`, undefined, error);
}
