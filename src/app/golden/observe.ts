// What an episode gives now, in the shape of a golden file: read from its lockfile and artifacts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { problem } from '../../base/problem.js';
import { environmentText } from '../environment.js';
import { Lockfiles } from '../../engine/lockfile.js';
import type { ManifestCode } from '../../engine/manifest.js';
import { artifactPath } from '../../stage/artifact-path.js';
import {
  framesIndexSchema,
  identitiesSchema,
  round6,
  screentimeSchema,
  trackSchema,
  type FramesIndex,
  type Identity,
  type Track,
} from '../../stage/artifacts.js';
import { readJson, readJsonLines } from '../../stage/read-write.js';
import type { Workspace } from '../workspace.js';
import type { Golden } from './golden-file.js';

export interface Observed {
  /** All of a golden file but its tolerances. */
  readonly facts: Omit<Golden, 'tolerance'>;
  /** The person whose face is at this second and place; undefined when nobody's is. */
  readonly personAt: (face: Golden['people'][number]['face']) => Golden['people'][number] | undefined;
}

/** Two boxes of one moment that overlap this much are one face. */
const sameFaceIou = 0.3;
const sameMomentS = 0.5;

/** Observes a built episode. Throws ProblemError when screen time is not there. */
export async function observe({ dataRoot, pipeline }: Workspace, ep: string): Promise<Observed> {
  const path = (kind: Parameters<typeof artifactPath>[1]): string => join(dataRoot, artifactPath(ep, kind));
  const needed = ['frames_index', 'tracks', 'identities', 'screentime'] as const;
  const missing = needed.find((kind) => !existsSync(path(kind)));
  if (missing !== undefined)
    throw problem('not-built', `episode ${ep} has no ${artifactPath(ep, missing)}`, `build it with: sa build ${ep}`);
  const frames = await readJson(path('frames_index'), framesIndexSchema);
  const tracks = new Map((await readJsonLines(path('tracks'), trackSchema)).map((track) => [track.track_id, track]));
  const { identities } = await readJson(path('identities'), identitiesSchema);
  const screentime = await readJson(path('screentime'), screentimeSchema);
  const seconds = new Map(screentime.identities.map(({ id, screen_time_s: time }) => [id, time]));
  const people = identities.flatMap((identity) => {
    const time = seconds.get(identity.identity_id);
    const face = time === undefined ? undefined : faceOf(identity, tracks, frames);
    if (time === undefined || face === undefined) return [];
    const name = identity.name === undefined ? {} : { name: identity.name };
    return [{ identity, person: { id: identity.identity_id, ...name, seconds: time, face } }];
  });
  const lockfiles = new Lockfiles(dataRoot);
  const stages = Object.fromEntries(
    pipeline.rules.flatMap(({ name, scope }) => {
      const entry = scope === 'episode' ? lockfiles.get(ep, name) : undefined;
      if (entry === undefined) return [];
      const { fingerprint, manifest, counts, outputs } = entry;
      return [[name, { code: codeText(manifest.code), fingerprint, counts, outputs }]];
    }),
  );
  return {
    facts: { version: 1, ep, machine: await environmentText(), people: people.map(({ person }) => person), stages },
    personAt: (face) => {
      const overlaps = people.map(({ identity, person }) => ({ person, iou: overlap(identity, tracks, frames, face) }));
      const best = overlaps.reduce<(typeof overlaps)[number] | undefined>(
        (most, one) => (most !== undefined && most.iou >= one.iou ? most : one),
        undefined,
      );
      return best !== undefined && best.iou >= sameFaceIou ? best.person : undefined;
    },
  };
}

function codeText(code: ManifestCode): string {
  switch (code.kind) {
    case 'stage':
      return `stage ${code.stage}, revision ${code.revision}`;
    case 'module':
      return `module ${code.file}`;
    case 'command':
      return 'command';
  }
}

// The middle of the longest track: the surest to be found again.
function faceOf(
  { track_ids: ids }: Identity,
  tracks: ReadonlyMap<string, Track>,
  frames: FramesIndex,
): Golden['people'][number]['face'] | undefined {
  const [longest] = ids
    .flatMap((id) => tracks.get(id) ?? [])
    .sort((a, b) => b.frames.length - a.frames.length || (a.track_id < b.track_id ? -1 : 1));
  const middle = longest?.frames[longest.frames.length >> 1];
  return middle && { at: secondOf(frames, middle[0]), box: [...middle[1]] };
}

/** How much a face of the identity overlaps with this one; another frame may have been looked at. */
function overlap(
  { track_ids: ids }: Identity,
  tracks: ReadonlyMap<string, Track>,
  frames: FramesIndex,
  { at, box }: Golden['people'][number]['face'],
): number {
  const overlaps = ids.map((id) => {
    const away = (frame: number): number => Math.abs(secondOf(frames, frame) - at);
    const nearest = tracks.get(id)?.frames.reduce((best, frame) => (away(frame[0]) < away(best[0]) ? frame : best));
    return nearest !== undefined && away(nearest[0]) <= sameMomentS ? iouOf(nearest[1], box) : 0;
  });
  return Math.max(0, ...overlaps);
}

function secondOf({ pts, time_base: [numerator, denominator] }: FramesIndex, frame: number): number {
  return round6((((pts[frame] ?? 0) - (pts[0] ?? 0)) * numerator) / denominator);
}

function iouOf(a: readonly [number, number, number, number], b: readonly [number, number, number, number]): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared);
}
