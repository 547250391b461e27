// Requests made from the server's own OpenAPI document, right, wrong and hostile: none is answered
// with 5xx or a stack, and nothing that lies outside the data root ever comes in or out.
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ValueSchema } from '../../src/pipeline/value-schema.js';
import { keptWorkspace } from '../support/workspace.js';
import { commandProject, send, startServer, type Ask } from '../server/server.js';

const canary = 'canary-7b1d';
const requests = 3000;

interface OpenApi {
  readonly paths: Record<
    string,
    Record<
      string,
      { readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: ValueSchema }[] }
    >
  >;
  readonly components: { readonly schemas: Record<string, ValueSchema> };
}

interface Tried {
  readonly path: string;
  readonly ask: Ask;
}

const hostilePaths = [
  '..', '../..', '..%2f..%2foutside.txt', '%2e%2e%2f', '....//', '/etc/passwd', '%00', 'a%00b', '\\..\\..', 'linked', 'out',
  'a.jpg', 'secret.jpg', '__proto__', 'constructor', '~', '%', '%zz', '%ff', '-'.repeat(300), '%c3%a9', '%F0%9F%92%A9', '.', '', 'one/../../x',
]; // prettier-ignore

/** Values that a schema allows, and now and then any others. */
function valueOf(schema: ValueSchema, hostile: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 40, arbitrary: allowedBy(schema) },
    { weight: 1, arbitrary: fc.constantFrom(...hostile) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  );
}

function allowedBy(schema: ValueSchema): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(allowedBy));
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const { minimum: min = -1000, maximum: max = 10_000, maxItems: maxLength = 5, items = {} } = schema;
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? ['string' as const]);
  return fc.oneof(
    ...types.map((type): fc.Arbitrary<unknown> => {
      switch (type) {
        case 'string':
          return fc.oneof(fc.constantFrom('one', 'two', 'slow', 'a.jpg', 'auto'), fc.string({ maxLength: 20 }));
        case 'integer':
          return fc.integer({ min: Math.ceil(min), max: Math.floor(max) });
        case 'number':
          return fc.double({ min, max, noNaN: true });
        case 'boolean':
          return fc.boolean();
        case 'null':
          return fc.constant(null);
        case 'array':
          return fc.array(allowedBy(items), { maxLength });
        case 'object':
          return fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 4 });
      }
    }),
  );
}

function requestOf({ paths, components }: OpenApi, ended: string, hostile: readonly string[]): fc.Arbitrary<Tried> {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), ...operation })),
  );
  const run = components.schemas['EpisodeRun']!;
  const body = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record(
        Object.fromEntries(
          Object.entries(run.properties ?? {}).map(([name, schema]) => [name, valueOf(schema, hostile)]),
        ),
        { requiredKeys: ['ep_id'] },
      ),
    },
    {
      weight: 2,
      arbitrary: fc.record(
        {
          ep_id: fc.constantFrom('one', 'two', 'new', 'linked', 'out'),
          video_path: fc.constantFrom(null, ...hostile),
          pause: fc.constantFrom(0, null),
          stride: fc.integer({ min: 1, max: 9 }),
        },
        { requiredKeys: ['ep_id'] },
      ),
    },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  );
  const segment = fc.oneof(
    fc.constantFrom(ended, 'one', 'linked', 'out', 'a.jpg', 'secret.jpg'),
    fc.constantFrom(...hostilePaths),
    fc.string({ maxLength: 12 }).map(encodeURIComponent),
  );
  const headerText = fc.oneof(
    fc.constantFrom('*', '""', 'W/"a"', 'bytes=0-', 'bytes=5-1', 'bytes=-0,1-', '-1', '1e9'),
    fc.string({ maxLength: 30 }),
  );
  // The one route that starts something is asked most.
  const posts = operations.filter(({ path }) => path === '/jobs/episode-run');
  return fc.constantFrom(...operations, ...posts, ...posts, ...posts, ...posts).chain(({ path, method, parameters }) =>
    fc
      .record({
        segments: fc.array(segment, { minLength: 4, maxLength: 4 }),
        query: fc.dictionary(
          fc.oneof(fc.constantFrom('limit', 'cursor', 'state', 'ep_id', 'job_type', 'v'), fc.string({ maxLength: 6 })),
          fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('1', '-1', '500', '1e3', 'queued', ended)),
          { maxKeys: 3 },
        ),
        headers: fc.dictionary(
          fc.constantFrom(
            ...parameters.filter((one) => one.in === 'header').map(({ name }) => name.toLowerCase()),
            'range',
            'accept',
            'expect',
            'origin',
          ),
          headerText.map((text) => text.replace(/[^\x20-\x7e]/g, '?')),
          { maxKeys: 1 },
        ),
        body: fc.oneof(
          { weight: 8, arbitrary: body.map((value) => JSON.stringify(value)) },
          { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
        ),
        type: fc.constantFrom(
          'application/json',
          'application/json; charset=utf-8',
          'text/plain',
          'APPLICATION/JSON',
          'application/jsonx',
        ),
        method: fc.oneof(
          { weight: 9, arbitrary: fc.constant(method) },
          { weight: 1, arbitrary: fc.constantFrom('PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH') },
        ),
      })
      .map(({ segments, query, headers, body: text, type, method: asked }) => {
        let at = 0;
        const filled = path.replaceAll(/\{\w+\}/g, () => segments[at++]!);
        const search = new URLSearchParams(query).toString();
        const withBody = asked === 'POST' || asked === 'PUT' || asked === 'PATCH';
        return {
          path: search === '' ? filled : `${filled}?${search}`,
          ask: {
            method: asked,
            headers: withBody ? { ...headers, 'content-type': type } : headers,
            ...(withBody ? { raw: text } : {}),
          },
        };
      }),
  );
}

test('no request made from the OpenAPI document breaks the server or leads out of the data root', async () => {
  const world = keptWorkspace({
    ...commandProject('one', 'two'),
    'outside.txt': canary,
    'elsewhere/episode.mp4': canary,
    'data/reports/one/index.html': 'report',
    'data/frames/one/thumbs/a.jpg': 'thumb',
  });
  const at = (path: string): string => join(world.root, path);
  mkdirSync(at('data/videos/linked'));
  symlinkSync(at('elsewhere/episode.mp4'), at('data/videos/linked/episode.mp4'));
  symlinkSync(at('elsewhere'), at('data/videos/out'));
  symlinkSync(at('outside.txt'), at('data/frames/one/thumbs/secret.jpg'));
  const server = await startServer(world.root, ['--max-queued', '20']);
  const ended = await server.post({ ep_id: 'one' });
  await server.ended(ended);
  const document = (await server.ask('/openapi.json')).json<OpenApi>();
  const hostile = [
    ...hostilePaths,
    at('outside.txt'),
    '../outside.txt',
    '../elsewhere/episode.mp4',
    'videos/linked/episode.mp4',
    '/dev/zero',
    '/proc/self/environ',
  ];
  const seen = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(requestOf(document, ended, hostile), async ({ path, ask }) => {
      // An event stream of a waiting job would outlive the test.
      const reply = await Promise.race([send(server.url, { ...ask, path }), server.ended(ended).then(() => longer())]);
      if (reply === undefined) return;
      seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
      expect(reply.status === 503 ? 500 : reply.status).toBeLessThan(500);
      expect(reply.text).not.toContain(canary);
      expect(reply.text).not.toMatch(/node_modules|\.[jt]s:\d+/);
      if (reply.status >= 400 && ask.method !== 'HEAD')
        expect(JSON.parse(reply.text)).toMatchObject({ status: reply.status });
    }),
    { numRuns: requests, endOnFailure: true },
  );
  console.info(`answers by status: ${JSON.stringify(Object.fromEntries([...seen].sort(([a], [b]) => a - b)))}`);
  expect(seen.get(202) ?? 0).toBeGreaterThan(0);
  expect((await server.ask('/healthz')).status).toBe(200);
  expect(server.said()).not.toContain('internal error');
  for (const ep of readdirSync(at('data/videos')).filter((name) => !['linked', 'out'].includes(name)))
    for (const file of readdirSync(at(`data/videos/${ep}`)))
      expect(readFileSync(at(`data/videos/${ep}/${file}`), 'utf8')).not.toContain(canary);
});

test('bytes that are no HTTP are refused or cut, and the server goes on', async () => {
  const world = keptWorkspace(commandProject('one'));
  const server = await startServer(world.root);
  const { hostname, port } = new URL(server.url);
  const start = fc.constantFrom(
    '',
    'GET / HTTP/1.1\r\n',
    'POST /jobs/episode-run HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n',
    'GET /jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n',
  );
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 300 }), async (head, bytes) => {
      const said = await new Promise<string>((done) => {
        let answer = '';
        const socket = connect(Number(port), hostname, () => socket.end(Buffer.concat([Buffer.from(head), bytes])));
        socket.on('data', (data) => (answer += data.toString('latin1')));
        socket.on('error', () => undefined); // it may be cut while we write
        socket.once('close', () => done(answer));
        socket.setTimeout(3000, () => socket.destroy());
      });
      expect(said).not.toMatch(/^HTTP\/1\.1 5/);
      expect(said).not.toMatch(/node_modules|\.[jt]s:\d+/);
    }),
    { numRuns: 500, endOnFailure: true },
  );
  expect((await server.ask('/healthz')).status).toBe(200);
});

async function longer(): Promise<undefined> {
  await new Promise((done) => setTimeout(done, 2000));
  return undefined;
}
