// For each cluster a short list of those that are nearest to it, and a distance below which no other can be. It
// merges nothing and knows no tree.
import type { ClusterRows } from './cluster-rows.js';

/** Distances that differ by less are a tie, since rounding may have made the difference. */
const tie = 1e-12;

/** Lists of clusters that have a direction; those without are at distance 1 to all and in none. */
export class NeighbourLists {
  /** The one that is nearest, or -1 where others are equally near; where many are at distance 0, one of them. */
  readonly nearest: Int32Array;
  /** The distance of the nearest. */
  readonly least: Float64Array;
  readonly #rows: ClusterRows;
  readonly #capacity: number;
  /** The lists, without order: `capacity` places a cluster, of which `lengths` are taken. */
  readonly #others: Int32Array;
  readonly #distances: Float64Array;
  readonly #lengths: Int32Array;
  /** Who is not in a cluster's list is at least as far from it as this. */
  readonly #bounds: Float64Array;
  /** Which cluster each one has become part of, and whether that one is of this round. */
  readonly #owners: Int32Array;
  readonly #isNew: Uint8Array;
  /** Equal to `stamp` for those that a list has already. */
  readonly #seen: Int32Array;
  #stamp = 0;
  #hadZeros: boolean;

  constructor(rows: ClusterRows) {
    const { count, capacity } = rows;
    this.#rows = rows;
    this.#capacity = capacity;
    this.nearest = new Int32Array(count).fill(-1);
    this.least = new Float64Array(count);
    this.#others = rows.others;
    this.#distances = rows.distances;
    this.#lengths = new Int32Array(count);
    this.#bounds = new Float64Array(count).fill(1);
    this.#owners = Int32Array.from({ length: count }, (_, cluster) => cluster);
    this.#isNew = new Uint8Array(count);
    this.#seen = new Int32Array(count);
    this.#hadZeros = rows.zeros.length > 0;
  }

  /** Makes the lists of these clusters anew, from all that there are. */
  fill(clusters: readonly number[]): void {
    const rows = this.#rows;
    rows.scan(clusters);
    for (let slot = 0; slot < clusters.length; slot++) {
      const cluster = clusters[slot]!;
      const start = cluster * this.#capacity;
      this.#lengths[cluster] = rows.listed(slot, start);
      rows.measure(cluster, start, this.#lengths[cluster]);
      this.#bound(cluster, rows.limitOf(slot) - rows.error);
      if (!this.#settle(cluster)) this.#fillExactly(cluster);
    }
  }

  /**
   * Brings all lists up to date after merges.
   * @param groups each cluster that took in others, and those
   * @returns the clusters whose lists no longer say who is nearest
   */
  follow(groups: ReadonlyMap<number, readonly number[]>): number[] {
    for (const [owner, parts] of groups) {
      this.#isNew[owner] = 1;
      for (const part of parts) this.#owners[part] = owner;
    }
    const hasZeros = this.#rows.zeros.length > 0;
    // Nothing is at distance 1 any more that is in no list.
    const zerosEnded = this.#hadZeros && !hasZeros;
    this.#hadZeros = hasZeros;
    const dry: number[] = [];
    const { at, alive } = this.#rows;
    for (let slot = 0; slot < alive; slot++) {
      const cluster = at[slot]!;
      const parts = groups.get(cluster);
      if (parts !== undefined) this.#pool(cluster, parts);
      else if (!this.#update(cluster) && !zerosEnded) continue;
      if (!this.#settle(cluster)) dry.push(cluster);
    }
    for (const owner of groups.keys()) this.#isNew[owner] = 0;
    return dry;
  }

  /** All that are as near to a cluster as the nearest, to the last bit, those without a direction too. */
  equallyNear(cluster: number): number[] {
    const near: number[] = [];
    let least = Infinity;
    const consider = (other: number, distance: number): void => {
      if (distance > least) return;
      if (distance < least) near.length = 0;
      least = distance;
      near.push(other);
    };
    if (this.least[cluster]! + tie < this.#bounds[cluster]!) {
      const end = this.#endOf(cluster);
      for (let at = cluster * this.#capacity; at < end; at++) consider(this.#others[at]!, this.#distances[at]!);
    } else {
      for (const other of this.#rows.directed()) {
        if (other !== cluster) consider(other, this.#rows.distance(cluster, other));
      }
    }
    for (const zero of this.#rows.zeros) consider(zero, 1);
    return near;
  }

  /** One whose nearest single precision cannot tell from more others than a list holds. */
  #fillExactly(cluster: number): void {
    this.#lengths[cluster] = 0;
    let limit = Infinity;
    for (const other of this.#rows.directed()) {
      if (other === cluster) continue;
      const distance = this.#rows.distance(cluster, other);
      if (distance < limit) limit = this.#offer(cluster, other, distance);
    }
    this.#bound(cluster, limit);
    this.#settle(cluster);
  }

  /** What is near a cluster that took in others was near one of its parts. */
  #pool(cluster: number, parts: readonly number[]): void {
    this.#stamp += 1;
    this.#seen[cluster] = this.#stamp;
    const owners = this.#owners;
    const others = this.#others;
    const spare = this.#rows.sparePlace;
    let end = spare;
    let bound = Infinity;
    for (let index = -1; index < parts.length; index++) {
      const part = index < 0 ? cluster : parts[index]!;
      bound = Math.min(bound, this.#bounds[part]!);
      const partEnd = this.#endOf(part);
      for (let at = part * this.#capacity; at < partEnd; at++) {
        const other = owners[others[at]!]!;
        if (this.#seen[other] === this.#stamp) continue;
        this.#seen[other] = this.#stamp;
        others[end++] = other;
      }
    }
    this.#rows.measure(cluster, spare, end - spare);
    this.#lengths[cluster] = 0;
    let limit = Infinity;
    for (let at = spare; at < end; at++) {
      const distance = this.#distances[at]!;
      if (distance <= bound + tie && distance < limit) limit = this.#offer(cluster, others[at]!, distance);
    }
    this.#bound(cluster, Math.min(bound, limit));
  }

  /**
   * The list of a cluster that stayed as it was: what it names may have become part of another.
   * @returns false when it names none of those
   */
  #update(cluster: number): boolean {
    const owners = this.#owners;
    const isNew = this.#isNew;
    const others = this.#others;
    const distances = this.#distances;
    const start = cluster * this.#capacity;
    const end = start + this.#lengths[cluster]!;
    let at = start;
    while (at < end && isNew[owners[others[at]!]!] === 0) at++;
    if (at === end) return false;
    this.#stamp += 1;
    let to = at;
    const spare = this.#rows.sparePlace;
    let spareEnd = spare;
    for (; at < end; at++) {
      const other = owners[others[at]!]!;
      if (isNew[other] === 0) {
        others[to] = other;
        distances[to] = distances[at]!;
        to += 1;
      } else if (this.#seen[other] !== this.#stamp) {
        this.#seen[other] = this.#stamp;
        others[spareEnd++] = other;
      }
    }
    this.#rows.measure(cluster, spare, spareEnd - spare);
    const limit = this.#bounds[cluster]! + tie;
    for (at = spare; at < spareEnd; at++) {
      if (distances[at]! > limit) continue;
      others[to] = others[at]!;
      distances[to] = distances[at]!;
      to += 1;
    }
    this.#lengths[cluster] = to - start;
    return true;
  }

  #endOf(cluster: number): number {
    return cluster * this.#capacity + this.#lengths[cluster]!;
  }

  #append(cluster: number, other: number, distance: number): void {
    const end = this.#endOf(cluster);
    this.#others[end] = other;
    this.#distances[end] = distance;
    this.#lengths[cluster]! += 1;
  }

  /** Takes one in, for the farthest where the list is full; returns what others must now be nearer than. */
  #offer(cluster: number, other: number, distance: number): number {
    const start = cluster * this.#capacity;
    if (this.#lengths[cluster]! < this.#capacity) this.#append(cluster, other, distance);
    else {
      const last = this.#farthest(start);
      this.#others[last] = other;
      this.#distances[last] = distance;
    }
    return this.#lengths[cluster]! < this.#capacity ? Infinity : this.#distances[this.#farthest(start)]!;
  }

  #farthest(start: number): number {
    let last = start;
    for (let at = start + 1; at < start + this.#capacity; at++) {
      if (this.#distances[at]! > this.#distances[last]!) last = at;
    }
    return last;
  }

  /** Sets the bound and drops what others may be nearer than. */
  #bound(cluster: number, limit: number): void {
    const bound = Math.max(0, this.#rows.zeros.length > 0 ? Math.min(1, limit) : limit);
    const start = cluster * this.#capacity;
    const end = this.#endOf(cluster);
    let to = start;
    for (let at = start; at < end; at++) {
      if (this.#distances[at]! > bound + tie) continue;
      this.#others[to] = this.#others[at]!;
      this.#distances[to] = this.#distances[at]!;
      to += 1;
    }
    this.#lengths[cluster] = to - start;
    this.#bounds[cluster] = bound;
  }

  /** Finds the nearest; false when one that is not in the list may be nearer. */
  #settle(cluster: number): boolean {
    const end = this.#endOf(cluster);
    const bound = this.#bounds[cluster]!;
    let best = -1;
    let least = this.#rows.zeros.length > 0 ? 1 : Infinity;
    let second = bound;
    for (let at = cluster * this.#capacity; at < end; at++) {
      const distance = this.#distances[at]!;
      if (distance < least) {
        second = Math.min(second, least);
        least = distance;
        best = this.#others[at]!;
      } else if (distance < second) second = distance;
    }
    this.nearest[cluster] = least === 0 || second - least > tie ? best : -1;
    this.least[cluster] = least;
    return least <= bound + tie;
  }
}
