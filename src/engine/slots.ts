// Bounds how much runs at once: each action takes its share of the pools, by name and where they have
// ids by member, and gives it back. Who goes first is told by rank; it decides nothing else.
import type { Pools } from '../pipeline/pipeline.js';
import type { TakenResources } from '../stage/stage.js';
import { Heap } from '../base/heap.js';

type Amounts = Readonly<Record<string, number>>;

/** A greater `urgency` goes first; of equals the smaller `place`. */
export interface Rank {
  readonly urgency: number;
  readonly place: number;
}

/** A share that was taken. */
export interface Taken {
  readonly resources: TakenResources;
  /** The smallest number, from 0, that no other share has at the time. */
  readonly slot: number;
  /** Gives it back; once. */
  release(): void;
}

interface Waiting extends Rank {
  readonly start: (taken: Taken) => void;
  readonly giveUp: (reason: Error) => void;
}

/** All who wait for the same amounts. */
interface Line {
  readonly amounts: Amounts;
  readonly waiting: Heap<Waiting>;
}

export class Slots {
  readonly #pools: Pools;
  readonly #free: Record<string, number>;
  readonly #freeMembers: ReadonlyMap<string, { readonly all: readonly string[]; readonly free: Set<string> }>;
  readonly #lines = new Map<string, Line>();
  readonly #slots: boolean[] = [];
  readonly #signal: AbortSignal;
  #isStarting = false;

  /** Whoever waits when `signal` aborts, or asks after it, is rejected with its reason. */
  constructor(pools: Pools, signal: AbortSignal) {
    this.#pools = pools;
    this.#free = Object.fromEntries(Object.entries(pools).map(([name, { amount }]) => [name, amount]));
    this.#freeMembers = new Map(
      Object.entries(pools).flatMap(([name, { members }]) =>
        members === undefined ? [] : [[name, { all: members, free: new Set(members) }]],
      ),
    );
    this.#signal = signal;
    // One listener for all: a season has more waiting actions than a signal likes listeners.
    signal.addEventListener('abort', () => this.#giveUp(), { once: true });
  }

  /**
   * Waits until `wanted` is free (one `cpu` where it says nothing) and everyone more urgent who needs the
   * same pools was served. More than there is at all counts as all there is.
   */
  async take(wanted: Amounts, { urgency, place }: Rank): Promise<Taken> {
    this.#signal.throwIfAborted();
    const amounts = Object.fromEntries(
      Object.entries({ cpu: 1, ...wanted })
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([name, amount]) => {
          const pool = this.#pools[name];
          return pool === undefined ? [] : [[name, Math.min(amount, pool.amount)]];
        }),
    );
    const key = JSON.stringify(amounts);
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { amounts, waiting: new Heap<Waiting>(before) };
      this.#lines.set(key, line);
    }
    const { waiting } = line;
    return new Promise<Taken>((start, giveUp) => {
      waiting.push({ urgency, place, start, giveUp });
      this.#startSoon();
    });
  }

  // All who ask in one turn are looked at together, or the first one to ask would go before the most urgent.
  #startSoon(): void {
    if (this.#isStarting) return;
    this.#isStarting = true;
    queueMicrotask(() => {
      this.#isStarting = false;
      this.#start();
    });
  }

  // The most urgent first. A pool that it lacks is kept for it: whoever comes later and needs that pool
  // waits too, or a big action would never find room among small ones; other pools are not held back.
  #start(): void {
    const lacking = new Set<string>();
    const open = new Set(this.#lines.values());
    for (;;) {
      const held = [...open].filter(
        ({ amounts, waiting }) =>
          waiting.peek() === undefined || Object.keys(amounts).some((name) => amounts[name]! > 0 && lacking.has(name)),
      );
      for (const line of held) open.delete(line);
      const first = [...open].reduce<Line | undefined>(
        (best, line) => (best === undefined || before(line.waiting.peek()!, best.waiting.peek()!) ? line : best),
        undefined,
      );
      if (first === undefined) return;
      const lacks = Object.entries(first.amounts).filter(([name, amount]) => amount > this.#free[name]! + rounding);
      if (lacks.length === 0) first.waiting.pop()!.start(this.#hand(first.amounts));
      for (const [name] of lacks) lacking.add(name);
    }
  }

  #hand(amounts: Amounts): Taken {
    this.#move(amounts, -1);
    const resources = Object.fromEntries(
      Object.entries(amounts).map(([name, amount]) => [name, { amount, members: this.#takeMembers(name, amount) }]),
    );
    const freeSlot = this.#slots.indexOf(false);
    const slot = freeSlot < 0 ? this.#slots.length : freeSlot;
    this.#slots[slot] = true;
    return {
      resources,
      slot,
      release: () => {
        this.#slots[slot] = false;
        this.#move(amounts, 1);
        for (const [name, { members }] of Object.entries(resources))
          for (const member of members ?? []) this.#freeMembers.get(name)?.free.add(member);
        this.#startSoon();
      },
    };
  }

  // In the order in which they were declared, so that one build on an idle machine is like the next.
  #takeMembers(name: string, amount: number): readonly string[] | undefined {
    const pool = this.#freeMembers.get(name);
    const taken = pool?.all.filter((member) => pool.free.has(member)).slice(0, amount);
    for (const member of taken ?? []) pool!.free.delete(member);
    return taken;
  }

  #move(amounts: Amounts, sign: 1 | -1): void {
    for (const [name, amount] of Object.entries(amounts)) this.#free[name]! += sign * amount;
  }

  #giveUp(): void {
    for (const { waiting } of this.#lines.values())
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
        next.giveUp(this.#signal.reason as Error);
  }
}

/** What an action holds of the pools. It may let go while its chunks have shares of their own. */
export class Hold {
  readonly #slots: Slots;
  readonly #wanted: Amounts;
  readonly #rank: Rank;
  #taken: Taken | undefined;

  constructor(slots: Slots, wanted: Amounts, rank: Rank) {
    this.#slots = slots;
    this.#wanted = wanted;
    this.#rank = rank;
  }

  get taken(): Taken {
    if (this.#taken === undefined) throw new Error('nothing is held');
    return this.#taken;
  }

  async takeAgain(): Promise<void> {
    this.#taken = await this.#slots.take(this.#wanted, this.#rank);
  }

  /**
   * A further share of the same size and urgency, which the caller gives back; one that suits several, as big and
   * urgent as the most demanding of them. Whoever asks with the smaller `order` (0 to below 1) is served first.
   */
  takeAnother(order: number, others: readonly Hold[] = []): Promise<Taken> {
    const all = [this, ...others];
    const wanted: Record<string, number> = {};
    for (const [name, amount] of all.flatMap((hold) => Object.entries(hold.#wanted)))
      wanted[name] = Math.max(wanted[name] ?? 0, amount);
    const { urgency, place } = all.map((hold) => hold.#rank).reduce((a, b) => (before(a, b) ? a : b));
    return this.#slots.take(wanted, { urgency, place: place + order });
  }

  letGo(): void {
    this.#taken?.release();
    this.#taken = undefined;
  }
}

/** Shares such as 0.1 do not add up exactly. */
const rounding = 1e-6;

function before(a: Rank, b: Rank): boolean {
  return a.urgency === b.urgency ? a.place < b.place : a.urgency > b.urgency;
}
