// golden/{ep}.json: what an episode once gave, small enough to be read in a review. Read and written
// here alone; what counts as moved is compare.ts's.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { asJson, canonicalJsonPretty } from '../../base/canonical-json.js';
import { problem } from '../../base/problem.js';
import { writeAtomic } from '../../disk/atomic.js';

const face = z.object({
  at: z.number().min(0),
  box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
});

export const goldenSchema = z.object({
  version: z.literal(1),
  ep: z.string(),
  /** Edit these by hand; recording again keeps them. */
  tolerance: z.object({
    /** A person's seconds on screen may differ by this much. */
    seconds: z.number().min(0),
    /** A stage's counts may differ by this share of themselves. */
    counts: z.number().min(0),
  }),
  /** Where digests hold: other processors and libraries round the last bits differently. */
  machine: z.string(),
  people: z.array(
    z.object({
      id: z.string(),
      name: z.string().optional(),
      seconds: z.number().min(0),
      /** A face of theirs, by which they are found again whatever their id is. */
      face,
    }),
  ),
  /** By rule: who made the artifacts from what, what was counted, and the digest of each. */
  stages: z.record(
    z.string(),
    z.object({
      code: z.string(),
      fingerprint: z.string(),
      counts: z.record(z.string(), z.number()),
      outputs: z.record(z.string(), z.string()),
    }),
  ),
});
export type Golden = z.infer<typeof goldenSchema>;

export const defaultTolerance: Golden['tolerance'] = { seconds: 0.5, counts: 0.02 };

/** Path of an episode's golden file, relative to the project. */
export function goldenPath(ep: string): string {
  return `golden/${ep}.json`;
}

/** Episodes that have a golden file, sorted. */
export function goldenEpisodes(projectRoot: string): string[] {
  const folder = join(projectRoot, 'golden');
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names.flatMap((name) => /^(.+)\.json$/.exec(name)?.[1] ?? []).sort();
}

/** The golden file of an episode; undefined when it has none. Throws ProblemError when it is none. */
export function readGolden(projectRoot: string, ep: string): Golden | undefined {
  const path = join(projectRoot, goldenPath(ep));
  if (!existsSync(path)) return undefined;
  try {
    return goldenSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON';
    throw problem('bad-golden', `${goldenPath(ep)}: ${why}`, `record it again with: sa golden record ${ep}`, error);
  }
}

/** Writes it with sorted keys, so that a re-recording is a small diff. */
export function writeGolden(projectRoot: string, golden: Golden): void {
  const text = canonicalJsonPretty(asJson(golden));
  // A box is one line of a diff, not six.
  const compact = text.replace(
    /\[\s+((?:[\d.]+,\s+)+[\d.]+)\s+\]/g,
    (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`,
  );
  writeAtomic(join(projectRoot, goldenPath(golden.ep)), compact);
}
