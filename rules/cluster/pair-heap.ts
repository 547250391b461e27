// A binary heap of numbered items with changeable values: the lowest value on top, the lowest
// number among equals. Nothing here knows what the items are.

/** Items are whole numbers from 0 to `capacity` - 1, each in the heap at most once. */
export class PairHeap {
  private readonly values: Float64Array;
  /** Heap order: item at each place, and the place of each item (-1: not in the heap). */
  private readonly items: Int32Array;
  private readonly places: Int32Array;
  private size = 0;

  constructor(capacity: number) {
    this.values = new Float64Array(capacity).fill(Infinity);
    this.items = new Int32Array(capacity);
    this.places = new Int32Array(capacity).fill(-1);
  }

  /** The lowest item, or -1 when the heap is empty. */
  top(): number {
    return this.size === 0 ? -1 : this.items[0]!;
  }

  /** The item's value; Infinity when it is not in the heap. */
  valueOf(item: number): number {
    return this.values[item]!;
  }

  /** Puts an item in, or changes its value. */
  set(item: number, value: number): void {
    this.values[item] = value;
    if (this.places[item]! < 0) this.put(item, this.size++);
    this.rise(this.places[item]!);
    this.sink(this.places[item]!);
  }

  /** Takes an item out; one that is not there stays out. */
  remove(item: number): void {
    const place = this.places[item]!;
    this.values[item] = Infinity;
    if (place < 0) return;
    this.places[item] = -1;
    const last = this.items[--this.size]!;
    if (last === item) return;
    this.put(last, place);
    this.rise(place);
    this.sink(this.places[last]!);
  }

  private rise(start: number): void {
    for (let place = start; place > 0;) {
      const parent = (place - 1) >> 1;
      if (!this.before(this.items[place]!, this.items[parent]!)) return;
      this.swap(place, parent);
      place = parent;
    }
  }

  private sink(start: number): void {
    for (let place = start; ;) {
      const left = 2 * place + 1;
      if (left >= this.size) return;
      const right = left + 1;
      const child = right < this.size && this.before(this.items[right]!, this.items[left]!) ? right : left;
      if (!this.before(this.items[child]!, this.items[place]!)) return;
      this.swap(place, child);
      place = child;
    }
  }

  private before(one: number, other: number): boolean {
    const difference = this.values[one]! - this.values[other]!;
    return difference < 0 || (difference === 0 && one < other);
  }

  private swap(one: number, other: number): void {
    const item = this.items[one]!;
    this.put(this.items[other]!, one);
    this.put(item, other);
  }

  private put(item: number, place: number): void {
    this.items[place] = item;
    this.places[item] = place;
  }
}
