// The changes that `sa edit` makes to edits.yaml: from the words of a person to an entry of the log.
// An entry names faces by time and place, so that it holds after everything was run anew.
import { join } from 'node:path';
import { problem } from '../base/problem.js';
import { takeMutex } from '../disk/lock.js';
import { writeAtomic } from '../disk/atomic.js';
import { anchorOf, anchorsOf } from '../stage/anchors.js';
import { artifactPath } from '../stage/artifact-path.js';
import type { Identity } from '../stage/artifacts.js';
import type { Anchor, Change, Edit } from '../stage/edits.js';
import { formatKeptIds, type KeptIds } from '../stage/kept-ids.js';
import { withEntry, withoutEntry } from './edit-log.js';
import { mostOf, openEditScene, type EditScene, type Who } from './edit-scene.js';
import { makeStateRoot, type Workspace } from './workspace.js';

/** What a person asks for, in words: identities by id or name, tracks by id. */
export type EditRequest =
  | { readonly kind: 'name'; readonly who: string; readonly name: string }
  | { readonly kind: 'merge'; readonly who: readonly string[] }
  | { readonly kind: 'split'; readonly tracks: readonly string[]; readonly to?: string | undefined }
  | { readonly kind: 'not_same'; readonly who: readonly [string, string] }
  | { readonly kind: 'lock'; readonly who: readonly string[] }
  | { readonly kind: 'hide'; readonly who: readonly string[] }
  | { readonly kind: 'keep_ids' }
  | { readonly kind: 'undo'; readonly number?: number | undefined };

/** Entries that were added to the log, or taken back from it, in words. */
export interface EditDone {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Something worth knowing besides. */
  readonly hint?: string | undefined;
}

interface NewEntry {
  readonly change: Change;
  readonly remark: string;
}

/** A name is known by so many faces: most of them decide whose it is after a new clustering. */
const facesOfName = 5;
/** A long track may come in pieces with other settings; so many faces of it are named. */
const facesOfTrack = 5;
/** More faces than these say nothing new of whose an id is. */
const facesOfId = 12;

/** Changes edits.yaml of `ep` as asked; keep_ids writes ids.json instead. Throws ProblemError when a word means nobody or the change makes no sense. */
export async function editEpisode(
  workspace: Workspace,
  { ep, request, signal }: { readonly ep: string; readonly request: EditRequest; readonly signal: AbortSignal },
): Promise<EditDone> {
  await openEditScene(workspace, ep); // its problems first: they must leave nothing behind
  makeStateRoot(workspace);
  const mutex = await takeMutex(join(workspace.stateRoot, 'edits.lock'), { signal, onWait: () => undefined });
  try {
    const scene = await openEditScene(workspace, ep);
    if (request.kind === 'undo') {
      const { text, entry } = withoutEntry(scene.log, request.number);
      writeAtomic(scene.path, text);
      return { added: [], removed: [describeEdit(scene, entry)] };
    }
    if (request.kind === 'keep_ids') {
      writeAtomic(join(workspace.dataRoot, artifactPath(ep, 'ids')), formatKeptIds(idsOf(scene)));
      return { added: [`keep-ids ${counted(scene)}`], removed: [] };
    }
    const entries = entriesFor(scene, request);
    let { text } = scene.log;
    for (const { change, remark } of entries) text = withEntry({ ...scene.log, text }, change, remark);
    writeAtomic(scene.path, text);
    const added = entries.map(({ change, remark }, index) => `${scene.edits.length + index + 1} ${word(change)} ${remark}`); // prettier-ignore
    return { added, removed: [], hint: hintFor(scene, request) };
  } finally {
    mutex.release();
  }
}

/** The ids of now, each with faces of its longest tracks. */
function idsOf(scene: EditScene): KeptIds['ids'] {
  return scene.identities.identities.map((identity) => ({
    id: identity.identity_id,
    faces: scene
      .tracksOf(identity)
      .slice(0, facesOfId)
      .flatMap((track) => {
        const anchor = anchorOf(track);
        const seconds = Math.max(0.001, Number((track.end_s - track.start_s).toFixed(3)));
        return anchor.kind === 'place'
          ? [{ at: anchor.at, box: [...anchor.box] as [number, number, number, number], seconds }]
          : [];
      }),
  }));
}

function counted({ identities: { identities } }: EditScene): string {
  return identities.length === 1 ? '1 identity' : `${identities.length} identities`;
}

/** An entry of the log in words of today: whom it is about, as far as they are there. */
export function describeEdit(scene: EditScene, edit: Edit): string {
  const number = edit.text.slice(0, edit.text.indexOf(' '));
  const anchors = edit.kind === 'hide' ? [edit.face] : edit.faces;
  const tracks = anchors.map((anchor) => scene.find(anchor)?.track_id);
  const ids = new Set(tracks.map((id) => (id === undefined ? undefined : scene.identityOf(id)?.identity_id)));
  const there = [...ids].map((id) => id ?? 'nobody');
  const parts = [number, word(edit)];
  if (edit.kind === 'name') parts.push(edit.name, `(${mostOf(there) ?? ''})`);
  else if (edit.kind === 'split') parts.push([...new Set(tracks.map((id) => id ?? 'no track'))].join(', '));
  else parts.push(there.join(', '));
  if (edit.kind === 'split' && edit.to !== undefined) {
    parts.push(`to ${scene.identityOf(scene.find(edit.to)?.track_id ?? '')?.identity_id ?? 'nobody'}`);
  }
  return parts.join(' ');
}

function word({ kind }: Change): string {
  return kind === 'not_same' ? 'not-same' : kind;
}

function entriesFor(scene: EditScene, request: Exclude<EditRequest, { kind: 'undo' | 'keep_ids' }>): NewEntry[] {
  switch (request.kind) {
    case 'name':
      return [named(scene, request)];
    case 'merge':
      return [
        merged(
          scene,
          request.who.map((each) => scene.who(each)),
        ),
      ];
    case 'split':
      return [split(scene, request)];
    case 'not_same':
      return [strangers(scene, request.who.map((each) => scene.who(each)))]; // prettier-ignore
    case 'lock':
      return request.who.map((each) => locked(scene, identityOf(scene, scene.who(each))));
    case 'hide':
      return request.who.map((each) => {
        const who = scene.who(each);
        return { change: { kind: 'hide', face: scene.faceOf(who) }, remark: labelOf(scene, who) };
      });
  }
}

function named(scene: EditScene, { who, name }: { readonly who: string; readonly name: string }): NewEntry {
  if (name.trim() === '') throw problem('usage', 'the name is empty', 'sa edit name EPISODE id_0003 "Lisa Simpson"');
  const identity = identityOf(scene, scene.who(who));
  // A correction names the same faces as before, so that it is not taken for a second person.
  const before = scene.edits.findLast(
    (edit) => edit.kind === 'name' && isIn(scene, identity, edit.faces), // prettier-ignore
  );
  const faces = before?.kind === 'name' ? before.faces : scene.tracksOf(identity).slice(0, facesOfName).map(anchorOf);
  return { change: { kind: 'name', faces, name: name.trim() }, remark: identity.identity_id };
}

function isIn(scene: EditScene, identity: Identity, faces: readonly Anchor[]): boolean {
  const owners = faces.flatMap((face) => scene.identityOf(scene.find(face)?.track_id ?? '')?.identity_id ?? []);
  return mostOf(owners) === identity.identity_id;
}

function merged(scene: EditScene, people: readonly Who[]): NewEntry {
  const identities = people.map((who) => identityOf(scene, who));
  const ids = new Set(identities.map(({ identity_id }) => identity_id));
  if (ids.size < 2) throw problem('nothing-to-do', `${[...ids].join('')} is one identity already`, 'name at least two');
  if (ids.size < people.length) throw problem('usage', 'one identity stands there twice', 'name each of them once');
  for (const identity of identities) {
    if (identity.locked) throw problem('locked', `${identity.identity_id} is locked and keeps its tracks`, `take the lock back first, by its number: sa edit list ${scene.ep}`); // prettier-ignore
  }
  const faces = people.map((who) => scene.faceOf(who));
  return { change: { kind: 'merge', faces }, remark: people.map((who) => labelOf(scene, who)).join(' + ') };
}

function split(
  scene: EditScene,
  { tracks, to }: { readonly tracks: readonly string[]; readonly to?: string | undefined },
): NewEntry {
  // prettier-ignore
  const leaving = tracks.map((each) => {
    const who = scene.who(each);
    if (who.kind === 'track') return who.track;
    const own = who.identity.track_ids;
    const some = own.length > 12 ? `${own.slice(0, 12).join(', ')}, ...` : own.join(', ');
    throw problem('usage', `split moves tracks, and ${each} is an identity`, `its tracks: ${some}`);
  });
  const ids = [...new Set(leaving.map(({ track_id }) => track_id))];
  const target = to === undefined ? undefined : scene.who(to);
  if (target === undefined) {
    const owner = scene.identityOf(ids[0]!);
    if (owner !== undefined && ids.length === owner.track_ids.length && owner.track_ids.every((id) => ids.includes(id)))
      throw problem('nothing-to-do', `these are all tracks of ${owner.identity_id} already`, 'name some of its tracks');
  } else if (target.kind === 'track' && ids.includes(target.track.track_id)) {
    throw problem('usage', `${target.track.track_id} cannot move to itself`, 'name another track, or an identity');
  }
  const toFace = target && anchorOf(target.kind === 'track' ? target.track : stayingTrack(scene, target.identity, ids));
  return {
    change: {
      kind: 'split',
      faces: leaving.flatMap((track) => anchorsOf(track, facesOfTrack)),
      ...(toFace === undefined ? {} : { to: toFace }),
    },
    remark: `${ids.join(', ')}${target === undefined ? '' : ` to ${labelOf(scene, target)}`}`,
  };
}

function stayingTrack(scene: EditScene, identity: Identity, leaving: readonly string[]) {
  const stays = scene.tracksOf(identity).find(({ track_id }) => !leaving.includes(track_id));
  if (stays !== undefined) return stays;
  throw problem('usage', `all tracks of ${identity.identity_id} would move to itself`, 'name another identity');
}

function strangers(scene: EditScene, people: readonly Who[]): NewEntry {
  const [one, other] = people as [Who, Who];
  if (one.kind === 'identity' && other.kind === 'identity' && one.identity === other.identity) {
    const { identity_id, track_ids } = one.identity;
    throw problem(
      'usage',
      `${identity_id} is one identity`,
      `name a track of each of the two people in it: ${track_ids.slice(0, 12).join(', ')}`,
    );
  }
  const [face, otherFace] = [faceApart(scene, one, other), faceApart(scene, other, one)];
  return {
    change: { kind: 'not_same', faces: [face, otherFace] },
    remark: `${labelOf(scene, one)} and ${labelOf(scene, other)}`,
  };
}

/** A face of `who` that is not the other one's. */
function faceApart(scene: EditScene, who: Who, other: Who): Anchor {
  if (who.kind === 'track' || other.kind === 'identity') {
    if (who.kind === 'track' && other.kind === 'track' && who.track === other.track) {
      throw problem('usage', `${who.track.track_id} is one track`, 'a track is one person; name two tracks');
    }
    return scene.faceOf(who);
  }
  return anchorOf(stayingTrack(scene, who.identity, [other.track.track_id]));
}

function locked(scene: EditScene, identity: Identity): NewEntry {
  const tracks = scene.tracksOf(identity);
  return {
    change: { kind: 'lock', faces: tracks.map(anchorOf) },
    remark: `${labelOf(scene, { kind: 'identity', identity })}, ${tracks.length === 1 ? '1 track' : `${tracks.length} tracks`}`,
  };
}

function identityOf(scene: EditScene, who: Who): Identity {
  if (who.kind === 'identity') return who.identity;
  const identity = scene.identityOf(who.track.track_id);
  if (identity !== undefined) return identity;
  throw problem('unknown-person', `${who.track.track_id} is in no identity`, `build them anew: sa build ${scene.ep}`);
}

function labelOf(scene: EditScene, who: Who): string {
  if (who.kind === 'track') return who.track.track_id;
  const name = scene.nameOf(who.identity);
  return name === undefined ? who.identity.identity_id : `${name} (${who.identity.identity_id})`;
}

function hintFor(scene: EditScene, request: EditRequest): string | undefined {
  if (request.kind !== 'name') return undefined;
  const own = identityOf(scene, scene.who(request.who));
  const same = scene.identities.identities.filter(
    (each) => each !== own && scene.nameOf(each)?.toLowerCase() === request.name.trim().toLowerCase(),
  );
  if (same.length === 0) return undefined;
  const ids = [...same, own].map(({ identity_id }) => identity_id);
  return `${ids.slice(0, -1).join(', ')} has this name too; if they are one person: sa edit merge ${scene.ep} ${ids.join(' ')}`;
}
