// Starts the built `sa serve` as a process of its own on a free port of 127.0.0.1, and asks it.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

const program = join(import.meta.dirname, '../../dist/src/cli/main.js');

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body read as JSON. */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- a test says what it expects, and checks it
  json<T = Record<string, unknown>>(): T;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string;
  /** Used as it is, where a URL would take dots away. */
  readonly path?: string;
}

export interface Job {
  readonly job_id: string;
  readonly ep_id: string;
  readonly state: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly error: string | null;
  readonly runs: number;
  readonly summary: {
    readonly success: boolean;
    readonly identities_count: number;
    readonly tracks_count: number;
    readonly faces_count: number;
    readonly detections_count: number;
    readonly stages: readonly { readonly stage: string; readonly outcome: string }[];
  } | null;
}

export interface Server {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it said on stderr so far. */
  said(): string;
  ask(path: string, ask?: Ask): Promise<Reply>;
  /** Posts an episode run; the id of the job. Fails on anything but 202. */
  post(body: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>): Promise<string>;
  job(id: string): Promise<Job>;
  /** Polls as the clients of the Python days did, until the job has ended. */
  ended(id: string): Promise<Job>;
  /** Ends the process and waits for that; resolves with its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

export async function startServer(
  root: string,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Server> {
  if (!existsSync(program)) throw new Error(`${program} is not there; build it with: npm run build`);
  const child = spawn(process.execPath, [program, 'serve', '--port', '0', '--json', ...words], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  child.stderr.on('data', (data: Buffer) => (err += data.toString()));
  const gone = new Promise<number | null>((done) => child.once('close', done));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  while (!out.includes('}')) {
    if (child.exitCode !== null) throw new Error(`sa serve ended: ${err}`);
    await delay(10);
  }
  const { url } = JSON.parse(out) as { url: string };
  const ask: Server['ask'] = (path, given) => send(url + path, given);
  const job: Server['job'] = async (id) => (await ask(`/jobs/${id}`)).json<Job>();
  return {
    url,
    child,
    said: () => err,
    ask,
    async post(body, headers = {}) {
      const reply = await ask('/jobs/episode-run', { method: 'POST', body, headers });
      if (reply.status !== 202) throw new Error(`${reply.status} ${reply.text}`);
      return reply.json<{ job_id: string }>().job_id;
    },
    job,
    async ended(id) {
      for (;;) {
        const now = await job(id);
        if (now.ended_at !== null) return now;
        await delay(20);
      }
    },
    async end(signal) {
      child.kill(signal);
      return gone;
    },
  };
}

/** One request, with headers as they are given: fetch would refuse a Host of one's own. */
export function send(url: string, { method = 'GET', headers = {}, body, raw, path }: Ask = {}): Promise<Reply> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
  return new Promise((done, failed) => {
    const asking = httpRequest(
      url,
      { method, headers: { ...type, ...headers }, agent: false, ...(path === undefined ? {} : { path }) },
      (reply) => {
        const pieces: Buffer[] = [];
        reply.on('data', (piece: Buffer) => pieces.push(piece));
        reply.once('error', failed);
        reply.once('end', () => {
          const said = Buffer.concat(pieces).toString();
          done({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            text: said,
            json: () => JSON.parse(said) as never,
          });
        });
      },
    );
    asking.once('error', failed);
    asking.end(text);
  });
}

/**
 * A pipeline of commands, so that a job takes as long as a test wants: `first` copies, `second` waits
 * for `pause` seconds and copies. Each appends to a log when it really runs.
 */
export const commandPipeline = `sa: 1
each: { ep: "videos/{ep}/episode.*" }
params: { pause: 0, device: auto, stride: 1 }
profiles: { slow: { pause: 1 } }
rules:
  first:
    run: "echo {ep} first >> ran.log; cp {inputs.video} {outputs.copy}"
    inputs: { video: "videos/{ep}/episode.*" }
    outputs: { copy: "manifests/{ep}/first.txt" }
  second:
    run: "echo {ep} second >> ran.log; sleep {params.pause}; cp {inputs.copy} {outputs.copy}"
    inputs: { copy: "manifests/{ep}/first.txt" }
    outputs: { copy: "manifests/{ep}/second.txt" }
    params: [pause]
`;

/** Files of a project with that pipeline and these episodes, whose "videos" are texts. */
export function commandProject(...episodes: readonly string[]): Record<string, string> {
  return {
    'pipeline.yaml': commandPipeline,
    'ran.log': '',
    ...Object.fromEntries(episodes.map((ep) => [`data/videos/${ep}/episode.mp4`, `video of ${ep}`])),
  };
}

export function writeIn(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
