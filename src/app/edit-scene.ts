// What `sa edit` knows of an episode: its present identities and tracks, the log of edits, and whom a
// word on the command line means. Reads artifacts; changes nothing.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { anchorOf, findTrack } from '../stage/anchors.js';
import { artifactPath } from '../stage/artifact-path.js';
import {
  identitiesSchema,
  scenesSchema,
  trackSchema,
  type Identities,
  type Identity,
  type Scenes,
  type Track,
} from '../stage/artifacts.js';
import { parseEdits, type Anchor, type Edit } from '../stage/edits.js';
import { readJson, readJsonLines } from '../stage/read-write.js';
import type { LogText } from './edit-log.js';
import { requireEpisode, type Workspace } from './workspace.js';

/** Whom a word means: an identity, or one track. */
export type Who =
  { readonly kind: 'identity'; readonly identity: Identity } | { readonly kind: 'track'; readonly track: Track };

export interface EditScene {
  readonly ep: string;
  /** Absolute path of edits.yaml, which may not be there yet. */
  readonly path: string;
  readonly log: LogText;
  readonly edits: readonly Edit[];
  readonly identities: Identities;
  readonly tracks: readonly Track[];
  /** The identity or track of this id, or with this name. Throws ProblemError with the nearest one. */
  who(word: string): Who;
  identity(id: string): Identity;
  /** The identity that a track is in. */
  identityOf(trackId: string): Identity | undefined;
  /** The track that an anchor means today. */
  find(anchor: Anchor): Track | undefined;
  /** Tracks of an identity, longest first. */
  tracksOf(identity: Identity): Track[];
  /** A face that stands for somebody: in the longest track. */
  faceOf(who: Who): Anchor;
  /** The name as the log has it now, built or not. */
  nameOf(identity: Identity): string | undefined;
}

/** Reads the built artifacts and the log of `ep`. Throws ProblemError when it is not built to its identities. */
export async function openEditScene(workspace: Workspace, ep: string): Promise<EditScene> {
  const { dataRoot } = workspace;
  requireEpisode(ep, workspace.episodes({ lockedToo: true }));
  const relative = artifactPath(ep, 'edits');
  const path = join(dataRoot, relative);
  const log = { text: existsSync(path) ? readFileSync(path, 'utf8') : '', file: relative };
  const edits = parseEdits(log);
  const { identities, tracks, scenes } = await readBuilt(dataRoot, ep);
  return sceneOf({ ep, path, log, edits, identities, tracks }, scenes);
}

type Built = Pick<EditScene, 'identities' | 'tracks'> & { readonly scenes: Scenes | undefined };

async function readBuilt(dataRoot: string, ep: string): Promise<Built> {
  const at = (kind: 'identities' | 'tracks' | 'scenes'): string => join(dataRoot, artifactPath(ep, kind));
  try {
    const identities = await readJson(at('identities'), identitiesSchema);
    const tracks = await readJsonLines(at('tracks'), trackSchema);
    const known = new Set(tracks.map(({ track_id }) => track_id));
    if (identities.identities.some(({ track_ids }) => track_ids.some((id) => !known.has(id)))) {
      throw new Error('identities.json names tracks that tracks.jsonl lacks');
    }
    const scenes = existsSync(at('scenes')) ? await readJson(at('scenes'), scenesSchema) : undefined;
    return { identities, tracks, scenes };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing ? `episode ${ep} has no identities yet` : `the identities of ${ep} cannot be read: ${(error as Error).message}`; // prettier-ignore
    throw problem('not-built', message, `build them first: sa build ${ep} identities`, error);
  }
}

function sceneOf(
  read: Omit<Built, 'scenes'> & Pick<EditScene, 'ep' | 'path' | 'log' | 'edits'>,
  scenes: Scenes | undefined,
): EditScene {
  // prettier-ignore
  const { ep, edits, identities, tracks } = read;
  const all = identities.identities;
  const trackOf = new Map(tracks.map((track) => [track.track_id, track]));
  const owner = new Map(all.flatMap((identity) => identity.track_ids.map((id) => [id, identity])));
  const find = (anchor: Anchor): Track | undefined => {
    const place = findTrack({ tracks, scenes }, anchor);
    return typeof place === 'number' ? tracks[place] : undefined;
  };
  const tracksOf = (identity: Identity): Track[] =>
    identity.track_ids.map((id) => trackOf.get(id)!).sort((one, other) => lengthOf(other) - lengthOf(one));
  const names = namesNow(all, edits, (anchor) => owner.get(find(anchor)?.track_id ?? ''));
  return {
    ...read,
    who: (word) => whoIs(word, { ep, all, trackOf, names }),
    identity: (id) => all.find(({ identity_id }) => identity_id === id)!,
    identityOf: (id) => owner.get(id),
    find,
    tracksOf,
    faceOf: (who) => anchorOf(who.kind === 'track' ? who.track : tracksOf(who.identity)[0]!),
    nameOf: ({ identity_id }) => names.get(identity_id),
  };
}

function lengthOf({ frames }: Track): number {
  return frames.length;
}

/** Names of the last build, and over them what the log has said since. */
function namesNow(
  all: readonly Identity[],
  edits: readonly Edit[],
  owner: (anchor: Anchor) => Identity | undefined,
): Map<string, string> {
  const names = new Map(all.flatMap(({ identity_id, name }) => (name === undefined ? [] : [[identity_id, name]])));
  for (const edit of edits) {
    if (edit.kind !== 'name') continue;
    const named = mostOf(edit.faces.flatMap((face) => owner(face)?.identity_id ?? []));
    if (named !== undefined) names.set(named, edit.name);
  }
  return names;
}

/** The value that stands most often; of equals the first. */
export function mostOf<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}

interface Known {
  readonly ep: string;
  readonly all: readonly Identity[];
  readonly trackOf: ReadonlyMap<string, Track>;
  readonly names: ReadonlyMap<string, string>;
}

function whoIs(word: string, { ep, all, trackOf, names }: Known): Who {
  const byId = all.find(({ identity_id }) => identity_id === word);
  if (byId !== undefined) return { kind: 'identity', identity: byId };
  const track = trackOf.get(word);
  if (track !== undefined) return { kind: 'track', track };
  const named = all.filter(({ identity_id }) => names.get(identity_id)?.toLowerCase() === word.toLowerCase());
  if (named.length > 1) {
    const ids = named.map(({ identity_id }) => identity_id).join(', ');
    throw problem('two-people', `${named.length} identities of ${ep} are named ${JSON.stringify(word)}: ${ids}`, 'say which one by its id'); // prettier-ignore
  }
  if (named.length === 1) return { kind: 'identity', identity: named[0]! };
  const near = word.startsWith('track-') ? trackOf.keys() : [...names.values(), ...all.map((each) => each.identity_id)];
  throw problem(
    'unknown-person',
    `${ep} has no identity, name or track ${JSON.stringify(word)}`,
    didYouMean(word, near) ?? `see who there is in manifests/${ep}/identities.json or with: sa report ${ep}`,
  );
}
