// Replays the log of edits over groups of tracks. Pure. An edit that cannot be honoured, or only in
// part, is set aside with its reason; none is dropped, and none undoes an earlier one behind its back.
import { unreachable } from '../../src/base/unreachable.js';
import type { Anchor, Edit } from '../../src/stage/edits.js';
import { NotApplicable, People, type EditedGroup } from './people.js';

export interface EditInput {
  /** Groups of tracks by place in the list of tracks; every track is in exactly one. */
  readonly groups: readonly (readonly number[])[];
  readonly edits: readonly Edit[];
  /** The track an anchor means, or why none does. */
  readonly find: (anchor: Anchor) => number | { readonly reason: string };
  /** Cosine of two tracks; decides which side the rest of a parted group goes to. */
  readonly similarity: (one: number, other: number) => number;
}

export interface EditOutcome {
  /** In the order of their first tracks. */
  readonly groups: readonly EditedGroup[];
  /** Edits that had no effect, not their whole effect, or were overruled by a later one. */
  readonly notApplied: readonly { readonly edit: string; readonly reason: string }[];
  /** Whether edits keep the people of two tracks apart. */
  readonly areApart: (some: readonly number[], others: readonly number[]) => boolean;
}

/** The groups after all edits that apply, in the order of the log. */
export function applyEdits({ groups, edits, find, similarity }: EditInput): EditOutcome {
  const people = new People(groups, similarity);
  const notApplied: { edit: string; reason: string }[] = [];
  for (const edit of edits) {
    try {
      const { missing, wanted } = apply(people, edit, find);
      if (missing.length > 0) {
        const reason = `applied to ${wanted - missing.length} of its ${wanted} faces; ${missing.join(', ')}`;
        notApplied.push({ edit: edit.text, reason });
      }
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
      notApplied.push({ edit: edit.text, reason: error.message });
    }
  }
  for (const { edit, by } of people.overruled) notApplied.push({ edit, reason: `overruled by edit ${by}` });
  const order = new Map(edits.map(({ text }, index) => [text, index]));
  notApplied.sort((one, other) => order.get(one.edit)! - order.get(other.edit)!);
  return {
    groups: people.result(),
    notApplied,
    areApart: (some, others) => people.areApart(some, others),
  };
}

/** How many faces the edit is about, and why some of them could not be found. */
interface Applied {
  readonly wanted: number;
  readonly missing: readonly string[];
}

function apply(people: People, edit: Edit, find: EditInput['find']): Applied {
  const one = (anchor: Anchor): number => {
    const found = find(anchor);
    if (typeof found === 'number') return found;
    throw new NotApplicable(found.reason);
  };
  const whole: Applied = { wanted: 0, missing: [] };
  switch (edit.kind) {
    case 'name':
      // Several faces stand for one person: those that are not there any more are not missed.
      people.name(several(edit.faces, 1, find).tracks, edit.name);
      return whole;
    case 'hide':
      people.hide(one(edit.face));
      return whole;
    case 'merge': {
      const { tracks, ...applied } = several(edit.faces, 2, find);
      people.merge(tracks, edit.text);
      return applied;
    }
    case 'split': {
      const to = edit.to === undefined ? undefined : one(edit.to);
      const { tracks, ...applied } = several(edit.faces, 1, find);
      if (to === undefined) people.split(tracks, edit.text);
      else people.move(tracks, to, edit.text);
      return applied;
    }
    case 'not_same': {
      const [left, right] = edit.faces.map(one) as [number, number];
      people.part(left, right, edit.text);
      return whole;
    }
    case 'lock': {
      const { tracks, ...applied } = several(edit.faces, 1, find);
      people.lock(tracks, edit.text);
      return applied;
    }
    default:
      return unreachable(edit);
  }
}

/** The tracks that are still there; fewer than `least` leave nothing to apply. */
function several(
  anchors: readonly Anchor[],
  least: number,
  find: EditInput['find'],
): Applied & { readonly tracks: readonly number[] } {
  const found = anchors.map(find);
  const tracks = found.filter((track) => typeof track === 'number');
  const missing = found.flatMap((track) => (typeof track === 'number' ? [] : [track.reason]));
  if (tracks.length < least) throw new NotApplicable(missing.join(', '));
  return { tracks, wanted: anchors.length, missing };
}
