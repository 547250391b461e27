// Replays the log of edits over groups of tracks. Pure. An edit that cannot be honoured is set
// aside with its reason; none is dropped, and none undoes an earlier one behind its back.
import { unreachable } from '../../src/base/unreachable.js';
import type { Anchor, Edit } from './edits.js';

export interface EditInput {
  /** Groups of tracks by place in the list of tracks; every track is in exactly one. */
  readonly groups: readonly (readonly number[])[];
  readonly edits: readonly Edit[];
  /** The track an anchor means, or why none does. */
  readonly find: (anchor: Anchor) => number | { readonly reason: string };
  /** Cosine of two tracks; decides which side the rest of a parted group goes to. */
  readonly similarity: (one: number, other: number) => number;
}

export interface EditedGroup {
  /** Ascending. */
  readonly tracks: readonly number[];
  readonly name?: string;
  readonly locked: boolean;
  readonly hidden: boolean;
}

export interface EditOutcome {
  /** In the order of their first tracks. */
  readonly groups: readonly EditedGroup[];
  readonly notApplied: readonly { readonly edit: string; readonly reason: string }[];
}

interface Group {
  tracks: number[];
  /** With the track that it was given to: when the identity parts, the name goes with that track. */
  name: { readonly text: string; readonly track: number } | undefined;
  hiddenBy: number | undefined;
  lockedBy: string | undefined;
}

/** Why an edit is set aside. */
class NotApplicable extends Error {}

/** The groups after all edits that apply, in the order of the log. */
export function applyEdits({ groups, edits, find, similarity }: EditInput): EditOutcome {
  const people = new People(groups, similarity);
  const notApplied: { edit: string; reason: string }[] = [];
  for (const edit of edits) {
    try {
      apply(people, edit, (anchor) => {
        const found = find(anchor);
        if (typeof found === 'number') return found;
        throw new NotApplicable(found.reason);
      });
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
      notApplied.push({ edit: edit.text, reason: error.message });
    }
  }
  return { groups: people.result(), notApplied };
}

function apply(people: People, edit: Edit, find: (anchor: Anchor) => number): void {
  switch (edit.kind) {
    case 'name':
      people.name(find(edit.face), edit.name);
      return;
    case 'hide':
      people.hide(find(edit.face));
      return;
    case 'merge':
      people.merge(edit.faces.map(find));
      return;
    case 'split':
      people.split(edit.faces.map(find));
      return;
    case 'not_same': {
      const [one, other] = edit.faces.map(find) as [number, number];
      people.part(one, other, edit.text);
      return;
    }
    case 'lock':
      people.lock(edit.faces.map(find), edit.text);
      return;
    default:
      unreachable(edit);
  }
}

class People {
  private groups: Group[];
  /** Tracks that an edit put together carry the same number. */
  private readonly bonds: number[] = [];
  private nextBond: number;
  private readonly strangers: { readonly one: number; readonly other: number; readonly edit: string }[] = [];

  constructor(
    groups: readonly (readonly number[])[],
    private readonly similarity: (one: number, other: number) => number,
  ) {
    this.groups = groups.map((tracks) => ({
      tracks: [...tracks],
      name: undefined,
      hiddenBy: undefined,
      lockedBy: undefined,
    }));
    for (const track of groups.flat()) this.bonds[track] = track;
    this.nextBond = this.bonds.length;
  }

  groupOf(track: number): Group {
    return this.groups.find(({ tracks }) => tracks.includes(track))!;
  }

  name(track: number, text: string): void {
    this.groupOf(track).name = { text, track };
  }

  hide(track: number): void {
    this.groupOf(track).hiddenBy = track;
  }

  /** The first face's identity takes in the others; it keeps its name, or gets the first one they have. */
  merge(faces: readonly number[]): void {
    const groups = [...new Set(faces.map((track) => this.groupOf(track)))];
    const first = groups[0]!;
    if (groups.length > 1) for (const group of groups) refuseLocked(group);
    const together = groups.flatMap(({ tracks }) => tracks);
    const broken = this.strangers.find(({ one, other }) => together.includes(one) && together.includes(other));
    if (broken !== undefined) throw new NotApplicable(`it contradicts edit ${broken.edit}`);
    this.bind(faces);
    first.tracks = together.sort((one, other) => one - other);
    first.name = groups.find(({ name }) => name !== undefined)?.name;
    this.groups = this.groups.filter((group) => group === first || !groups.includes(group));
  }

  /** The tracks leave their identities and make one of their own. */
  split(faces: readonly number[]): void {
    const leaving = [...new Set(faces)].sort((one, other) => one - other);
    const groups = [...new Set(leaving.map((track) => this.groupOf(track)))];
    for (const group of groups) refuseLocked(group);
    if (groups.length === 1 && groups[0]!.tracks.length === leaving.length) {
      throw new NotApplicable('these tracks are an identity of their own already');
    }
    const broken = this.strangers.find(({ one, other }) => leaving.includes(one) && leaving.includes(other));
    if (broken !== undefined) throw new NotApplicable(`it contradicts edit ${broken.edit}`);
    this.takeOut(leaving, groups);
    const bond = this.nextBond++;
    for (const track of leaving) this.bonds[track] = bond;
  }

  /** Two people: in one identity they part, each other track going to the side it is more like. */
  part(one: number, other: number, edit: string): void {
    if (one === other) throw new NotApplicable('both faces are in one track');
    const group = this.groupOf(one);
    if (group === this.groupOf(other)) {
      refuseLocked(group);
      if (this.bonds[one] === this.bonds[other]) throw new NotApplicable('an earlier edit puts the two together');
      const leaving = group.tracks.filter((track) => this.goesWith(track, { one, other, group }) === other);
      this.takeOut(leaving, [group]);
    }
    this.strangers.push({ one, other, edit });
  }

  lock(faces: readonly number[], edit: string): void {
    if (new Set(faces.map((track) => this.groupOf(track))).size > 1) this.merge(faces);
    else this.bind(faces);
    this.groupOf(faces[0]!).lockedBy ??= edit;
  }

  result(): EditedGroup[] {
    return this.groups
      .sort((one, other) => one.tracks[0]! - other.tracks[0]!)
      .map(({ tracks, name, lockedBy, hiddenBy }) => ({
        tracks,
        ...(name === undefined ? {} : { name: name.text }),
        locked: lockedBy !== undefined,
        hidden: hiddenBy !== undefined,
      }));
  }

  /** Makes one identity of tracks out of several; names and marks given to one of them come along. */
  private takeOut(leaving: readonly number[], groups: readonly Group[]): void {
    const made: Group = { tracks: [...leaving], name: undefined, hiddenBy: undefined, lockedBy: undefined };
    for (const group of groups) {
      group.tracks = group.tracks.filter((track) => !leaving.includes(track));
      if (group.name !== undefined && leaving.includes(group.name.track)) {
        made.name ??= group.name;
        group.name = undefined;
      }
      if (group.hiddenBy !== undefined && leaving.includes(group.hiddenBy)) {
        made.hiddenBy ??= group.hiddenBy;
        group.hiddenBy = undefined;
      }
    }
    this.groups = [...this.groups.filter(({ tracks }) => tracks.length > 0), made];
  }

  private bind(faces: readonly number[]): void {
    const [first, ...others] = faces.map((track) => this.bonds[track]!);
    for (const [track, bond] of this.bonds.entries()) if (others.includes(bond)) this.bonds[track] = first!;
  }

  /** Tracks that edits put together go together, by their mean similarity to either side. */
  private goesWith(
    track: number,
    { one, other, group }: { readonly one: number; readonly other: number; readonly group: Group },
  ): number {
    const bond = this.bonds[track];
    if (bond === this.bonds[one]) return one;
    if (bond === this.bonds[other]) return other;
    const bound = group.tracks.filter((member) => this.bonds[member] === bond);
    const lead = bound.reduce(
      (total, member) => total + this.similarity(member, one) - this.similarity(member, other),
      0,
    );
    return lead >= 0 ? one : other;
  }
}

function refuseLocked({ lockedBy }: Group): void {
  if (lockedBy !== undefined) throw new NotApplicable(`its identity is locked by edit ${lockedBy}`);
}
