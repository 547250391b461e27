// Bounds how much runs at once: each action takes its share of named resources and gives it back.
// First come, first served, so that nothing waits for ever behind smaller actions.

type Amounts = Readonly<Record<string, number>>;

interface Waiting {
  readonly amounts: Amounts;
  readonly start: () => void;
}

export class Slots {
  readonly #capacity: Amounts;
  readonly #free: Record<string, number>;
  readonly #queue: Waiting[] = [];

  constructor(capacity: Amounts) {
    this.#capacity = capacity;
    this.#free = { ...capacity };
  }

  /**
   * Waits until `wanted` is free (one `cpu` where it says nothing) and takes it. More than there is
   * at all counts as all there is. Resolves with the function that gives it back.
   */
  async take(wanted: Amounts, signal: AbortSignal): Promise<() => void> {
    const amounts = Object.fromEntries(
      Object.entries({ cpu: 1, ...wanted }).map(([name, amount]) => [
        name,
        Math.min(amount, this.#capacity[name] ?? 0),
      ]),
    );
    if (this.#queue.length > 0 || !this.#fits(amounts)) {
      await new Promise<void>((resolve, reject) => {
        const waiting = { amounts, start: resolve };
        this.#queue.push(waiting);
        signal.addEventListener(
          'abort',
          () => {
            const index = this.#queue.indexOf(waiting);
            if (index < 0) return;
            this.#queue.splice(index, 1);
            reject(signal.reason as Error);
          },
          { once: true },
        );
      });
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
