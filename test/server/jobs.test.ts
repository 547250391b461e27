// Jobs of a real server with real builds: taken in, run in turn, canceled, and gone on with after the
// server was killed.
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runs, until } from '../support/cli.js';
import { testWorkspace } from '../support/workspace.js';
import { commandProject, startServer, type Job, type Server } from './server.js';

interface Page {
  readonly jobs: readonly Job[];
  readonly count: number;
  readonly next: string | null;
}

async function whenRunning(server: Server, id: string, action: string): Promise<void> {
  for (;;) {
    const { text } = await server.ask(`/jobs/${id}/progress`);
    if (text.includes(`"action":"${action}"`)) return;
    await delay(10);
  }
}

test('a job is taken in, runs, and has the fields of the Python engine', async () => {
  const world = testWorkspace(commandProject('one'));
  const server = await startServer(world.root);
  const accepted = await server.ask('/jobs/episode-run', { method: 'POST', body: { ep_id: 'one' } });
  expect(accepted.status).toBe(202);
  const { job_id, ...rest } = accepted.json<{ job_id: string }>();
  expect(rest).toEqual({ status: 'running' });
  expect(accepted.headers).toMatchObject({ location: `/jobs/${job_id}`, 'retry-after': '1' });
  const job = await server.ended(job_id);
  expect(job).toMatchObject({ job_id, job_type: 'episode_run', ep_id: 'one', state: 'succeeded', error: null });
  expect(job.summary).toMatchObject({ episode_id: 'one', success: true, identities_count: 0, error: null });
  expect(world.read('data/manifests/one/second.txt')).toBe('video of one');
  expect((await world.sa('verify', 'one')).code).toBe(0);
});

test('a failing build is a failed job that says which action failed and why', async () => {
  const files = commandProject('one');
  const world = testWorkspace({
    ...files,
    'pipeline.yaml': files['pipeline.yaml']!.replace('sleep', 'echo no >&2; exit 3;'),
  });
  const server = await startServer(world.root);
  const job = await server.ended(await server.post({ ep_id: 'one' }));
  expect(job.state).toBe('failed');
  expect(job.error).toBe('second@one: command failed: exit code 3\nno');
  expect(job.summary?.success).toBe(false);
});

test('explicit values win over the profile, which wins over the params', async () => {
  const world = testWorkspace(commandProject('one', 'two'));
  const server = await startServer(world.root);
  const pauses = async (body: Record<string, unknown>): Promise<number> => {
    await server.ended(await server.post(body));
    const plan = await world.sa('plan', String(body['ep_id']), '--pause', '0', '--json');
    const { actions } = JSON.parse(plan.out) as { actions: { reasons: { old: number }[] }[] };
    return actions[1]?.reasons[0]?.old ?? 0;
  };
  expect(await pauses({ ep_id: 'one', profile: 'slow' })).toBe(1);
  expect(await pauses({ ep_id: 'one', profile: 'slow', pause: 0.1 })).toBe(0.1);
  expect(await pauses({ ep_id: 'two', profile: null })).toBe(0);
});

test('a poller is told only what is new, and a list is read page by page', async () => {
  const world = testWorkspace(commandProject('one', 'two'));
  const server = await startServer(world.root);
  const ids: string[] = [];
  for (const ep_id of ['one', 'two', 'one']) ids.push(await server.post({ ep_id }));
  for (const id of ids) await server.ended(id);
  const first = await server.ask(`/jobs/${ids[0]!}`);
  const etag = first.headers.etag!;
  const again = await server.ask(`/jobs/${ids[0]!}`, { headers: { 'if-none-match': `"other", ${etag}` } });
  expect([again.status, again.text]).toEqual([304, '']);
  const page = (await server.ask('/jobs?limit=2')).json<Page>();
  expect(page.jobs.map(({ job_id }) => job_id)).toEqual([ids[2], ids[1]]);
  expect(page.count).toBe(2);
  const last = (await server.ask(`/jobs?limit=2&cursor=${page.next!}`)).json<Page>();
  expect([last.jobs.map(({ job_id }) => job_id), last.next]).toEqual([[ids[0]], null]);
  const ofTwo = (await server.ask('/jobs?ep_id=two&state=succeeded&job_type=episode_run')).json<Page>();
  expect(ofTwo.jobs.map(({ job_id }) => job_id)).toEqual([ids[1]]);
});

test('one key is one job, and another body under it is refused', async () => {
  const world = testWorkspace(commandProject('one'));
  const server = await startServer(world.root);
  const key = { 'idempotency-key': 'form-1' };
  const ids = await Promise.all([1, 2, 3].map(() => server.post({ ep_id: 'one', pause: 0 }, key)));
  expect(new Set(ids).size).toBe(1);
  await server.ended(ids[0]!);
  expect(await server.post({ pause: 0, ep_id: 'one' }, key)).toBe(ids[0]);
  const other = await server.ask('/jobs/episode-run', {
    method: 'POST',
    body: { ep_id: 'one', pause: 1 },
    headers: key,
  });
  expect(other.status).toBe(422);
  expect(other.json()).toMatchObject({ errors: [{ loc: ['header', 'idempotency-key'], type: 'key-reused' }] });
  expect(await server.post({ ep_id: 'one' })).not.toBe(ids[0]);
});

test('jobs of one episode follow each other, and never more run than --max-jobs', async () => {
  const world = testWorkspace(commandProject('one', 'two', 'three'));
  const server = await startServer(world.root, ['--max-jobs', '2']);
  const ids: string[] = [];
  for (const ep_id of ['one', 'one', 'two', 'three']) ids.push(await server.post({ ep_id, pause: 0.3 }));
  const seen: string[] = [];
  for (;;) {
    const { jobs } = (await server.ask('/jobs')).json<Page>();
    const running = jobs.filter(({ state }) => state === 'running').map(({ ep_id }) => ep_id);
    expect(running.length).toBeLessThanOrEqual(2);
    expect(new Set(running).size).toBe(running.length);
    seen.push(...running);
    if (jobs.every(({ state }) => state === 'succeeded')) break;
    await delay(20);
  }
  const [first, second] = await Promise.all([server.job(ids[0]!), server.job(ids[1]!)]);
  expect(second.started_at! >= first.ended_at!).toBe(true);
  expect(second.summary?.stages.map(({ outcome }) => outcome)).toEqual(['fresh', 'fresh']);
  expect(new Set(seen)).toEqual(new Set(['one', 'two', 'three']));
});

test('a canceled job ends its command, a waiting one never starts', async () => {
  const world = testWorkspace(commandProject('one', 'two'));
  const server = await startServer(world.root);
  const running = await server.post({ ep_id: 'one', pause: 60 });
  const waiting = await server.post({ ep_id: 'two' });
  await until(() => world.read('ran.log').includes('one second'));
  const pids = groupsBelow(server.child.pid!);
  expect(pids.length).toBeGreaterThan(1);
  const first = await server.ask(`/jobs/${waiting}/cancel`, { method: 'POST' });
  expect([first.status, first.json<Job>().state]).toEqual([200, 'canceled']);
  const second = await server.ask(`/jobs/${running}/cancel`, { method: 'POST' });
  expect([second.status, second.json()]).toMatchObject([202, { state: 'running', cancel_requested: true }]);
  expect(await server.ended(running)).toMatchObject({ state: 'canceled', summary: null, error: null });
  expect(pids.filter(runs)).toEqual([]);
  expect((await server.ask(`/jobs/${running}/cancel`, { method: 'POST' })).status).toBe(200);
  expect(world.read('ran.log')).toBe('one first\none second\n');
  const done = await server.post({ ep_id: 'two' });
  await server.ended(done);
  expect((await server.ask(`/jobs/${done}/cancel`, { method: 'POST' })).status).toBe(409);
});

test('after kill -9 every job ends: the running one goes on where it was, the waiting ones run', async () => {
  const world = testWorkspace(commandProject('one', 'two', 'three'));
  const killed = await startServer(world.root);
  const one = await killed.post({ ep_id: 'one', pause: 1 }, { 'idempotency-key': 'k' });
  const two = await killed.post({ ep_id: 'two' });
  const three = await killed.post({ ep_id: 'three' });
  await killed.ask(`/jobs/${three}/cancel`, { method: 'POST' });
  await until(() => world.read('ran.log').includes('one second'));
  const pids = groupsBelow(killed.child.pid!);
  const before = await killed.job(one);
  await killed.end('SIGKILL');

  const server = await startServer(world.root);
  const [first, second] = [await server.ended(one), await server.ended(two)];
  expect(pids.filter(runs)).toEqual([]);
  expect([first.state, second.state, (await server.job(three)).state]).toEqual(['succeeded', 'succeeded', 'canceled']);
  expect(first).toMatchObject({ runs: 2, started_at: before.started_at });
  expect(first.summary?.stages.map(({ outcome }) => outcome)).toEqual(['fresh', 'built']);
  expect(world.read('ran.log').split('\n').sort().join(' ').trim()).toBe(
    'one first one second one second two first two second',
  );
  expect(await server.post({ ep_id: 'one', pause: 1 }, { 'idempotency-key': 'k' })).toBe(one);
  const events = await server.ask(`/jobs/${one}/events`);
  const ids = [...events.text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
  expect(events.text.match(/"state":"running"/g)?.length).toBe(2);
});

test('a server that is told to stop answers to the end, takes nothing more, and loses nothing', async () => {
  const files = commandProject('one', 'two');
  const stubborn = files['pipeline.yaml']!.replace('sleep', "trap '' TERM; sleep");
  const world = testWorkspace({ ...files, 'pipeline.yaml': stubborn });
  const server = await startServer(world.root);
  const one = await server.post({ ep_id: 'one', pause: 1 });
  await whenRunning(server, one, 'second@one');
  const listening = server.ask(`/jobs/${one}/events`);
  const gone = server.end('SIGTERM');
  while ((await server.ask('/readyz')).status !== 503) await delay(5);
  const refused = await server.ask('/jobs/episode-run', { method: 'POST', body: { ep_id: 'two' } });
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
  expect((await server.ask('/healthz')).status).toBe(200);
  expect((await server.job(one)).state).toBe('running');
  expect(await gone).toBe(0);
  expect((await listening).text).not.toContain('event: end');
  const next = await startServer(world.root);
  expect(await next.ended(one)).toMatchObject({ state: 'succeeded', runs: 2 });
});

test('two servers never share a project', async () => {
  const world = testWorkspace(commandProject('one'));
  await startServer(world.root);
  await expect(startServer(world.root)).rejects.toThrow('already-served: another sa serve runs for this project');
});

test('events are numbered, replayed after Last-Event-ID, and end with the job', async () => {
  const world = testWorkspace(commandProject('one'));
  const server = await startServer(world.root);
  const id = await server.post({ ep_id: 'one', pause: 0.2 });
  const live = await server.ask(`/jobs/${id}/events`);
  expect(live.headers['content-type']).toBe('text/event-stream');
  const names = [...live.text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
  expect(names.filter((name) => name !== 'progress')).toEqual(
    ['state', 'state', 'started', 'finished', 'started', 'finished', 'end'], // prettier-ignore
  );
  const late = await server.ask(`/jobs/${id}/events`, { headers: { 'last-event-id': '4' } });
  expect(late.text.replace('retry: 2000\n\n', '')).toBe(live.text.slice(live.text.indexOf('id: 5\n')));
  expect((await server.ask(`/jobs/${id}/events`, { headers: { 'last-event-id': 'x' } })).status).toBe(422);
});

test('more waiting jobs than --max-queued are refused with Retry-After', async () => {
  const world = testWorkspace(commandProject('one', 'two', 'three'));
  const server = await startServer(world.root, ['--max-queued', '1']);
  await server.post({ ep_id: 'one', pause: 5 });
  await server.post({ ep_id: 'two' });
  const refused = await server.ask('/jobs/episode-run', { method: 'POST', body: { ep_id: 'three' } });
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '30']);
  expect(refused.json()).toMatchObject({ code: 'queue-full' });
});

/** The processes that the server started and those that they started, without the server. */
function groupsBelow(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
  return children.flatMap((child) => [child, ...groupsBelow(child)]);
}
