// What the build's thread and its workers say to each other, and errors on their way between them:
// a thread boundary keeps an error's text and loses its class and its problems.
import { ProblemError, type Problem } from '../base/problem.js';
import type { RunResult } from '../engine/job.js';
import type { MediaTools } from '../media/tools.js';
import type { ChunkOrder, ModelOrder, ModelRole } from './chunk-work.js';

/** `member` is a chunk's place among those that run together. */
export type ToWorker =
  | { readonly kind: 'run'; readonly orders: readonly ChunkOrder[]; readonly tools: MediaTools | undefined }
  | { readonly kind: 'stop'; readonly member: number; readonly reason: PlainError }
  | { readonly kind: 'model'; readonly member: number; readonly order: ModelOrder }
  | { readonly kind: 'no-model'; readonly member: number; readonly error: PlainError };

export type FromWorker =
  | { readonly kind: 'progress'; readonly member: number; readonly done: number; readonly total: number }
  | { readonly kind: 'model'; readonly member: number; readonly role: ModelRole }
  | { readonly kind: 'done'; readonly results: readonly PlainResult[] };

export type PlainResult = { readonly result: RunResult } | { readonly error: PlainError };

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
