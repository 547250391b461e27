// What an answer says when it is no success: RFC 9457 problem details with `detail`, which clients of
// FastAPI servers read too. It carries no stack and no text of an unexpected error.
import { STATUS_CODES } from 'node:http';
import type { ProblemError } from '../base/problem.js';

/** One fault of a request, where it stands and what it is; the shape that FastAPI has. */
export interface RequestFault {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  /** A stable word for programs, e.g. `out-of-range`. */
  readonly type: string;
}

export interface HttpProblemOptions {
  /** A stable word for programs, beside the status. */
  readonly code?: string;
  readonly errors?: readonly RequestFault[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by whoever handles a request; becomes an application/problem+json answer. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly options: HttpProblemOptions;

  constructor(status: number, detail: string, options: HttpProblemOptions = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.status = status;
    this.options = options;
  }
}

export const problemType = 'application/problem+json; charset=utf-8';

/** The document of the answer, as text. */
export function problemText({ status, message, options }: HttpProblem, instance: string): string {
  const { code, errors } = options;
  return JSON.stringify({
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    instance,
    ...(code === undefined ? {} : { code }),
    ...(errors === undefined ? {} : { errors }),
  });
}

/** 422 with every fault; `detail` says the first one for clients that show only that. */
export function invalidRequest(faults: readonly RequestFault[]): HttpProblem {
  const [first] = faults;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new HttpProblem(422, `${first?.msg ?? 'the request is not valid'}${more}`, {
    code: 'invalid-request',
    errors: faults,
  });
}

/** The faults of a value that the project's own rules refuse, found in the part `loc` of the request. */
export function faultsOf(
  error: ProblemError,
  loc: (code: string, message: string) => RequestFault['loc'],
): RequestFault[] {
  return error.problems.map(({ code, message, hint }) => ({
    loc: loc(code, message),
    msg: hint === undefined ? message : `${message}; ${hint}`,
    type: code,
  }));
}
