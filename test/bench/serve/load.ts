// Load and a kill on a real server: 500 clients poll and 100 jobs wait on a real episode for a minute,
// then the server is killed, started again, and must end every job once. Only 127.0.0.1, and it stops
// by itself. Prints what it measured; exits with 1 when something does not hold. Run: npm run load
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { shared } from '../../support/shared.js';

const pollers = 500;
const jobs = 100;
const pollEveryMs = 1000;
const loadMs = 60_000;
/** After this the run is given up: jobs were lost. */
const limitMs = 20 * 60_000;

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'dist/src/cli/main.js');

interface Job {
  readonly job_id: string;
  readonly state: string;
  readonly runs: number;
  readonly error: string | null;
  readonly summary: { readonly stages: readonly { readonly stage: string; readonly outcome: string }[] } | null;
}

interface Poll {
  readonly ms: number;
  readonly status: number;
  readonly at: number;
}

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: pollers + 50 });
const faults: string[] = [];

async function main(): Promise<void> {
  const project = mkdtempSync(join(tmpdir(), 'sa-load-'));
  try {
    cpSync(join(root, 'pipeline.yaml'), join(project, 'pipeline.yaml'));
    mkdirSync(join(project, 'data/videos/clip'), { recursive: true });
    cpSync(shared('data/video/short_hamilton_clip.mp4'), join(project, 'data/videos/clip/episode.mp4'));
    await run(project);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
  for (const fault of faults) console.log(`FAULT ${fault}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

async function run(project: string): Promise<void> {
  let server = await start(project, 0);
  const ids = await postAll(server.url);
  check(new Set(ids).size === jobs, `${jobs} posts gave ${new Set(ids).size} jobs`);

  const ownDelay = monitorEventLoopDelay({ resolution: 5 });
  ownDelay.enable();
  const measured = await poll(server, ids, loadMs);
  ownDelay.disable();
  const good = measured.polls.filter(({ status }) => status === 200 || status === 304);
  check(good.length === measured.polls.length, `${measured.polls.length - good.length} polls failed`);
  const ms = good.map((one) => one.ms).sort((a, b) => a - b);
  const figures = { polls: ms.length, per_s: Math.round((ms.length / loadMs) * 1000), ...percentiles(ms) };
  console.log('polls during the load (ms, seen by the clients)', JSON.stringify(figures));
  // Clients and server share the machine: what the clients themselves waited for is no answer's fault.
  console.log("p99 delay of the clients' own event loop (ms)", Math.round(ownDelay.percentile(99) / 1e5) / 10);
  console.log('time in the server (s, from /metrics)', serverPercentiles(await text(`${server.url}/metrics`)));
  console.log('resident memory of the server (MB, every 10 s)', JSON.stringify(measured.megabytes));
  const [early = 0, late = 0] = [measured.megabytes.at(1), measured.megabytes.at(-1)];
  check(late < early * 1.25 + 20, `memory grew from ${early} to ${late} MB`);
  console.log('states before the kill', JSON.stringify(await states(server.url)));

  const port = Number(new URL(server.url).port);
  const gone = new Promise((done) => server.child.once('close', done));
  server.child.kill('SIGKILL');
  await gone;
  server = await start(project, port);
  console.log('states after kill -9 and start', JSON.stringify(await states(server.url)));
  await untilAllEnded(server.url);
  const all = await list(server.url);
  console.log('states in the end', JSON.stringify(countBy(all.map(({ state }) => state))));
  check(all.length === jobs, `${all.length} jobs are listed`);
  check(
    ids.every((id) => all.some(({ job_id, state }) => job_id === id && state === 'succeeded')),
    'a job was lost',
  );
  const built = all.flatMap(({ summary }) => summary?.stages.filter(({ outcome }) => outcome === 'built') ?? []);
  const counts = countBy(built.map(({ stage }) => stage));
  console.log('how often each stage was built, by the jobs that ended', JSON.stringify(counts));
  check((counts['detect'] ?? 0) <= 1 && (counts['cluster'] ?? 0) <= jobs, 'work was done twice');
  console.log('jobs that were started twice', all.filter(({ runs }) => runs > 1).length);
  const stopped = new Promise((done) => server.child.once('close', done));
  server.child.kill('SIGTERM');
  await stopped;
}

async function start(project: string, port: number): Promise<Server> {
  const child = spawn(process.execPath, [program, 'serve', '--port', String(port), '--json'], {
    cwd: project,
    env: { ...process.env, SA_MODELS: process.env['SA_MODELS'] ?? shared('models') },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  while (!out.includes('}')) {
    if (child.exitCode !== null) throw new Error(`sa serve ended with code ${child.exitCode}`);
    await delay(20);
  }
  return { child, url: (JSON.parse(out) as { url: string }).url };
}

/** The same episode with 100 thresholds: the first job detects and embeds, each of them clusters. */
async function postAll(url: string): Promise<string[]> {
  const posted = Array.from({ length: jobs }, async (_, at) => {
    const body = JSON.stringify({ ep_id: 'clip', cluster_thresh: 0.5 + at / 250 });
    const { status, said } = await ask(`${url}/jobs/episode-run`, { body });
    check(status === 202, `a post was answered ${status}: ${said}`);
    return (JSON.parse(said) as { job_id: string }).job_id;
  });
  return Promise.all(posted);
}

async function poll(
  server: Server,
  ids: readonly string[],
  forMs: number,
): Promise<{ readonly polls: readonly Poll[]; readonly megabytes: readonly number[] }> {
  const end = performance.now() + forMs;
  const polls: Poll[] = [];
  const megabytes: number[] = [];
  const onePoller = async (number: number): Promise<void> => {
    await delay((number / pollers) * pollEveryMs);
    let etag = '';
    while (performance.now() < end) {
      const at = performance.now();
      const { status, tag } = await ask(`${server.url}/jobs/${ids[number % ids.length]!}`, { etag });
      etag = tag;
      polls.push({ ms: performance.now() - at, status, at });
      await delay(Math.max(0, pollEveryMs - (performance.now() - at)));
    }
  };
  const memory = async (): Promise<void> => {
    while (performance.now() < end) {
      const [, kilobytes = '0'] =
        /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.child.pid!}/status`, 'utf8')) ?? [];
      megabytes.push(Math.round(Number(kilobytes) / 1024));
      await delay(10_000);
    }
  };
  await Promise.all([memory(), ...Array.from({ length: pollers }, (_, number) => onePoller(number))]);
  return { polls, megabytes };
}

async function untilAllEnded(url: string): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    const now = await states(url);
    if ((now['queued'] ?? 0) + (now['running'] ?? 0) === 0) return;
    if (performance.now() > end) {
      faults.push(`not all jobs ended: ${JSON.stringify(now)}`);
      return;
    }
    await delay(1000);
  }
}

async function list(url: string): Promise<readonly Job[]> {
  return (JSON.parse(await text(`${url}/jobs?limit=500`)) as { jobs: Job[] }).jobs;
}

async function states(url: string): Promise<Record<string, number>> {
  return countBy((await list(url)).map(({ state }) => state));
}

async function text(url: string): Promise<string> {
  return (await ask(url, {})).said;
}

function ask(
  url: string,
  { body, etag = '' }: { readonly body?: string; readonly etag?: string },
): Promise<{ readonly status: number; readonly said: string; readonly tag: string }> {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(etag === '' ? {} : { 'if-none-match': etag }),
  };
  return new Promise((done) => {
    const asking = request(url, { method: body === undefined ? 'GET' : 'POST', headers, agent }, (reply) => {
      let said = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (said += piece));
      reply.once('end', () => done({ status: reply.statusCode ?? 0, said, tag: reply.headers.etag ?? '' }));
    });
    asking.once('error', (error) => done({ status: 0, said: String(error), tag: '' }));
    asking.end(body);
  });
}

function percentiles(sorted: readonly number[]): Record<string, number> {
  const at = (part: number): number => Math.round((sorted[Math.floor(part * (sorted.length - 1))] ?? 0) * 10) / 10;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Shares of GET /jobs/{id} that were answered within each of the histogram's limits. */
function serverPercentiles(metrics: string): string {
  const rows = [
    ...metrics.matchAll(/^sa_http_request_seconds_bucket\{le="([^"]+)",route="\/jobs\/:job_id"\} (\d+)$/gm),
  ];
  const total = Number(rows.at(-1)?.[2] ?? 0);
  return rows.map(([, limit, count]) => `<=${limit!}: ${((100 * Number(count)) / total).toFixed(2)} %`).join(', ');
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function check(holds: boolean, fault: string): void {
  if (!holds) faults.push(fault);
}

await main();
