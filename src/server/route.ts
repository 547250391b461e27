// What a route is: its place, its schemas and its answer, free of any HTTP library. The same schemas
// check requests, fill /openapi.json and are shown by /docs.
import type { IncomingHttpHeaders } from 'node:http';
import type { Json } from '../base/canonical-json.js';
import { checkValue, type ValueSchema } from '../pipeline/value-schema.js';
import { invalidRequest, type RequestFault } from './http-problem.js';

/** A request as a handler sees it, checked against the route's schemas. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, Json>>;
  readonly body: Json | undefined;
  readonly headers: IncomingHttpHeaders;
  /** Aborts when the client has gone, or the server is about to. */
  readonly signal: AbortSignal;
}

type Headers = Readonly<Record<string, string>>;

export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly json: unknown; readonly headers?: Headers }
  | {
      readonly kind: 'text';
      readonly status: number;
      readonly text: string;
      readonly type: string;
      readonly headers?: Headers;
    }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Headers }
  | { readonly kind: 'events'; readonly events: AsyncIterable<string> }
  /** A file that lies where it may be read; ranges and conditions are seen to by the server. */
  | { readonly kind: 'file'; readonly absolute: string; readonly headers?: Headers };

export interface ObjectSchema extends ValueSchema {
  readonly properties: Readonly<Record<string, ValueSchema>>;
}

export interface RouteResponse {
  readonly description: string;
  /** Name of a schema in the OpenAPI document's components. */
  readonly schema?: string;
  readonly type?: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** With `{name}` for parameters, as OpenAPI writes it. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly params?: ObjectSchema;
  readonly query?: ObjectSchema;
  /** Request headers that change the answer: name and meaning. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Name of the body's schema in the components; the handler checks it, as it depends on pipeline.yaml. */
  readonly body?: string;
  readonly responses: Readonly<Record<number, RouteResponse>>;
  /** May be asked without a token: it tells nothing of the project. */
  readonly open?: boolean;
  handle(asked: Asked): Answer | Promise<Answer>;
}

/** Checks one part of a request. Throws HttpProblem 422 with every fault. */
export function checkPart(part: 'body' | 'query' | 'path' | 'header', schema: ValueSchema, value: Json): void {
  const faults = faultsIn(part, schema, value);
  if (faults.length > 0) throw invalidRequest(faults);
}

/** Every way in which a part of a request does not fit its schema. */
export function faultsIn(part: string, schema: ValueSchema, value: Json): RequestFault[] {
  const faults: RequestFault[] = [];
  checkValue(schema, value, (path, _at, make) => {
    if (faults.length >= faultsMax) return;
    const { code, message, hint } = make();
    const about = path.length === 0 ? message.replace('the file', `the ${part}`) : message;
    faults.push({ loc: [part, ...path], msg: hint === undefined ? about : `${about}; ${hint}`, type: code });
  });
  return faults;
}

const faultsMax = 50;

/** Query values come as text: those that are declared as whole numbers are read as such. */
export function readQuery(
  schema: ObjectSchema | undefined,
  given: Readonly<Record<string, unknown>>,
): Record<string, Json> {
  const read = new Map<string, Json>();
  for (const [name, value] of Object.entries(given)) {
    const declared =
      schema !== undefined && Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    const whole = declared?.type === 'integer' && typeof value === 'string' && /^-?\d{1,9}$/.test(value);
    read.set(name, whole ? Number(value) : (value as Json));
  }
  return Object.fromEntries(read);
}
