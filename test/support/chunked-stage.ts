// Runs a stage that works in chunks as the engine does: divided, chunk by chunk, and merged.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json } from '../../src/base/canonical-json.js';
import type { ParamName } from '../../src/stage/config.js';
import type { Frame } from '../../src/stage/frames.js';
import type { ChunkedStage, Part, StageContext, StageCounts } from '../../src/stage/stage.js';

export interface ChunkedOptions<C> {
  /** Length of a chunk; undefined leaves it to the stage. */
  readonly frames?: number;
  /** The frames of a chunk; those of the context where it is left out. */
  readonly framesOf?: (chunk: C) => Promise<AsyncIterable<Frame>>;
}

/** What the stage counted; its outputs are where `context` says. */
export async function runChunked<K extends ParamName, C extends Json>(
  { chunks }: ChunkedStage<K, C>,
  context: StageContext<K>,
  { frames, framesOf }: ChunkedOptions<C> = {},
): Promise<StageCounts> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-parts-'));
  try {
    const parts: Part[] = [];
    for (const chunk of await chunks.split(context, { frames, processors: 2 })) {
      const part = await mkdtemp(join(folder, 'part-'));
      const own = framesOf === undefined ? context.frames : await framesOf(chunk);
      parts.push({ folder: part, counts: await chunks.runChunk({ ...context, frames: own, part }, chunk) });
    }
    return await chunks.merge(context, parts);
  } finally {
    await rm(folder, { recursive: true });
  }
}
