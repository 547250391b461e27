// How the parts of the reader say what is wrong: a code, words, and where in the file.
import type { Problems } from '../base/problems.js';
import type { Source } from '../base/source.js';
import type { At } from '../base/yaml.js';
import type { Place } from '../base/problem.js';

export interface Fault {
  readonly code: string;
  readonly message: string;
  readonly hint?: () => string | undefined;
}

export class Reporter {
  readonly #source: Source;
  readonly #problems: Problems;

  constructor(source: Source, problems: Problems) {
    this.#source = source;
    this.#problems = problems;
  }

  /** `at` and the hint are worked out only when the problem is kept. */
  add(at: At | (() => At), { code, message, hint }: Fault): void {
    this.#problems.add(() => {
      return { code, message, place: this.place(typeof at === 'function' ? at() : at), hint: hint?.() };
    });
  }

  place({ start, end }: At): Place {
    return this.#source.place(start, end);
  }

  lineOf(at: At): number {
    return this.place(at).line;
  }

  /**
   * Where a piece of a text value stands: `offset` counts within the value. Escapes and folded lines
   * move it, so the piece is looked up in the source, and the whole value pointed at when it is not there.
   */
  within(
    at: At,
    { value, offset, length }: { readonly value: string; readonly offset: number; readonly length: number },
  ): At {
    const piece = value.slice(offset, offset + length);
    const source = this.#source.text.slice(at.start, at.end);
    let found = -1;
    for (let seen = value.indexOf(piece); seen >= 0 && seen <= offset; seen = value.indexOf(piece, seen + 1)) {
      found = source.indexOf(piece, found + 1);
      if (found < 0) return at;
    }
    return { start: at.start + found, end: at.start + found + length };
  }
}
