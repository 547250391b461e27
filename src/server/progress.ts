// Folds what a build tells into how far it is. Pure.
import type { RunEvent } from '../app/api.js';
import type { ValueSchema } from '../pipeline/value-schema.js';

export interface Progress {
  readonly actions_total: number;
  readonly actions_done: number;
  /** From 0 to 1; actions count alike, whatever each takes. */
  readonly fraction: number;
  /** What runs now, with units done of all (frames, faces), where that is known. */
  readonly running: readonly { readonly action: string; readonly done: number; readonly total: number }[];
  /** The process that holds the project meanwhile, or null. */
  readonly waiting_for: string | null;
}

export const noProgress: Progress = {
  actions_total: 0,
  actions_done: 0,
  fraction: 0,
  running: [],
  waiting_for: null,
};

export const progressSchema: ValueSchema = {
  type: 'object',
  required: ['job_id', 'state', 'actions_total', 'actions_done', 'fraction', 'running'],
  properties: {
    job_id: { type: 'string' },
    state: { type: 'string' },
    actions_total: { type: 'integer' },
    actions_done: { type: 'integer' },
    fraction: { type: 'number', minimum: 0, maximum: 1 },
    running: {
      type: 'array',
      items: {
        type: 'object',
        properties: { action: { type: 'string' }, done: { type: 'number' }, total: { type: 'number' } },
      },
    },
    waiting_for: { type: ['string', 'null'], description: 'the process that holds the project meanwhile' },
  },
};

/** How far the build is after `event`. */
export function afterEvent(progress: Progress, event: RunEvent): Progress {
  switch (event.kind) {
    case 'planned':
      return { ...noProgress, actions_total: event.actions };
    case 'waiting':
      return { ...progress, waiting_for: event.holder };
    case 'started':
      return withRunning({ ...progress, waiting_for: null }, [
        ...progress.running,
        { action: event.action, done: 0, total: 0 },
      ]);
    case 'progress': {
      const { action, done, total } = event;
      return withRunning(
        progress,
        progress.running.map((one) => (one.action === action ? { action, done, total } : one)),
      );
    }
    case 'finished':
      return withRunning(
        { ...progress, waiting_for: null, actions_done: progress.actions_done + 1 },
        progress.running.filter(({ action }) => action !== event.action),
      );
    case 'model':
      return progress;
  }
}

function withRunning(progress: Progress, running: Progress['running']): Progress {
  const { actions_total: total, actions_done: done } = progress;
  const partly = running.reduce((sum, one) => sum + (one.total > 0 ? Math.min(1, one.done / one.total) : 0), 0);
  const fraction = total === 0 ? 0 : Math.min(1, (done + partly) / total);
  return { ...progress, running, fraction: Math.round(fraction * 10_000) / 10_000 };
}
