// Reasons and outcomes in the words that people read.
import type { Reason } from '../engine/reasons.js';
import type { Outcome } from '../engine/execute.js';
import type { ModelEvent } from '../models/install.js';

/** One reason on one line. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'never-built':
    case 'forced':
      return reason.kind;
    case 'param-changed':
      return `param-changed: ${reason.name} ${JSON.stringify(reason.old)} -> ${JSON.stringify(reason.new)}`;
    case 'input-changed':
      return `input-changed: ${reason.path}${reason.rule === null ? '' : ` (made by ${reason.rule})`}${reason.new === null && reason.rule === null ? ', which is not there' : ''}`;
    case 'model-changed':
      return `model-changed: ${reason.name} ${shortModel(reason.old)} -> ${shortModel(reason.new)}`;
    case 'rule-changed':
      return `rule-changed: ${reason.what} ${JSON.stringify(reason.old)} -> ${JSON.stringify(reason.new)}`;
    case 'code-changed':
      return `code-changed: ${reason.path}`;
    case 'env-changed':
      return `env-changed: ${reason.name} ${reason.old ?? '(unset)'} -> ${reason.new ?? '(unset)'}`;
    case 'output-missing':
      return `output-missing: ${reason.path}`;
    case 'output-altered':
      return `output-altered: ${reason.path}`;
  }
}

export const outcomeWords: Readonly<Record<Outcome['kind'], string>> = {
  fresh: 'fresh',
  trusted: 'trusted',
  built: 'built',
  restored: 'restored',
  failed: 'failed',
  skipped: 'skipped',
};

/** What is told of a model that is brought in; undefined for a step that needs no line of its own. */
export function describeModelEvent(event: ModelEvent): string | undefined {
  switch (event.kind) {
    case 'fetching':
      return event.done === 0 ? `fetching ${event.file} from ${event.from}` : undefined;
    case 'unavailable':
      return `  not to be had there: ${event.reason}`;
    case 'installed':
      return `${event.file}: ${event.bytes} bytes, digest as declared`;
    case 'licence':
      return `model ${event.model}: licence ${event.licence}; training data: ${event.training}; source: ${event.source}`;
  }
}

/** `others_count` of 1 is "1 other", `faces_sampled` of 3 "3 faces sampled". */
export function describeCount(name: string, count: number): string {
  const words = name.replace(/_count$/, '').replaceAll('_', ' ');
  return `${count} ${count === 1 ? words.split(' ').map(singular).join(' ') : words}`;
}

function singular(word: string): string {
  if (word === 'people') return 'person';
  return word.replace(/ies$/, 'y').replace(/([^su])s$/, '$1');
}

/** 0.4 s, 12 s, 3 min 20 s. */
export function describeSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

// A digest is 64 digits; the first ones tell two apart.
function shortModel(text: string | null): string {
  if (text === null) return '(none)';
  const [name = '', digest = ''] = text.split(' ');
  return `${name} ${digest.slice(0, 12)}`;
}
