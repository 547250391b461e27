// The clusters that are left and where they lie: sums of their unit rows in double precision, which
// decide, and their means in single precision, which say cheaply which others can be near. It knows no tree.
import { makeWorkspace, type Workspace } from '../../src/kernels/workspace.js';

/** Distances below this are rounding: the clusters point the same way and nothing is nearer. */
const sameDirection = 1e-12;

/** Right-hand rows gone over for one pass of the left side: 64 x 2 kB fit the second-level cache. */
const blockRows = 64;
/** Left-hand rows that one call of the kernel takes. */
const tileRows = 4;

/**
 * Clusters of `count` rows of `dim` numbers; each has the number of its lowest row. Memory: 12 bytes a number of the padded
 * rows, and 20 bytes a place in the lists of nearest ones.
 */
export class ClusterRows {
  /** Clusters with a direction, `alive` of them, in the order in which their means lie. */
  readonly at: Int32Array;
  alive = 0;
  /** Clusters whose rows are all zero, ascending: at distance 1 to all. */
  readonly zeros: number[] = [];
  /**
   * The most that a distance in single precision can be off: rounding of both rows, of each product and of each of the
   * dim / 4 + 2 additions of a lane, for rows that are not longer than 1 (Cauchy-Schwarz).
   */
  readonly error: number;
  /** Places for clusters and their distances from another, `capacity` for each cluster, and `count` for any. */
  readonly others: Int32Array;
  readonly distances: Float64Array;
  /** Numbers a row, padded with zeros. */
  readonly #width: number;
  readonly #slots: Int32Array;
  readonly #sizes: Float64Array;
  readonly #memory: Workspace<'means' | 'sums' | 'sizes' | 'floors' | 'lists' | 'others' | 'distances'>;
  readonly #means: Float32Array;
  readonly #floors: Float32Array;
  /** The lists of `scan`: a slot and a dot product in turns. */
  readonly #listedSlots: Int32Array;
  readonly #listedDots: Float32Array;

  /** @throws when a number is not finite */
  constructor(
    vectors: Float32Array,
    readonly count: number,
    dim: number,
    readonly capacity: number,
  ) {
    this.#width = Math.ceil(dim / 4) * 4;
    this.error = (Math.ceil(dim / 4) + 8) * 2 ** -24 * 1.01;
    this.at = new Int32Array(count);
    this.#slots = new Int32Array(count).fill(-1);
    this.#memory = makeWorkspace({
      means: 4 * (count + tileRows) * this.#width,
      sums: 8 * count * this.#width,
      floors: 4 * (count + tileRows),
      lists: 8 * count * capacity,
      sizes: 8 * count,
      others: 4 * count * (capacity + 1),
      distances: 8 * count * (capacity + 1),
    });
    const { means, floors, lists, sizes, others, distances } = this.#memory.bytes;
    this.#sizes = new Float64Array(sizes.buffer, sizes.byteOffset, count).fill(1);
    this.others = new Int32Array(others.buffer, others.byteOffset, others.length / 4);
    this.distances = new Float64Array(distances.buffer, distances.byteOffset, distances.length / 8);
    this.#means = new Float32Array(means.buffer, means.byteOffset, means.length / 4);
    this.#floors = new Float32Array(floors.buffer, floors.byteOffset, floors.length / 4);
    this.#listedSlots = new Int32Array(lists.buffer, lists.byteOffset, lists.length / 4);
    this.#listedDots = new Float32Array(lists.buffer, lists.byteOffset, lists.length / 4);
    for (let cluster = 0; cluster < count; cluster++) {
      // The next free place; a row of zeros leaves it free.
      this.#means.set(vectors.subarray(cluster * dim, (cluster + 1) * dim), this.alive * this.#width);
      const square = this.#memory.run.unitRow(this.#meanPlace(this.alive), this.#sumPlace(cluster), this.#width);
      if (!Number.isFinite(square)) throw new Error(`vector ${cluster} has a component that is not a finite number`);
      if (square === 0) this.zeros.push(cluster);
      else {
        this.at[this.alive] = cluster;
        this.#slots[cluster] = this.alive;
        this.alive += 1;
      }
    }
  }

  isZero(cluster: number): boolean {
    return this.#slots[cluster]! < 0;
  }

  /** The clusters that have a direction. */
  directed(): Int32Array {
    return this.at.subarray(0, this.alive);
  }

  /** Where in `others` and `distances` those lie that are for any. */
  get sparePlace(): number {
    return this.count * this.capacity;
  }

  /** The lowest cluster of all, but for one. */
  lowest(but: number): number {
    let low = this.zeros.find((zero) => zero !== but) ?? Infinity;
    for (const cluster of this.directed()) if (cluster < low && cluster !== but) low = cluster;
    return low;
  }

  /** Cosine distance in double precision. */
  distance(a: number, b: number): number {
    if (this.isZero(a) || this.isZero(b)) return 1;
    const place = this.sparePlace;
    this.others[place] = b;
    this.measure(a, place, 1);
    return this.distances[place]!;
  }

  /**
   * Writes how far a cluster is from `count` that lie from a place of `others` on, none of them zero. With unit rows the mean
   * distance between two clusters is exactly 1 - (S_a . S_b) / (|a| |b|), S being sums of rows.
   */
  measure(cluster: number, place: number, count: number): void {
    const { run, bytes } = this.#memory;
    const others = bytes.others.byteOffset + 4 * place;
    const distances = bytes.distances.byteOffset + 8 * place;
    // prettier-ignore
    run.distancesTo(
      cluster, others, count,
      bytes.sums.byteOffset, this.#width, bytes.sizes.byteOffset,
      sameDirection, distances,
    );
  }

  /** Makes b part of a. */
  merge(a: number, b: number): void {
    const { at, zeros } = this;
    const slots = this.#slots;
    this.#sizes[a]! += this.#sizes[b]!;
    if (this.isZero(b)) zeros.splice(zeros.indexOf(b), 1);
    else if (this.isZero(a)) {
      zeros.splice(zeros.indexOf(a), 1);
      slots[a] = slots[b]!;
      at[slots[a]] = a;
    } else {
      this.alive -= 1;
      this.#exchange(slots[b]!, this.alive);
    }
    slots[b] = -1;
    if (this.isZero(a)) return;
    const mean = this.#meanPlace(slots[a]!);
    this.#memory.run.addRow(this.#sumPlace(a), this.#sumPlace(b), mean, this.#sizes[a]!, this.#width);
  }

  /**
   * Finds for each of `clusters` its `capacity` nearest by single precision, or all others where there are fewer. They
   * come to lie first, in this order; `listed` then says which are near which place.
   */
  scan(clusters: readonly number[]): void {
    const { alive, capacity } = this;
    const floors = this.#floors;
    for (const [slot, cluster] of clusters.entries()) this.#exchange(this.#slots[cluster]!, slot);
    const many = clusters.length;
    this.#listedDots.fill(-Infinity, 0, 2 * many * capacity);
    floors.fill(-Infinity, 0, many).fill(Infinity, many, alive + tileRows);
    const { run, bytes } = this.#memory;
    const [means, lists, floorPlace] = [bytes.means.byteOffset, bytes.lists.byteOffset, bytes.floors.byteOffset];
    const rowBytes = 4 * this.#width;
    for (let block = 0; block < alive; block += blockRows) {
      const end = Math.min(alive, block + blockRows);
      for (let left = 0; left < Math.min(many, end); left += tileRows) {
        // Below the diagonal there is nothing to do.
        run.keepNearest(means, rowBytes, left, Math.max(block, left), end, lists, capacity, floorPlace);
      }
    }
  }

  /** After `scan`: writes those near the one at this slot from a place of `others` on, and says how many. */
  listed(slot: number, place: number): number {
    const first = 2 * slot * this.capacity;
    for (let rank = 0; rank < this.capacity; rank++) {
      const other = this.#listedSlots[first + 2 * rank]!;
      if (other < 0) return rank;
      this.others[place + rank] = this.at[other]!;
    }
    return this.capacity;
  }

  /** After `scan`: no other is nearer to the one at this place, in single precision, than those that are listed and this. */
  limitOf(slot: number): number {
    return 1 - this.#listedDots[2 * (slot + 1) * this.capacity - 1]!;
  }

  #meanPlace(slot: number): number {
    return this.#memory.bytes.means.byteOffset + 4 * slot * this.#width;
  }

  #sumPlace(cluster: number): number {
    return this.#memory.bytes.sums.byteOffset + 8 * cluster * this.#width;
  }

  #exchange(one: number, other: number): void {
    if (one === other) return;
    const at = this.at;
    const means = this.#means;
    const slots = this.#slots;
    const width = this.#width;
    const spare = this.count * width;
    means.copyWithin(spare, one * width, (one + 1) * width);
    means.copyWithin(one * width, other * width, (other + 1) * width);
    means.copyWithin(other * width, spare, spare + width);
    const moved = at[one]!;
    at[one] = at[other]!;
    at[other] = moved;
    slots[at[one]] = one;
    slots[moved] = other;
  }
}
