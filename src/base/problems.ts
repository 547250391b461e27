// Gathers the problems of one phase. A hostile file can hold a hundred thousand mistakes: only the
// first ones are kept, the rest are counted, and nothing is worked out for those.
import { ProblemError, type Problem } from './problem.js';

/** More than a person reads at once. */
const problemsMax = 100;

export class Problems {
  readonly #found: Problem[] = [];
  #leftOut = 0;

  /** Keeps the problem; `make` is called only when there is room, so that hints cost nothing after that. */
  add(make: () => Problem): void {
    if (this.#found.length < problemsMax) this.#found.push(make());
    else this.#leftOut++;
  }

  get count(): number {
    return this.#found.length + this.#leftOut;
  }

  /** Everything found, by line and column; the same words at the same place (an alias) stand once. */
  list(): readonly Problem[] {
    const seen = new Set<string>();
    const sorted = this.#found
      .filter(({ code, message, place }) => {
        const key = JSON.stringify([code, message, place?.line, place?.column]);
        return !seen.has(key) && seen.add(key);
      })
      .sort((a, b) => position(a, 'line') - position(b, 'line') || position(a, 'column') - position(b, 'column'));
    if (this.#leftOut === 0) return sorted;
    return [...sorted, { code: 'too-many-problems', message: `${this.#leftOut} more problems are not shown` }];
  }

  /** Throws one ProblemError with all of them, if there is any. */
  throwIfAny(): void {
    if (this.count > 0) throw new ProblemError(this.list());
  }
}

function position({ place }: Problem, unit: 'line' | 'column'): number {
  return place?.[unit] ?? 0;
}
