// Frames beside what is kept of them: those that a reader may keep parts of, and those that are made of kept parts
// instead of being decoded. It decodes nothing.
import type { Frame, FrameParts } from '../stage/frames.js';
import type { VideoFacts } from '../stage/stage.js';
import { finisherFor } from './finish.js';
import type { Wish } from './filter-graph.js';
import type { KeptPixels, PixelKeeper } from './kept.js';

/** `frames`, of which parts can be kept; `stored` are the same frames as they lie in the file. */
export async function* framesToKeep(
  frames: AsyncIterable<Frame>,
  stored: AsyncGenerator<Frame, void>,
  keeper: PixelKeeper,
): AsyncGenerator<Frame, void, undefined> {
  try {
    for await (const frame of frames) {
      const whole = (await stored.next()).value ?? undefined;
      if (whole?.index !== frame.index) throw new Error(`frame ${frame.index} came without its stored picture`);
      yield { ...frame, keep: (parts) => keeper.keep(frame.index, whole.data, parts) };
    }
    // Only at its end is it known whether all were decoded.
    await stored.next();
  } finally {
    await stored.return(undefined);
  }
}

/** What a reader wants to look at that is kept. */
export interface KeptWish {
  readonly kept: KeptPixels;
  /** At full size, with `parts`. */
  readonly request: Wish & { readonly parts: FrameParts };
  /** Of a video that `isPlain`. */
  readonly facts: VideoFacts;
  readonly signal: AbortSignal;
}

/** The frames of `indices` in their order: those that are kept, and of the others the next of `decoded`. */
export async function* framesFromKept(
  indices: readonly number[],
  decoded: AsyncGenerator<Frame, void>,
  { kept, request, facts, signal }: KeptWish,
): AsyncGenerator<Frame, void, undefined> {
  const { width, height } = facts;
  const finisher = finisherFor(facts, request, { width, height });
  const [raw] = finisher.buffers;
  try {
    for (const index of indices) {
      signal.throwIfAborted();
      if (!kept.has(index)) {
        const frame = (await decoded.next()).value ?? undefined;
        if (frame?.index !== index) throw new Error(`frame ${index} was neither kept nor decoded`);
        yield frame;
        continue;
      }
      kept.putInto(index, raw);
      const { data, show } = finisher.finish(raw);
      yield {
        index,
        width,
        height,
        data,
        show(part) {
          if (!kept.holds(index, part)) throw new Error(`a part of frame ${index} is looked at that was not named`);
          show?.(part);
        },
      };
    }
    // As in framesToKeep: only at its end is it known whether all were decoded.
    await decoded.next();
  } finally {
    await decoded.return(undefined);
  }
}
