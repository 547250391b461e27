// How long work is divided into chunks: by the length of the input alone, so that every build of the
// same video finds the chunks that an earlier one finished, whatever its number of jobs. Pure.

/** Items `from` up to, not including, `to`. */
export type Run = { readonly from: number; readonly to: number };

/** So many chunks keep eight cores busy, and lose an eighth at most when a build is killed. */
const chunksWanted = 8;
/** Fewer frames than this, and starting ffmpeg and decoding up to the first of them costs more than it gains. */
const framesMin = 500;
/** Longer than this, a killed build loses minutes. */
const lengthMax = 2000;

/** Length of a chunk of `total` items; `wanted` where somebody says so. `least`: what is worth a chunk. */
export function chunkLength(total: number, wanted: number | undefined, least = framesMin): number {
  return wanted ?? Math.min(lengthMax, Math.max(least, Math.ceil(total / chunksWanted)));
}

/** Runs of `length` items that cover `total`; the last one may be shorter. At least one, if an empty one. */
export function runsOf(total: number, length: number): readonly Run[] {
  const count = Math.max(1, Math.ceil(total / length));
  return Array.from({ length: count }, (_, at) => ({ from: at * length, to: Math.min(total, (at + 1) * length) }));
}
