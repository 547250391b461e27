// The HTTP server under the routes: limits, guards, answers and what goes wrong. The only importer of
// fastify and its plugins. It knows no job and no episode.
import { setMaxListeners } from 'node:events';
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import { basename, dirname } from 'node:path';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import rateLimit from '@fastify/rate-limit';
import staticFiles from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { asDiskProblem } from '../disk/disk-problem.js';
import type { Json } from '../base/canonical-json.js';
import { ProblemError } from '../base/problem.js';
import { checkHostAndOrigin, checkToken, type GuardOptions } from './guards.js';
import { HttpProblem, problemText, problemType } from './http-problem.js';
import type { Metrics } from './metrics.js';
import { checkPart, readQuery, type Answer, type Route } from './route.js';

export interface HttpOptions extends GuardOptions {
  readonly routes: readonly Route[];
  readonly metrics: Metrics;
  /** Requests a second of one client; posts may be a hundredth of that, at least 20. */
  readonly maxRequestsPerSecond: number;
  readonly maxConnections: number;
  /** Aborts when open answers (event streams) must end. */
  readonly closing: AbortSignal;
  readonly log: (line: string) => void;
}

export interface HttpServer {
  /** Resolves with the port it listens on. */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  close(): Promise<void>;
}

const bodyBytesMax = 64 * 1024;
const headerBytesMax = 16 * 1024;
const closingMs = 1000;

/** What pages may do: nothing from elsewhere. */
const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'",
} as const;

export async function createHttpServer(options: HttpOptions): Promise<HttpServer> {
  const { routes, metrics, closing, log } = options;
  setMaxListeners(0, closing); // each answer under way listens
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: 30_000,
    keepAliveTimeout: 75_000,
    http: { maxHeaderSize: headerBytesMax, headersTimeout: 15_000 },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void sendProblem(reply, asHttpProblem(error, log), request.url),
    clientErrorHandler: refuseBrokenRequest,
  });
  app.server.maxConnections = options.maxConnections;
  app.server.on('checkExpectation', refuseExpectation);
  readJsonBodiesOnly(app);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(safeHeaders);
    try {
      checkHostAndOrigin(request.headers, options);
      if (!isOpen(request, routes)) checkToken(request.headers, options);
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const isStream = reply.getHeader('content-type') === 'text/event-stream';
    metrics.answered({
      method: request.method,
      route,
      status: reply.statusCode,
      seconds: isStream ? undefined : reply.elapsedTime / 1000,
    });
    done();
  });
  app.setErrorHandler((error, request, reply) => sendProblem(reply, asHttpProblem(error, log), request.url));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      new HttpProblem(404, 'there is nothing at this address; see /docs', { code: 'not-found' }),
      request.url,
    ),
  );
  await app.register(rateLimit, {
    max: options.maxRequestsPerSecond,
    timeWindow: 1000,
    cache: 5000,
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    addHeaders: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (_request, { ttl }) =>
      new HttpProblem(429, 'too many requests from one client', {
        code: 'too-many-requests',
        headers: { 'retry-after': String(Math.max(1, Math.ceil(ttl / 1000))) },
      }),
  });
  await app.register(staticFiles, { root: import.meta.dirname, serve: false });
  const postsPerSecond = Math.max(20, Math.floor(options.maxRequestsPerSecond / 100));
  for (const route of routes) {
    app.route({
      method: route.method,
      url: asPattern(route.path),
      exposeHeadRoute: route.method === 'GET' && !route.path.endsWith('/events'),
      config: route.method === 'POST' ? { rateLimit: { max: postsPerSecond, timeWindow: 1000 } } : {},
      handler: async (request, reply) => answer(route, request, reply, closing),
    });
  }
  refuseOtherMethods(app, routes);
  return {
    async listen({ host, port }) {
      await app.listen({ host, port, backlog: 1024 });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    async close() {
      // Answers that are under way get a moment to end well.
      const cut = setTimeout(() => app.server.closeAllConnections(), closingMs);
      await app.close();
      clearTimeout(cut);
    },
  };
}

async function answer(
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  closing: AbortSignal,
): Promise<FastifyReply> {
  const params = request.params as Record<string, string>;
  if (route.params) checkPath(route, params);
  const query = readQuery(route.query, request.query as Record<string, unknown>);
  if (route.query) checkPart('query', route.query, query);
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  reply.raw.once('close', leave);
  closing.addEventListener('abort', leave, { once: true });
  reply.raw.once('close', () => closing.removeEventListener('abort', leave));
  if (closing.aborted) leave();
  const { signal } = gone;
  // The only parser reads JSON; what the JSON says is checked by the route.
  const body = (request.body ?? undefined) as Json | undefined;
  return sendAnswer(reply, await route.handle({ params, query, body, headers: request.headers, signal }));
}

// What does not look like a name of ours names nothing.
function checkPath(route: Route, params: Record<string, string>): void {
  try {
    checkPart('path', route.params!, params);
  } catch (error) {
    if (error instanceof HttpProblem) throw new HttpProblem(404, error.message, { code: 'not-found' });
    throw error;
  }
}

function sendAnswer(reply: FastifyReply, given: Answer): FastifyReply {
  switch (given.kind) {
    case 'json':
      return reply
        .code(given.status)
        .headers({ ...given.headers })
        .type('application/json; charset=utf-8')
        .send(JSON.stringify(given.json));
    case 'text':
      return reply
        .code(given.status)
        .headers({ ...given.headers })
        .type(given.type)
        .send(given.text);
    case 'empty':
      return reply
        .code(given.status)
        .headers({ ...given.headers })
        .send();
    case 'events':
      return reply
        .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .header('content-type', 'text/event-stream')
        .send(Readable.from(given.events));
    case 'file':
      return reply
        .headers({ ...given.headers })
        .sendFile(basename(given.absolute), dirname(given.absolute), { cacheControl: false, dotfiles: 'allow' });
  }
}

function sendProblem(reply: FastifyReply, problem: HttpProblem, url: string): FastifyReply {
  return reply
    .code(problem.status)
    .headers({ ...safeHeaders, ...problem.options.headers })
    .type(problemType)
    .send(problemText(problem, url.split('?')[0] ?? ''));
}

// Nobody is told what an unexpected error says: it may hold paths, and it helps only us.
function asHttpProblem(error: unknown, log: (line: string) => void): HttpProblem {
  if (error instanceof HttpProblem) return error;
  const known = asDiskProblem(error);
  if (known instanceof ProblemError)
    return new HttpProblem(503, known.message, {
      code: known.problems[0]?.code ?? 'problem',
      headers: { 'retry-after': '10' },
    });
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message: string };
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return new HttpProblem(statusCode, refusalWords[statusCode] ?? message, {
      code: (code ?? 'refused').toLowerCase(),
    });
  log(`internal error: ${error instanceof Error ? (error.stack ?? message) : String(error)}`);
  return new HttpProblem(500, "internal error: a bug in sa; the server's log says more", { code: 'internal' });
}

const refusalWords: Readonly<Record<number, string>> = {
  413: `the body is larger than ${bodyBytesMax} bytes`,
  415: 'send the body as application/json',
  416: 'the range is not in the file',
};

function readJsonBodiesOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/json(?:;|$)/i, { parseAs: 'string' }, (_request, text, done) => {
    if (text.length === 0) {
      done(null, undefined);
      return;
    }
    try {
      done(null, JSON.parse(text as string));
    } catch (error) {
      const why = error instanceof Error ? error.message : '';
      done(new HttpProblem(400, `the body is no JSON: ${why}`, { code: 'bad-json' }));
    }
  });
}

// A path that is there, asked in a way that is not.
function refuseOtherMethods(app: FastifyInstance, routes: readonly Route[]): void {
  const paths = new Map<string, string[]>();
  for (const { path, method } of routes) {
    const allowed = method === 'GET' ? ['GET', 'HEAD'] : [method];
    paths.set(path, [...(paths.get(path) ?? []), ...allowed]);
  }
  for (const [path, allowed] of paths) {
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (method) => !allowed.includes(method) && !app.hasRoute({ method: method, url: asPattern(path) }),
    );
    app.route({
      method: others,
      url: asPattern(path),
      exposeHeadRoute: false,
      handler: () => {
        const message = `this address takes ${allowed.join(', ')}`;
        throw new HttpProblem(405, message, { code: 'method-not-allowed', headers: { allow: allowed.join(', ') } });
      },
    });
  }
}

// What is no HTTP, or too long a header, never becomes a request.
function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  const problem = new HttpProblem(status, 'this is no request that can be read', { code: 'bad-request' });
  const text = problemText(problem, '');
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
}

function refuseExpectation({ url = '' }: IncomingMessage, reply: ServerResponse): void {
  const problem = new HttpProblem(417, 'the Expect header takes 100-continue alone', { code: 'expectation' });
  reply.writeHead(problem.status, { 'content-type': problemType }).end(problemText(problem, url.split('?')[0] ?? ''));
}

function isOpen({ routeOptions }: FastifyRequest, routes: readonly Route[]): boolean {
  return routes.some(({ open, path }) => open === true && asPattern(path) === routeOptions.url);
}

/** `/jobs/{job_id}` as fastify writes it: `/jobs/:job_id`. */
function asPattern(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
