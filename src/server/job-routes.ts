// The job API: what the clients of the Python engine call, and additions. Thin over the board.
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { sha256 } from '../hash/sha256.js';
import { readEpisodeRun } from './episode-run.js';
import { HttpProblem, invalidRequest } from './http-problem.js';
import { isTerminal, jobDocument, jobStates, type JobRecord } from './job.js';
import type { JobBoard } from './job-board.js';
import { jobEventStream } from './job-events.js';
import { noProgress } from './progress.js';
import { episodePattern, type Project } from './project.js';
import type { Answer, Asked, ObjectSchema, Route } from './route.js';

export interface JobRoutesOptions {
  readonly board: JobBoard;
  readonly project: Project;
  /** The server goes down and takes no more jobs. */
  readonly isDraining: () => boolean;
}

const jobId: ObjectSchema = {
  type: 'object',
  required: ['job_id'],
  properties: { job_id: { type: 'string', pattern: '^[a-z0-9-]{1,64}$', title: 'a job', description: 'the job' } },
};

const limitDefault = 50;

const listQuery: ObjectSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    ep_id: { type: 'string', pattern: episodePattern, title: 'an episode', description: 'only jobs of this episode' },
    job_type: { enum: ['episode_run'], description: 'only jobs of this kind' },
    state: { enum: [...jobStates], description: 'only jobs in this state' },
    limit: { type: 'integer', minimum: 1, maximum: 500, description: `at most so many; default ${limitDefault}` },
    cursor: {
      type: 'string',
      pattern: '^[a-z0-9-]{1,64}$',
      title: 'a cursor',
      description: 'what "next" of the page before said',
    },
  },
};

const problems = {
  401: { description: 'the token is missing or wrong', schema: 'Problem' },
  403: { description: 'Host or Origin is not this server', schema: 'Problem' },
  429: { description: 'too many requests or waiting jobs; Retry-After says when to try again', schema: 'Problem' },
} as const;
const unknownJob = { 404: { description: 'there is no such job', schema: 'Problem' } } as const;

export function jobRoutes(options: JobRoutesOptions): readonly Route[] {
  const { board } = options;
  const found = ({ params }: Asked): JobRecord => {
    const job = board.get(params['job_id'] ?? '');
    if (job === undefined)
      throw new HttpProblem(404, `there is no job ${params['job_id'] ?? ''}`, { code: 'unknown-job' });
    return job;
  };
  // Hundreds of clients poll the same jobs: each state of a job is written out once. The record changes with it.
  const written = new WeakMap<JobRecord, Shown>();
  const shownJob = (job: JobRecord): Shown => {
    let known = written.get(job);
    if (known === undefined) {
      known = shown(jobDocument(job, board.progressOf(job.id)));
      written.set(job, known);
    }
    return known;
  };
  return [
    {
      method: 'POST',
      path: '/jobs/episode-run',
      id: 'episodeRun',
      summary: 'Build everything for an episode',
      description:
        'Brings the video in when the episode is new. A field that is left out, or null, is taken from the episode, the profile or the params of pipeline.yaml. ' +
        'Two jobs on one episode follow each other; the second finds fresh what the first has made.',
      headers: { 'Idempotency-Key': 'the same key with the same body is the same job, whenever it is sent again' },
      body: 'EpisodeRun',
      responses: {
        202: { description: 'taken in; Location names the job', schema: 'JobAccepted' },
        400: { description: 'the body is no JSON', schema: 'Problem' },
        404: { description: 'the episode has no video', schema: 'Problem' },
        409: { description: 'the episode has another video', schema: 'Problem' },
        413: { description: 'the body is too large', schema: 'Problem' },
        415: { description: 'the body is not application/json', schema: 'Problem' },
        422: { description: 'a field is wrong: "errors" names each', schema: 'Problem' },
        503: { description: 'the server is about to stop', schema: 'Problem' },
        ...problems,
      },
      handle: async (asked) => submit(asked, options),
    },
    {
      method: 'GET',
      path: '/jobs',
      id: 'listJobs',
      summary: 'Jobs, latest first',
      query: listQuery,
      responses: {
        200: { description: 'a page of jobs; "next" is the cursor of the next one, or null', schema: 'JobList' },
        422: { description: 'a query parameter is wrong', schema: 'Problem' },
        ...problems,
      },
      handle: ({ query, headers }) => {
        const { ep_id, job_type, state, limit = limitDefault, cursor } = query;
        const wanted = (job: JobRecord): boolean =>
          (ep_id === undefined || job.request.ep === ep_id) &&
          (job_type === undefined || job_type === 'episode_run') &&
          (state === undefined || job.state === state);
        const { jobs, more } = board.list(wanted, { limit: limit as number, before: cursor as string | undefined });
        const shown = jobs.map(shownJob);
        const next = JSON.stringify(more ? jobs.at(-1)?.id : null);
        return withTag(headers, {
          text: `{"jobs":[${shown.map(({ text }) => text).join(',')}],"count":${jobs.length},"next":${next}}`,
          etag: tagOf(shown.map(({ etag }) => etag).join() + next),
        });
      },
    },
    {
      method: 'GET',
      path: '/jobs/{job_id}',
      id: 'getJob',
      summary: 'One job',
      params: jobId,
      headers: { 'If-None-Match': 'the ETag of an earlier answer: 304 while nothing changed' },
      responses: {
        200: { description: 'the job; "summary" is the EpisodeRunResult once it has ended', schema: 'Job' },
        304: { description: 'nothing changed since the answer with that ETag' },
        ...unknownJob,
        ...problems,
      },
      handle: (asked) => {
        return withTag(asked.headers, shownJob(found(asked)));
      },
    },
    {
      method: 'GET',
      path: '/jobs/{job_id}/progress',
      id: 'getJobProgress',
      summary: 'How far a job is',
      params: jobId,
      responses: { 200: { description: 'how far it is', schema: 'Progress' }, ...unknownJob, ...problems },
      handle: (asked) => {
        const { id, state } = found(asked);
        return withTag(asked.headers, shown({ job_id: id, state, ...(board.progressOf(id) ?? noProgress) }));
      },
    },
    {
      method: 'GET',
      path: '/jobs/{job_id}/events',
      id: 'getJobEvents',
      summary: 'What happens to a job, as Server-Sent Events',
      description:
        'Events: state, started, finished (an action), progress, waiting, model, and "end" as the last one. A comment comes every 15 s. ' +
        'Of progress events only the latest are kept for those who come back.',
      params: jobId,
      headers: { 'Last-Event-ID': 'number of the last event that was seen; those after it are sent again' },
      responses: { 200: { description: 'the events', type: 'text/event-stream' }, ...unknownJob, ...problems },
      handle: (asked) => {
        const job = found(asked);
        const after = Number(asked.headers['last-event-id'] ?? 0);
        if (!Number.isSafeInteger(after) || after < 0)
          throw invalidRequest([
            { loc: ['header', 'last-event-id'], msg: 'Last-Event-ID is the number of an event', type: 'bad-value' },
          ]);
        return { kind: 'events', events: jobEventStream(board, job.id, { after, signal: asked.signal }) };
      },
    },
    {
      method: 'POST',
      path: '/jobs/{job_id}/cancel',
      id: 'cancelJob',
      summary: 'Stop a job',
      description: 'What it has finished is kept: a later job goes on from there.',
      params: jobId,
      responses: {
        202: { description: 'it will end as canceled', schema: 'Job' },
        200: { description: 'it is canceled', schema: 'Job' },
        409: { description: 'it has ended otherwise', schema: 'Problem' },
        ...unknownJob,
        ...problems,
      },
      handle: async (asked) => {
        const before = found(asked);
        if (isTerminal(before.state) && before.state !== 'canceled')
          throw new HttpProblem(409, `job ${before.id} has ended: ${before.state}`, { code: 'job-ended' });
        await board.cancel(before.id);
        const job = found(asked);
        const status = job.state === 'canceled' ? 200 : 202;
        return { kind: 'json', status, json: jobDocument(job, board.progressOf(job.id)) };
      },
    },
  ];
}

async function submit({ body, headers }: Asked, { board, project, isDraining }: JobRoutesOptions): Promise<Answer> {
  if (isDraining())
    throw new HttpProblem(503, 'the server is about to stop', { code: 'draining', headers: { 'retry-after': '10' } });
  const request = readEpisodeRun(body, project, await project.workspace());
  const requested = body as Json;
  const key = keyOf(headers['idempotency-key'], requested);
  const submitted = await board.submit(request, requested, key);
  if (submitted.kind === 'key-reused')
    throw invalidRequest([
      {
        loc: ['header', 'idempotency-key'],
        msg: 'this Idempotency-Key came with another body before',
        type: 'key-reused',
      },
    ]);
  if (submitted.kind === 'full')
    throw new HttpProblem(429, 'too many jobs wait already', { code: 'queue-full', headers: { 'retry-after': '30' } });
  const { id, state } = submitted.job;
  return {
    kind: 'json',
    status: 202,
    json: { job_id: id, status: state },
    headers: { location: `/jobs/${id}`, 'retry-after': '1' },
  };
}

function keyOf(given: string | string[] | undefined, body: Json): { name: string; body: string } | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'string' || !/^[\x21-\x7e][\x20-\x7e]{0,254}$/.test(given))
    throw invalidRequest([
      {
        loc: ['header', 'idempotency-key'],
        msg: 'an Idempotency-Key has 1 to 255 printable ASCII characters',
        type: 'bad-value',
      },
    ]);
  return { name: sha256(given), body: sha256(canonicalJson(body)) };
}

/** A document as it is sent. */
interface Shown {
  readonly text: string;
  readonly etag: string;
}

function shown(document: unknown): Shown {
  const text = JSON.stringify(document);
  return { text, etag: tagOf(text) };
}

function tagOf(text: string): string {
  return `"${sha256(text).slice(0, 32)}"`;
}

/** The document with its ETag; nothing but 304 for the one who has it already. */
function withTag(headers: Asked['headers'], { text, etag }: Shown): Answer {
  const own = { etag, 'cache-control': 'no-cache' };
  const known = (headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  if (known.includes(etag) || known.includes('*')) return { kind: 'empty', status: 304, headers: own };
  return { kind: 'text', status: 200, text, type: 'application/json; charset=utf-8', headers: own };
}
