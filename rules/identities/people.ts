// Who is who while the log of edits is replayed: groups of tracks, what is said of each, and which
// tracks a person put together or kept apart. Refuses what an earlier edit rules out.

import { leavingOf } from './parting.js';

/** A group after edits. */
export interface EditedGroup {
  /** Ascending. */
  readonly tracks: readonly number[];
  /** The group before edits that this one goes on, by place in the list; undefined for one that an edit made. */
  readonly origin: number | undefined;
  readonly name?: string;
  readonly locked: boolean;
  readonly hidden: boolean;
}

/** Why an edit is set aside. */
export class NotApplicable extends Error {}

interface Group {
  tracks: number[];
  origin: number | undefined;
  /** With the tracks that it was given to: when the identity parts, the name goes with them. */
  name: { readonly text: string; readonly tracks: readonly number[] } | undefined;
  hiddenBy: number | undefined;
  /** With one of the tracks that are locked; the others carry its bond. */
  lockedBy: { readonly edit: string; readonly track: number } | undefined;
}

interface Pair {
  readonly one: number;
  readonly other: number;
}

export class People {
  /** Edits that a later one took back in part. */
  readonly overruled: { readonly edit: string; readonly by: string }[] = [];
  private groups: Group[];
  /** Tracks that an edit put together carry the same number. */
  private readonly bonds: number[] = [];
  private nextBond: number;
  private readonly bindings: { readonly tracks: readonly number[]; readonly edit: string }[] = [];
  /** Two people, by not_same: nothing later joins them. */
  private readonly strangers: (Pair & { readonly edit: string })[] = [];
  /** Taken apart by a split: a later merge may join them, nothing but an edit does. */
  private readonly separated: Pair[] = [];

  constructor(
    groups: readonly (readonly number[])[],
    private readonly similarity: (one: number, other: number) => number,
  ) {
    this.groups = groups.map((tracks, origin) => ({ ...noMarks, tracks: [...tracks], origin }));
    for (const track of groups.flat()) this.bonds[track] = track;
    this.nextBond = this.bonds.length;
  }

  /**
   * Names the identity that most of the tracks are in. What is said there of other faces (another
   * name, a lock, a hide) is about somebody whom clustering put in with this one: the two part.
   */
  name(tracks: readonly number[], text: string): void {
    const group = this.groupOfMost(tracks);
    const own = tracks.filter((track) => group.tracks.includes(track));
    this.partFromOthers(own, text);
    this.groupOf(own[0]!).name = { text, tracks: own };
  }

  hide(track: number): void {
    this.partFromOthers([track]);
    this.groupOf(track).hiddenBy = track;
  }

  /** The first face's identity takes in the others; it keeps its name, or gets the first one they have. */
  merge(faces: readonly number[], edit: string): void {
    const groups = [...new Set(faces.map((track) => this.groupOf(track)))];
    const first = groups[0]!;
    if (groups.length > 1) for (const group of groups) refuseLocked(group);
    const together = groups.flatMap(({ tracks }) => tracks);
    this.refuseStrangers(together);
    this.bind(faces, edit);
    first.tracks = together.sort(ascending);
    first.name = groups.find(({ name }) => name !== undefined)?.name;
    first.origin ??= groups.find(({ origin }) => origin !== undefined)?.origin;
    this.groups = this.groups.filter((group) => group === first || !groups.includes(group));
  }

  /** The tracks leave their identities and make one of their own. */
  split(faces: readonly number[], edit: string): void {
    const leaving = [...new Set(faces)].sort(ascending);
    this.refuseLockedTracks(leaving);
    this.refuseStrangers(leaving);
    const groups = this.groupsOf(leaving);
    const alone = groups.length === 1 && groups[0]!.tracks.length === leaving.length;
    if (!alone) this.takeOut(leaving, groups, 'leaves');
    this.bindAnew(leaving, edit);
  }

  /** The tracks leave their identities for the one of `to`. */
  move(faces: readonly number[], to: number, edit: string): void {
    const target = this.groupOf(to);
    const leaving = [...new Set(faces)].sort(ascending);
    if (leaving.includes(to)) throw new NotApplicable('a face cannot move to itself');
    const moving = leaving.filter((track) => !target.tracks.includes(track));
    this.refuseLockedTracks(moving);
    if (moving.length > 0) refuseLocked(target);
    this.refuseStrangers([...target.tracks, ...moving]);
    if (moving.length > 0) {
      const made = this.takeOut(moving, this.groupsOf(moving), 'leaves');
      this.groups = this.groups.filter((group) => group !== made);
      target.tracks = [...target.tracks, ...moving].sort(ascending);
    }
    this.bindAnew(leaving, edit);
    this.bind([to, ...leaving], edit);
  }

  /** Two people: in one identity they part, each other track going to the side it is more like. */
  part(one: number, other: number, edit: string): void {
    if (one === other) throw new NotApplicable('both faces are in one track');
    const group = this.groupOf(one);
    if (group === this.groupOf(other)) {
      if (this.isLocked(group, one) && this.isLocked(group, other)) refuseLocked(group);
      this.release(one, other, edit);
      this.partGroup(group, [one], [other]);
    }
    this.strangers.push({ one, other, edit });
  }

  /** The tracks stay in one identity of their own, whatever clustering does; others may join them. */
  lock(faces: readonly number[], edit: string): void {
    const group = this.groupOfMost(faces);
    const away = faces.filter((track) => !group.tracks.includes(track)).sort(ascending);
    this.refuseLockedTracks(away);
    this.refuseStrangers(away.length > 0 ? [...group.tracks, ...away] : faces);
    if (away.length > 0) {
      const made = this.takeOut(away, this.groupsOf(away), 'goes along');
      this.groups = this.groups.filter((one) => one !== made);
      group.tracks = [...group.tracks, ...away].sort(ascending);
      group.name ??= made.name;
    }
    this.bind(faces, edit);
    this.partFromOthers(faces);
    this.groupOf(faces[0]!).lockedBy ??= { edit, track: faces[0]! };
  }

  areApart(some: readonly number[], others: readonly number[]): boolean {
    return [...this.strangers, ...this.separated].some(
      ({ one, other }) =>
        (some.includes(one) && others.includes(other)) || (some.includes(other) && others.includes(one)),
    );
  }

  result(): EditedGroup[] {
    return this.groups
      .sort((one, other) => one.tracks[0]! - other.tracks[0]!)
      .map(({ tracks, origin, name, lockedBy, hiddenBy }) => ({
        tracks,
        origin,
        ...(name === undefined ? {} : { name: name.text }),
        locked: lockedBy !== undefined,
        hidden: hiddenBy !== undefined,
      }));
  }

  private groupOf(track: number): Group {
    return this.groups.find(({ tracks }) => tracks.includes(track))!;
  }

  private groupsOf(tracks: readonly number[]): Group[] {
    return this.groups.filter((group) => tracks.some((track) => group.tracks.includes(track)));
  }

  /** Of equals the group of the track that is named first. */
  private groupOfMost(tracks: readonly number[]): Group {
    const groups = tracks.map((track) => this.groupOf(track));
    const votes = (group: Group): number => groups.filter((one) => one === group).length;
    return groups.reduce((best, group) => (votes(group) > votes(best) ? group : best));
  }

  /**
   * Marks of two faces in one group belong to two people, unless an edit put the faces together or
   * the name is the same.
   */
  private partFromOthers(own: readonly number[], name?: string): void {
    const bonds = new Set(own.map((track) => this.bonds[track]));
    const group = this.groupOf(own[0]!);
    const marks = [
      group.name?.text === name ? [] : (group.name?.tracks ?? []),
      group.lockedBy === undefined ? [] : [group.lockedBy.track],
      group.hiddenBy === undefined ? [] : [group.hiddenBy],
    ];
    for (const marked of marks) {
      const from = this.groupOf(own[0]!);
      const there = marked.filter((track) => from.tracks.includes(track));
      if (there.length === 0 || there.some((track) => bonds.has(this.bonds[track]))) continue;
      this.partGroup(from, there, own);
    }
  }

  /** Some of a group leave it: those that go with `others` rather than with `ones`. */
  private partGroup(group: Group, ones: readonly number[], others: readonly number[]): void {
    const bondsOf = (tracks: readonly number[]): Set<number> => new Set(tracks.map((track) => this.bonds[track]!));
    const leaving = leavingOf({
      tracks: group.tracks,
      bonds: this.bonds,
      staying: bondsOf(ones),
      leaving: bondsOf(others),
      similarity: this.similarity,
    });
    this.takeOut(leaving, [group], 'goes along');
  }

  /**
   * Makes one identity of tracks out of several. Marks given to one of the tracks come along; a name
   * does where most of the tracks that it was given to do, or, where it `leaves`, all of them.
   */
  private takeOut(leaving: readonly number[], groups: readonly Group[], name: 'leaves' | 'goes along'): Group {
    const made: Group = { ...noMarks, tracks: [...leaving] };
    for (const group of groups) {
      const isLeaving = (track: number): boolean => leaving.includes(track);
      group.tracks = group.tracks.filter((track) => !isLeaving(track));
      const named = group.name?.tracks ?? [];
      const going = named.filter(isLeaving).length;
      if (going > 0 && (going === named.length || (name === 'goes along' && going > named.length - going))) {
        made.name ??= group.name;
        group.name = undefined;
      }
      if (group.hiddenBy !== undefined && isLeaving(group.hiddenBy)) {
        made.hiddenBy ??= group.hiddenBy;
        group.hiddenBy = undefined;
      }
      if (group.lockedBy !== undefined && isLeaving(group.lockedBy.track)) {
        made.lockedBy ??= group.lockedBy;
        group.lockedBy = undefined;
      }
      if (group.tracks.length > 0) this.separated.push({ one: leaving[0]!, other: group.tracks[0]! });
      else made.origin ??= group.origin;
    }
    this.groups = [...this.groups.filter(({ tracks }) => tracks.length > 0), made];
    return made;
  }

  private bind(faces: readonly number[], edit: string): void {
    const [first, ...others] = faces.map((track) => this.bonds[track]!);
    for (const [track, bond] of this.bonds.entries()) if (others.includes(bond)) this.bonds[track] = first!;
    this.bindings.push({ tracks: faces, edit });
  }

  private bindAnew(tracks: readonly number[], edit: string): void {
    for (const track of tracks) this.bonds[track] = this.nextBond;
    this.nextBond++;
    this.bindings.push({ tracks, edit });
  }

  /** not_same is the last word: what an earlier edit put together with the two goes its own way again. */
  private release(one: number, other: number, edit: string): void {
    const bond = this.bonds[one];
    if (bond !== this.bonds[other]) return;
    for (const [track, own] of this.bonds.entries()) if (own === bond) this.bonds[track] = this.nextBond++;
    for (const binding of this.bindings) {
      if (binding.tracks.includes(one) && binding.tracks.includes(other)) {
        this.overruled.push({ edit: binding.edit, by: edit });
      }
    }
  }

  private isLocked({ lockedBy }: Group, track: number): boolean {
    return lockedBy !== undefined && this.bonds[lockedBy.track] === this.bonds[track];
  }

  /** Only what the lock named is locked: what clustering put in with it may leave. */
  private refuseLockedTracks(tracks: readonly number[]): void {
    for (const track of tracks) {
      const group = this.groupOf(track);
      if (this.isLocked(group, track)) refuseLocked(group);
    }
  }

  private refuseStrangers(together: readonly number[]): void {
    const broken = this.strangers.find(({ one, other }) => together.includes(one) && together.includes(other));
    if (broken !== undefined) throw new NotApplicable(`it contradicts edit ${broken.edit}`);
  }
}

const noMarks = { origin: undefined, name: undefined, hiddenBy: undefined, lockedBy: undefined } as const;

function refuseLocked({ lockedBy }: Group): void {
  if (lockedBy !== undefined) throw new NotApplicable(`its identity is locked by edit ${lockedBy.edit}`);
}

function ascending(one: number, other: number): number {
  return one - other;
}
