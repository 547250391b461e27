// Bounds how much runs at once: each action takes its share of named resources and gives it back.
// First come, first served, so that nothing waits for ever behind smaller actions.

type Amounts = Readonly<Record<string, number>>;

interface Waiting {
  readonly amounts: Amounts;
  readonly start: () => void;
  readonly giveUp: (reason: Error) => void;
}

export class Slots {
  readonly #capacity: Amounts;
  readonly #free: Record<string, number>;
  readonly #queue: Waiting[] = [];
  readonly #signal: AbortSignal;

  /** Whoever waits when `signal` aborts, or asks after it, is rejected with its reason. */
  constructor(capacity: Amounts, signal: AbortSignal) {
    this.#capacity = capacity;
    this.#free = { ...capacity };
    this.#signal = signal;
    // One listener for all: a season has more waiting actions than a signal likes listeners.
    signal.addEventListener(
      'abort',
      () => {
        for (const { giveUp } of this.#queue.splice(0)) giveUp(signal.reason as Error);
      },
      { once: true },
    );
  }

  /**
   * Waits until `wanted` is free (one `cpu` where it says nothing) and takes it. More than there is
   * at all counts as all there is. Resolves with the function that gives it back.
   */
  async take(wanted: Amounts): Promise<() => void> {
    this.#signal.throwIfAborted();
    const amounts = Object.fromEntries(
      Object.entries({ cpu: 1, ...wanted }).map(([name, amount]) => [
        name,
        Math.min(amount, this.#capacity[name] ?? 0),
      ]),
    );
    if (this.#queue.length > 0 || !this.#fits(amounts)) {
      await new Promise<void>((resolve, reject) => this.#queue.push({ amounts, start: resolve, giveUp: reject }));
    } else this.#move(amounts, -1);
    return () => {
      this.#move(amounts, 1);
      this.#startWaiting();
    };
  }

  #startWaiting(): void {
    for (let next = this.#queue[0]; next && this.#fits(next.amounts); next = this.#queue[0]) {
      this.#queue.shift();
      this.#move(next.amounts, -1);
      next.start();
    }
  }

  #fits(amounts: Amounts): boolean {
    return Object.entries(amounts).every(([name, amount]) => amount <= (this.#free[name] ?? 0));
  }

  #move(amounts: Amounts, sign: 1 | -1): void {
    for (const [name, amount] of Object.entries(amounts)) this.#free[name] = (this.#free[name] ?? 0) + sign * amount;
  }
}
