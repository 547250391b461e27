// Actions that may begin at the same time and look at the same file: their chunks that cover the same
// stretch of it are started as one, in one share of the pools, so that whoever runs them reads it once. It
// decides what starts together, never what a chunk gives.
import type { ChunkRequest } from './chunks.js';
import type { RunResult } from './job.js';
import type { Hold, Taken } from './slots.js';

/** A chunk that is ready to start. */
export interface Guest {
  /** Chunks that name the same stretch are started together; undefined starts alone. */
  readonly stretch: string | undefined;
  readonly hold: Hold;
  /** Those of one action start in this order: 0 to below 1. */
  readonly order: number;
  /** A chunk that is not wanted any more is left out, and the others are started without it. */
  readonly signal: AbortSignal;
  /** Called once the share is there. */
  begin(share: Taken): ChunkRequest;
}

type Results = ReadonlyMap<Guest, PromiseSettledResult<RunResult>>;

/** Whoever runs chunks, those handed over at once side by side; a result for each, in their order. */
export type RunChunks = (requests: readonly ChunkRequest[]) => Promise<readonly PromiseSettledResult<RunResult>[]>;

export interface RunTogether {
  readonly result: RunResult;
  /** How many chunks ran side by side, this one among them. */
  readonly together: number;
}

/** An action's place in its company. */
export interface Member {
  /** Brings the action's chunks and waits for those of the others. It must hold nothing that they wait for. */
  arrive(guests: readonly Guest[]): Promise<void>;
  /** Runs a chunk that has arrived, with all that came for the same stretch. */
  run(guest: Guest): Promise<RunTogether>;
  /** Says that the action brings nothing; harmless once it has arrived. */
  leave(): void;
}

/** One for the actions that began together. Each of them has a `Member`, which must arrive or leave, or the others wait for ever. */
export class Company {
  readonly #runChunks: RunChunks;
  readonly #groups = new Map<string | Guest, Guest[]>();
  readonly #running = new Map<string | Guest, Promise<Results>>();
  readonly #allThere: Promise<void>;
  #open!: () => void;
  #expected: number;

  constructor(actions: number, runChunks: RunChunks) {
    this.#expected = actions;
    this.#runChunks = runChunks;
    this.#allThere = new Promise((open) => (this.#open = open));
  }

  member(): Member {
    let isAwaited = true;
    const leave = (): void => {
      if (isAwaited && --this.#expected === 0) this.#open();
      isAwaited = false;
    };
    return {
      leave,
      run: (guest) => this.#run(guest),
      arrive: (guests) => {
        for (const guest of guests) {
          const group = this.#groups.get(guest.stretch ?? guest);
          if (group === undefined) this.#groups.set(guest.stretch ?? guest, [guest]);
          else group.push(guest);
        }
        leave();
        return this.#allThere;
      },
    };
  }

  async #run(guest: Guest): Promise<RunTogether> {
    const key = guest.stretch ?? guest;
    const guests = this.#groups.get(key)!;
    const running = this.#running.get(key) ?? this.#runGroup(guests);
    this.#running.set(key, running);
    const result = (await running).get(guest)!;
    if (result.status === 'rejected') throw result.reason;
    return { result: result.value, together: guests.length };
  }

  async #runGroup(guests: readonly Guest[]): Promise<Results> {
    const [first, ...others] = guests;
    const share = await first!.hold.takeAnother(
      first!.order,
      others.map(({ hold }) => hold),
    );
    try {
      const [wanted, unwanted] = [true, false].map((is) => guests.filter(({ signal }) => signal.aborted !== is));
      const results = await this.#runChunks(wanted!.map((guest) => guest.begin(share)));
      return new Map<Guest, PromiseSettledResult<RunResult>>([
        ...wanted!.map((guest, at) => [guest, results[at]!] as const),
        ...unwanted!.map((guest) => [guest, { status: 'rejected', reason: guest.signal.reason as unknown }] as const),
      ]);
    } finally {
      share.release();
    }
  }
}
