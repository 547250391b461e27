// What the server answers to requests that are wrong, forged or nosy, and how it hands out files.
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical-json.js';
import { checkValue, type ValueSchema } from '../../src/pipeline/value-schema.js';
import { keptWorkspace, testWorkspace, type World } from '../support/workspace.js';
import { commandProject, startServer, writeIn, type Ask, type Reply, type Server } from './server.js';

let world: World;
beforeAll(() => {
  world = keptWorkspace({
    ...commandProject('one'),
    'data/manifests/one/identities.json': JSON.stringify({
      identities: [
        { identity_id: 'id_0001', name: 'Ann', thumb_path: 'frames/one/thumbs/a.jpg' },
        { identity_id: 'id_0002', thumb_path: '../../outside.txt' },
      ],
    }),
    'data/frames/one/thumbs/a.jpg': 'a picture',
    'data/reports/one/index.html': '<!doctype html>report',
    'outside.txt': 'a secret',
  });
});

async function problemOf(server: Server, path: string, ask: Ask = {}): Promise<Record<string, unknown>> {
  const reply = await server.ask(path, ask);
  expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const problem = reply.json();
  expect(problem).toMatchObject({ type: 'about:blank', status: reply.status, instance: path.split('?')[0] });
  expect(reply.text).not.toMatch(/\.[jt]s:\d|node_modules|at \w+ \(/);
  return problem;
}

const post = (body: unknown): Ask => ({ method: 'POST', body });

test('each fault of a body is named with its place, and what would be right', async () => {
  const server = await startServer(world.root);
  const run = '/jobs/episode-run';
  expect(await problemOf(server, run, post({ ep_id: 'one', stride: 0, pause: [1], strid: 3 }))).toMatchObject({
    status: 422,
    title: 'Unprocessable Entity',
    errors: [
      {
        loc: ['body', 'stride'],
        msg: '"stride" takes a whole number of at least 1 or null, not 0',
        type: 'out-of-range',
      },
      { loc: ['body', 'pause'], type: 'wrong-type' },
      { loc: ['body', 'strid'], msg: 'unknown key "strid"; did you mean "stride"?', type: 'unknown-key' },
    ],
  });
  expect(await problemOf(server, run, post({ ep_id: 'one', profile: 'slo' }))).toMatchObject({
    errors: [{ loc: ['body', 'profile'], msg: 'there is no profile "slo"; did you mean "slow"?' }],
  });
  expect(await problemOf(server, run, post({ ep_id: 'one', device: 'coreml' }))).toMatchObject({
    status: 422,
    detail: expect.stringContaining('there is: cpu') as string,
    errors: [{ loc: ['body', 'device'], type: 'device-missing' }],
  });
  for (const ep_id of ['../one', 'One', '', '.', 'a/b', 'one\u0000', 7, null, 'x'.repeat(129)])
    expect(await problemOf(server, run, post({ ep_id }))).toMatchObject({
      status: 422,
      errors: [{ loc: ['body', 'ep_id'] }],
    });
  expect(await problemOf(server, run, post([]))).toMatchObject({ status: 422, errors: [{ loc: ['body'] }] });
  expect(await problemOf(server, run, post({}))).toMatchObject({ errors: [{ type: 'missing-key' }] });
  expect(await problemOf(server, run, post({ ep_id: 'none' }))).toMatchObject({ status: 404, code: 'unknown-episode' });
  const json = { 'content-type': 'application/json' };
  expect(await problemOf(server, run, { method: 'POST', raw: '{', headers: json })).toMatchObject({ status: 400 });
  const constructor = '{"ep_id":"one","__proto__":{"stride":4}}';
  expect(await problemOf(server, run, { method: 'POST', raw: constructor, headers: json })).toMatchObject({
    status: 422,
  });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  expect(await problemOf(server, run, { method: 'POST', raw: 'ep_id=one', headers: form })).toMatchObject({
    status: 415,
  });
  expect(await problemOf(server, run, post({ ep_id: 'x'.repeat(70_000) }))).toMatchObject({ status: 413 });
});

test('what is not there is 404, another method 405, a broken request 400 or 431', async () => {
  const server = await startServer(world.root);
  for (const path of [
    '/jobs/none',
    '/jobs/none/events',
    '/nothing',
    '/episodes/none',
    '/reports/none',
    '/jobs/..%2f..',
  ])
    expect(await problemOf(server, path)).toMatchObject({ status: 404 });
  const reply = await server.ask('/jobs', { method: 'DELETE' });
  expect([reply.status, reply.headers.allow]).toEqual([405, 'GET, HEAD']);
  expect(await problemOf(server, '/jobs?state=done')).toMatchObject({
    status: 422,
    errors: [{ loc: ['query', 'state'] }],
  });
  expect(await problemOf(server, '/jobs?limit=0')).toMatchObject({ status: 422 });
  expect(await problemOf(server, '/%zz')).toMatchObject({ status: 400 });
  expect((await server.ask('/jobs', { headers: { 'x-long': 'x'.repeat(20_000) } })).status).toBe(431);
  expect(await rawAnswer(server, 'NONSENSE\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*"detail"/s);
});

test('a page elsewhere cannot reach it: neither by a name of its own nor from its origin', async () => {
  const server = await startServer(world.root, ['--allow-host', 'studio.example']);
  const { port } = new URL(server.url);
  const as = async (headers: Record<string, string>): Promise<number> =>
    (await server.ask('/jobs', { headers })).status;
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]', 'studio.example', 'STUDIO.example:80'])
    expect([host, await as({ host })]).toEqual([host, 200]);
  for (const host of ['evil.example', `localhost.evil.example:${port}`, 'x@localhost', 'localhost/'])
    expect([host, await as({ host })]).toEqual([host, 403]);
  expect(await as({ origin: server.url })).toBe(200);
  for (const origin of ['http://evil.example', 'null', `http://localhost:1`]) expect(await as({ origin })).toBe(403);
});

test('with a token only those who have it are answered; beyond loopback it is needed', async () => {
  const secret = 'correct-horse-battery';
  writeIn(world.root, 'token', `${secret}\n`);
  const server = await startServer(world.root, ['--token-file', 'token', '--host', '0.0.0.0']);
  const status = async (authorization: string): Promise<number> =>
    (await server.ask('/jobs', { headers: { authorization } })).status;
  expect(await status(`Bearer ${secret}`)).toBe(200);
  expect(await status(`Basic ${Buffer.from(`me:${secret}`).toString('base64')}`)).toBe(200);
  for (const wrong of ['', 'Bearer', `Bearer ${secret}x`, `Bearer ${secret.slice(1)}`, secret])
    expect(await status(wrong)).toBe(401);
  const refused = await server.ask('/jobs/episode-run', post({ ep_id: 'one' }));
  expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer realm="sa", Basic realm="sa"']);
  expect((await server.ask('/healthz')).status).toBe(200);
  await server.end('SIGTERM');
  await expect(startServer(world.root, ['--host', '0.0.0.0'])).rejects.toThrow('token-needed');
  writeIn(world.root, 'short', 'abc');
  await expect(startServer(world.root, ['--token-file', 'short'])).rejects.toThrow('bad-token');
});

test('too many requests from one client are told to wait', async () => {
  const server = await startServer(world.root, ['--max-rate', '1']);
  const replies = await Promise.all(Array.from({ length: 20 }, () => server.ask('/healthz')));
  const refused = replies.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.headers['retry-after']).toBe('1');
  expect(refused[0]?.json()).toMatchObject({ status: 429, code: 'too-many-requests' });
});

test('nothing outside the data root is read, whatever links lie in it', async () => {
  const own = testWorkspace({ ...commandProject('one', 'linked', 'folder'), 'outside/a.mp4': 'a secret' });
  const at = (path: string): string => join(own.root, path);
  rmSync(at('data/videos/linked/episode.mp4'));
  symlinkSync(at('outside/a.mp4'), at('data/videos/linked/episode.mp4'));
  mkdirSync(at('data/reports'));
  symlinkSync(at('outside'), at('data/reports/folder'));
  mkdirSync(at('data/frames/one/thumbs'), { recursive: true });
  symlinkSync(at('outside/a.mp4'), at('data/frames/one/thumbs/a.jpg'));
  const server = await startServer(own.root);
  for (const path of [
    '/episodes/linked/video',
    '/reports/folder/',
    '/episodes/one/thumbs/a.jpg',
    '/episodes/one/thumbs/..%2fa.jpg',
  ])
    expect(await problemOf(server, path)).toMatchObject({ status: 404 });
  const refused = async (body: Json): Promise<unknown> =>
    (await problemOf(server, '/jobs/episode-run', post(body)))['errors'];
  expect(await refused({ ep_id: 'linked' })).toMatchObject([{ loc: ['body', 'ep_id'], type: 'path-not-allowed' }]);
  expect(await refused({ ep_id: 'folder' })).toMatchObject([{ loc: ['body', 'ep_id'], type: 'path-not-allowed' }]);
  for (const video_path of [
    at('outside/a.mp4'),
    '../outside/a.mp4',
    '/etc/passwd',
    '/nothing',
    'videos/linked/episode.mp4',
  ])
    expect(await refused({ ep_id: 'new', video_path })).toMatchObject([
      { loc: ['body', 'video_path'], msg: expect.stringContaining('--allow-videos') as string },
    ]);
  await server.end('SIGTERM');
  const allowing = await startServer(own.root, ['--allow-videos', 'outside']);
  const ask = post({ ep_id: 'one', video_path: at('outside/a.mp4') });
  expect(await problemOf(allowing, '/jobs/episode-run', ask)).toMatchObject({ status: 409, code: 'episode-exists' });
  expect((await allowing.ask('/episodes/linked/video')).text).toBe('a secret');
  const job = await allowing.ended(await allowing.post({ ep_id: 'new', video_path: at('outside/a.mp4') }));
  expect([job.state, job.error]).toMatchObject(['failed', expect.stringContaining('is no video that ffmpeg can read')]);
});

test('videos are served in ranges, thumbs for ever under their digest, reports as pages of nowhere', async () => {
  const server = await startServer(world.root);
  const part = await server.ask('/episodes/one/video', { headers: { range: 'bytes=6-7' } });
  expect([part.status, part.text, part.headers['content-range']]).toEqual([206, 'of', 'bytes 6-7/12']);
  const whole = await server.ask('/episodes/one/video');
  expect([whole.status, whole.text, whole.headers['accept-ranges']]).toEqual([200, 'video of one', 'bytes']);
  expect(await problemOf(server, '/episodes/one/video', { headers: { range: 'bytes=99-' } })).toMatchObject({
    status: 416,
  });
  const episode = (await server.ask('/episodes/one')).json<{ identities: { thumb_url: string | null }[] }>();
  expect(episode.identities).toMatchObject([{ identity_id: 'id_0001', name: 'Ann' }, { thumb_url: null }]);
  const url = episode.identities[0]!.thumb_url!;
  const thumb = await server.ask(url);
  expect([thumb.text, thumb.headers['cache-control']]).toEqual(['a picture', 'private, max-age=31536000, immutable']);
  writeFileSync(join(world.root, 'data/frames/one/thumbs/a.jpg'), 'another picture');
  expect((await server.ask(url)).status).toBe(404);
  expect((await server.ask(url.split('?')[0]!)).headers['cache-control']).toBe('private, no-cache');
  const report = await server.ask('/reports/one');
  expect([report.text, report.headers['content-type']]).toEqual(['<!doctype html>report', 'text/html; charset=utf-8']);
  expect(report.headers['content-security-policy']).toMatch(/^sandbox allow-scripts/);
});

test('the OpenAPI document tells every route, with the schemas that answers fit', async () => {
  const server = await startServer(world.root);
  const id = await server.post({ ep_id: 'one' });
  await server.ended(id);
  const { openapi, paths, components } = (await server.ask('/openapi.json')).json<{
    openapi: string;
    paths: Record<
      string,
      Record<string, { responses: Record<string, { content?: Record<string, { schema: { $ref?: string } }> }> }>
    >;
    components: { schemas: Record<string, ValueSchema> };
  }>();
  expect(openapi).toBe('3.1.0');
  const run = components.schemas['EpisodeRun']!;
  expect(Object.keys(run.properties!)).toEqual(
    expect.arrayContaining(['ep_id', 'video_path', 'profile', 'device', 'stride', 'pause', 'reuse_detections']),
  );
  for (const [path, methods] of Object.entries(paths)) {
    const operation = methods['get'];
    if (operation === undefined || path.endsWith('/events')) continue;
    const name = 'a.jpg';
    const reply = await server.ask(path.replace('{job_id}', id).replace('{ep_id}', 'one').replace('{name}', name));
    expect([path, reply.status]).toEqual([path, 200]);
    const reference = operation.responses['200']?.content?.['application/json']?.schema.$ref;
    if (reference !== undefined) expect(misfits(components.schemas[reference.split('/').at(-1)!]!, reply)).toEqual([]);
  }
  const docs = await server.ask('/docs');
  expect(docs.text).toContain('<code>POST /jobs/episode-run</code>');
  expect(docs.text).not.toMatch(/<script|https?:\/\//);
  expect((await server.ask('/')).text).toContain(`<a href="/reports/one/">report</a>`);
  expect((await server.ask('/metrics')).text).toMatch(
    /sa_http_requests_total\{method="GET",route="\/jobs\/:job_id",status="200"\} \d/,
  );
});

test('a pipeline.yaml that was broken meanwhile is told, and mending it is enough', async () => {
  const own = testWorkspace(commandProject('one'));
  const server = await startServer(own.root);
  const good = own.read('pipeline.yaml');
  own.write({ 'pipeline.yaml': good.replace('stride: 1', 'stride: 0') });
  const problem = await problemOf(server, '/jobs/episode-run', post({ ep_id: 'one' }));
  expect(problem).toMatchObject({ status: 503, detail: expect.stringContaining('"stride" takes') as string });
  own.write({ 'pipeline.yaml': good });
  expect((await server.ended(await server.post({ ep_id: 'one' }))).state).toBe('succeeded');
});

function misfits(schema: ValueSchema, reply: Reply): string[] {
  const found: string[] = [];
  checkValue(schema, reply.json<Json & Record<string, Json>>(), (path, _at, make) =>
    found.push(`${path.join('.')}: ${make().message}`),
  );
  return found;
}

function rawAnswer(server: Server, text: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((done, failed) => {
    let said = '';
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.on('data', (data) => (said += data.toString()));
    socket.once('error', failed);
    socket.once('close', () => done(said));
  });
}
