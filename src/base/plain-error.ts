// Errors on their way between threads: the boundary keeps an error's text and loses its class and its problems.
import { ProblemError, type Problem } from './problem.js';

/** An error as plain data. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** A file system's word, such as ENOSPC. */
  readonly code: string | undefined;
  readonly problems: readonly Problem[] | undefined;
  readonly cause: PlainError | undefined;
}

export function plainError(error: unknown): PlainError {
  if (!(error instanceof Error))
    return {
      name: 'Error',
      message: String(error),
      stack: undefined,
      code: undefined,
      problems: undefined,
      cause: undefined,
    };
  const { code } = error as NodeJS.ErrnoException;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: typeof code === 'string' ? code : undefined,
    problems: error instanceof ProblemError ? error.problems : undefined,
    cause: error.cause === undefined ? undefined : plainError(error.cause),
  };
}

/** The error again, of its own class where it is one that people are shown. */
export function errorFrom({ name, message, stack, code, problems, cause }: PlainError): Error {
  const options = cause === undefined ? undefined : { cause: errorFrom(cause) };
  const error = problems === undefined ? new Error(message, options) : new ProblemError(problems, options);
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
