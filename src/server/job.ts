// What a job is, and what its clients see of it: exactly the Python engine's fields, and additions.
// Pure; it knows no store and no process.
import type { EpisodeRunResult } from '../app/episode-run.js';
import type { Json } from '../base/canonical-json.js';
import type { ValueSchema } from '../pipeline/value-schema.js';
import type { EpisodeRunRequest } from './episode-run.js';
import type { Progress } from './progress.js';

export const jobStates = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const;

/** queued -> running -> succeeded, failed or canceled; never back. */
export type JobState = (typeof jobStates)[number];

/** A job as it is kept. */
export interface JobRecord {
  readonly id: string;
  readonly state: JobState;
  readonly request: EpisodeRunRequest;
  /** The body as it was sent. */
  readonly requested: Json;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly summary: EpisodeRunResult | null;
  readonly error: string | null;
  readonly cancelRequested: boolean;
  /** How often a build was started for it: more than once when the server was stopped meanwhile. */
  readonly runs: number;
  /** Number of its last event. */
  readonly lastEvent: number;
  /** Name in the store of the Idempotency-Key it was posted with. */
  readonly key: string | null;
}

/** One thing that happened to a job; numbered from 1. */
export interface JobEvent {
  readonly id: number;
  readonly event: 'state' | 'started' | 'progress' | 'finished' | 'waiting' | 'model' | 'end';
  readonly data: Json;
}

export function isTerminal(state: JobState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'canceled';
}

/** The job as GET /jobs/{job_id} shows it. */
export function jobDocument(job: JobRecord, progress: Progress | undefined): Readonly<Record<string, unknown>> {
  const self = `/jobs/${job.id}`;
  const { ep } = job.request;
  return {
    job_id: job.id,
    job_type: 'episode_run',
    ep_id: ep,
    state: job.state,
    started_at: job.startedAt,
    ended_at: job.endedAt,
    summary: job.summary,
    error: job.error,
    created_at: job.createdAt,
    requested: job.requested,
    cancel_requested: job.cancelRequested,
    runs: job.runs,
    progress: progress ?? null,
    links: {
      self,
      progress: `${self}/progress`,
      events: `${self}/events`,
      ...(isTerminal(job.state) ? {} : { cancel: `${self}/cancel` }),
      ...(job.state === 'succeeded' ? { report: `/reports/${ep}/` } : {}),
    },
  };
}

const time: ValueSchema = { type: 'string', title: 'a time, as 2026-01-31T12:00:00.000Z' };
const timeOrNull: ValueSchema = { ...time, type: ['string', 'null'] };

export const jobSchema: ValueSchema = {
  type: 'object',
  required: ['job_id', 'job_type', 'ep_id', 'state', 'started_at', 'ended_at', 'summary', 'error'],
  properties: {
    job_id: { type: 'string' },
    job_type: { const: 'episode_run' },
    ep_id: { type: 'string' },
    state: { enum: [...jobStates] },
    started_at: { ...timeOrNull, description: 'when its build first began' },
    ended_at: { ...timeOrNull, description: 'set only in a final state' },
    summary: {
      anyOf: [
        {
          type: 'object',
          required: ['episode_id', 'success', 'identities_count'],
          properties: {
            episode_id: { type: 'string' },
            success: { type: 'boolean' },
            tracks_count: { type: 'integer' },
            faces_count: { type: 'integer', description: 'embedded samples' },
            detections_count: { type: 'integer' },
            identities_count: { type: 'integer' },
            runtime_sec: { type: 'number' },
            stages: { type: 'array', items: { type: 'object' } },
            error: { type: ['string', 'null'] },
          },
        },
        { type: 'null' },
      ],
      description: 'the EpisodeRunResult, once the job has ended',
    },
    error: { type: ['string', 'null'], description: 'why it failed' },
    created_at: time,
    requested: { type: 'object', description: 'the body that was posted' },
    cancel_requested: { type: 'boolean' },
    runs: { type: 'integer', description: 'how often its build was started: more than once after a restart' },
    progress: { anyOf: [{ type: 'object' }, { type: 'null' }], description: 'as GET /jobs/{job_id}/progress tells it' },
    links: { type: 'object', additionalProperties: { type: 'string' } },
  },
};
