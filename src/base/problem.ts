// What is wrong in a user's files or words, and how it is shown. A problem is data: readers
// gather all of them and throw one ProblemError a phase. Nothing here reads a file.

/** A place in a text file. Line and column count from 1, as editors do. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The source line itself, without its line end, for the caret to stand under. */
  readonly sourceLine: string;
  /** How many columns the caret underlines; at least 1. */
  readonly length: number;
  /** How many columns were cut from the front of a very long sourceLine, which then starts with an ellipsis. */
  readonly cut?: number;
}

/** One fault, in words that say what was found and what would be right. */
export interface Problem {
  /** A stable word for programs, e.g. `unknown-param`. */
  readonly code: string;
  readonly message: string;
  readonly place?: Place | undefined;
  /** What to do about it: the nearest name, the allowed range, the command to type. */
  readonly hint?: string | undefined;
}

/** Thrown once a phase with every problem found in it. The command line turns it into exit code 2. */
export class ProblemError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[], options?: ErrorOptions) {
    super(problems.map(formatProblem).join('\n'), options);
    this.name = 'ProblemError';
    this.problems = problems;
  }
}

/** A ProblemError with a single problem that has no place in a file. */
export function problem(code: string, message: string, hint?: string, cause?: unknown): ProblemError {
  return new ProblemError([{ code, message, hint }], cause === undefined ? undefined : { cause });
}

/** The lines a person reads: place, code, message, source line, caret, hint. */
export function formatProblem({ code, message, place, hint }: Problem): string {
  const lines = [`${place ? `${place.file}:${place.line}:${place.column} ` : ''}${code}: ${message}`];
  if (place) {
    const indent = ' '.repeat(4);
    lines.push(indent + place.sourceLine.replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ')); // tabs, and what could steer a terminal
    lines.push(indent + ' '.repeat(place.column - 1 - (place.cut ?? 0)) + '~'.repeat(Math.max(1, place.length)));
  }
  if (hint !== undefined) lines.push(`    ${hint}`);
  return lines.join('\n');
}
