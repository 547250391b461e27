// Which frames the network looks at, and what is taken for found in the others: every frame, or few where the same
// faces stay (an adaptive stride). It knows frames and faces; the network is the detector's.
import type { Frame } from '../../src/stage/frames.js';
import type { Picture } from '../media/resample.js';
import { abruptChanges } from './abrupt.js';
import type { FaceDetector } from './detector.js';
import type { FoundFace } from './merge.js';
import { faceBetween, sameFaces } from './same-faces.js';

/** What a frame shows. */
export interface Look {
  readonly frame: number;
  /** Best first. */
  readonly faces: readonly FoundFace[];
  /** The network has not seen this frame: its faces lie between those of two others. */
  readonly interpolated: boolean;
}

export interface LookOptions {
  readonly detector: Pick<FaceDetector, 'detect' | 'flush'>;
  /** Whether the doubtful faces of a frame get a second look. */
  readonly lookAgain: (frame: number) => boolean;
}

/** One call of the network is under way while the frames of the next are packed; more would only hold more memory. */
const callsInFlight = 2;

export interface DenseOptions extends LookOptions {
  /** So many frames go through the network in one call. */
  readonly together: number;
  /** Told what a frame of which parts can be kept shows before the next one is asked for, where they go through the network one by one. */
  readonly seen?: (frame: Frame, faces: readonly FoundFace[]) => void;
}

/** Looks at each of `frames`. */
export async function* lookAtEach(
  frames: AsyncIterable<Frame>,
  { together, seen, ...options }: DenseOptions,
): AsyncGenerator<Look, void, undefined> {
  const inFlight: Begun[] = [];
  try {
    for await (const frame of frames) {
      if (seen !== undefined && frame.keep !== undefined && together === 1) {
        const look = await finished(begin(frame, options));
        seen(frame, look.faces);
        yield look;
        continue;
      }
      if (inFlight.length === callsInFlight * together) yield await finished(inFlight.shift()!);
      inFlight.push(begin(frame, options));
    }
    options.detector.flush();
    while (inFlight.length > 0) yield await finished(inFlight.shift()!);
  } finally {
    await letGo(inFlight, options);
  }
}

export interface SparseOptions extends LookOptions {
  /** Frames that are looked at whatever they show. The first of `frames` always is; the last must be among these. */
  readonly isLookedAt: (frame: number) => boolean;
  /** Score from which a face counts: such a one must neither come nor go unseen. */
  readonly scoreMin: number;
}

/**
 * Looks at some of `frames`, and between two of those at others only where the picture changes at once or a face came, went
 * or weakened: at the middle one, and so on in the halves, until what changed lies between neighbours. Elsewhere faces move
 * straight from one look to the next. A face that comes and goes between two looks is not found.
 */
export async function* lookWhereItChanges(
  frames: AsyncIterable<Frame>,
  options: SparseOptions,
): AsyncGenerator<Look, void, undefined> {
  const changesAtOnce = abruptChanges();
  const spare: Uint8Array[] = [];
  const begun: Begun[] = [];
  const waiting: Stretch[] = [];
  let open: Omit<Stretch, 'last'> | undefined;
  try {
    for await (const frame of frames) {
      const changed = changesAtOnce(frame);
      open?.changes.push(changed);
      if (open !== undefined && !options.isLookedAt(frame.index)) {
        open.inside.push({ frame: frame.index, picture: copyInto(spare.pop(), frame) });
        continue;
      }
      const look = begin(frame, options);
      begun.push(look);
      if (open !== undefined) waiting.push({ ...open, last: look });
      open = { first: look, inside: [], changes: [false] };
      // One stretch is in hand while the look that ends the next is under way.
      if (waiting.length > 1) yield* settle(waiting.shift()!);
    }
    options.detector.flush();
    for (const stretch of waiting) yield* settle(stretch);
    if (open !== undefined) yield await finished(open.first);
  } finally {
    await letGo(begun, options);
  }

  async function* settle(stretch: Stretch): AsyncGenerator<Look, void, undefined> {
    yield* looksIn(stretch, options);
    spare.push(...stretch.inside.map(({ picture }) => picture.data));
    begun.splice(0, begun.indexOf(stretch.last));
  }
}

/** What the frames of a stretch show, all but its last. */
async function* looksIn(stretch: Stretch, options: SparseOptions): AsyncGenerator<Look, void, undefined> {
  options.detector.flush();
  const first = await finished(stretch.first);
  yield first;
  const { faces } = await finished(stretch.last);
  yield* looksBetween({ at: 0, faces: first.faces }, { at: stretch.inside.length + 1, faces }, stretch, options);
}

async function* looksBetween(
  low: Place,
  high: Place,
  stretch: Stretch,
  options: SparseOptions,
): AsyncGenerator<Look, void, undefined> {
  const length = high.at - low.at;
  if (length < 2) return;
  const { inside, changes } = stretch;
  const { detector, scoreMin } = options;
  const isCalm = !changes.slice(low.at + 1, high.at + 1).includes(true);
  const pairs = isCalm ? sameFaces(low.faces, high.faces, scoreMin) : undefined;
  if (pairs !== undefined) {
    for (let at = low.at + 1; at < high.at; at += 1) {
      const faces = pairs.map(([before, after]) => faceBetween(before, after, (at - low.at) / length));
      faces.sort((a, b) => b.score - a.score || a.bbox[0] - b.bbox[0]);
      yield { frame: inside[at - 1]!.frame, faces, interpolated: true };
    }
    return;
  }
  const at = (low.at + high.at) >> 1;
  const { frame, picture } = inside[at - 1]!;
  const found = detector.detect(picture, { lookAgain: false });
  detector.flush();
  const middle = { at, faces: await found };
  yield* looksBetween(low, middle, stretch, options);
  yield { frame, faces: middle.faces, interpolated: false };
  yield* looksBetween(middle, high, stretch, options);
}

/** A look under way. */
interface Begun {
  readonly frame: number;
  readonly faces: Promise<FoundFace[]>;
}

/** From one frame that is looked at to the next. */
interface Stretch {
  readonly first: Begun;
  readonly inside: { readonly frame: number; readonly picture: Picture }[];
  /** Of each frame, from the first to the last, whether its picture is unlike the one before in this stretch. */
  readonly changes: boolean[];
  readonly last: Begun;
}

/** A frame of a stretch, counted from its first, with what it shows. */
interface Place {
  readonly at: number;
  readonly faces: readonly FoundFace[];
}

function begin(frame: Frame, { detector, lookAgain }: LookOptions): Begun {
  const faces = detector.detect(frame, { lookAgain: lookAgain(frame.index) });
  // A failure is met when this frame is finished; until then it must not count as unhandled.
  faces.catch(() => undefined);
  return { frame: frame.index, faces };
}

async function finished({ frame, faces }: Begun): Promise<Look> {
  return { frame, faces: await faces, interpolated: false };
}

/** Those left over when something failed: they must not outlive the stage, and that failure is the one to tell. */
async function letGo(begun: readonly Begun[], { detector }: LookOptions): Promise<void> {
  detector.flush();
  await Promise.allSettled(begun.map(({ faces }) => faces));
}

function copyInto(spare: Uint8Array | undefined, { width, height, data }: Picture): Picture {
  const copy = spare?.length === data.length ? spare : new Uint8Array(data.length);
  copy.set(data);
  return { width, height, data: copy };
}
