// Divides a group that turned out to be two people: clustering from two seeds that may not meet. Pure.

export interface Parting {
  readonly tracks: readonly number[];
  /** By track: tracks of one bond stay together. */
  readonly bonds: readonly number[];
  /** Bonds of the two people; every other bond goes to one of them. */
  readonly staying: ReadonlySet<number>;
  readonly leaving: ReadonlySet<number>;
  readonly similarity: (one: number, other: number) => number;
}

/** Tracks with one bond, and the sum of their similarities to either side. */
interface Unit {
  readonly tracks: readonly number[];
  readonly sums: [staying: number, leaving: number];
}

/**
 * The tracks that leave, ascending. As in average linkage with a cannot-link, the bond that is most
 * like a side in the mean joins it next and is part of it from then on; of equals the side that
 * stays, then the earlier track.
 */
export function leavingOf({ tracks, bonds, staying, leaving, similarity }: Parting): number[] {
  const sides: [number[], number[]] = [[], []];
  const byBond = new Map<number, number[]>();
  for (const track of tracks) {
    const bond = bonds[track]!;
    const side = staying.has(bond) ? 0 : leaving.has(bond) ? 1 : undefined;
    if (side !== undefined) sides[side].push(track);
    else byBond.set(bond, [...(byBond.get(bond) ?? []), track]);
  }
  const open = new Set([...byBond.values()].map((members): Unit => ({ tracks: members, sums: [0, 0] })));
  const join = (side: 0 | 1, members: readonly number[]): void => {
    for (const unit of open) {
      for (const own of unit.tracks) for (const member of members) unit.sums[side] += similarity(own, member);
    }
  };
  join(0, sides[0]);
  join(1, sides[1]);
  while (open.size > 0) {
    let next: { readonly unit: Unit; readonly side: 0 | 1; readonly mean: number } | undefined;
    for (const unit of open) {
      for (const side of [0, 1] as const) {
        const mean = unit.sums[side] / (unit.tracks.length * sides[side].length);
        if (next === undefined || mean > next.mean) next = { unit, side, mean };
      }
    }
    const { unit, side } = next!;
    open.delete(unit);
    sides[side].push(...unit.tracks);
    join(side, unit.tracks);
  }
  return sides[1].sort((one, other) => one - other);
}
