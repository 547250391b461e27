// Gathers the hints of a burst into one. Knows time, and nothing of files.

/** After the last hint of one file: an editor writes it in several steps. */
const fileSettleMs = 25;
/** After the last hint of a burst over several files: a checkout is one edit. */
const burstSettleMs = 100;

export class Hints {
  readonly #paths = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #settled = false;
  #wake: (() => void) | undefined;

  add(path: string): void {
    this.#paths.add(path);
    this.#settled = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.#settled = true;
        this.#wake?.();
      },
      this.#paths.size > 1 ? burstSettleMs : fileSettleMs,
    );
  }

  /** The paths of the next burst that has settled. Rejects with the signal's reason; one caller at a time. */
  async next(signal: AbortSignal): Promise<readonly string[]> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#settled) break;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#wake = undefined;
    }
    const paths = [...this.#paths].sort();
    this.#paths.clear();
    this.#settled = false;
    return paths;
  }

  /** The paths of a burst that has not settled yet. */
  waiting(): readonly string[] {
    return [...this.#paths].sort();
  }

  /** Forgets what is not settled, so that no timer keeps the process alive. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
