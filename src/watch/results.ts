// What came of a round, read from identities.json and screentime.json before and after it. Both may
// be missing or of a user's own shape: then nothing is said of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { artifactPath } from '../stage/artifact-path.js';

/** The few numbers of an episode that people look at first. */
export interface Results {
  readonly identities: number | undefined;
  readonly singletons: number | undefined;
  /** Seconds on screen by name; identities without a name are left out, since their ids move. */
  readonly seconds: ReadonlyMap<string, number>;
}

/** People named in one line; the others are counted. */
const peopleShown = 5;
/** Below this a difference is none: screen time is shown in tenths. */
const secondsMin = 0.05;

export function readResults(dataRoot: string, ep: string): Results {
  const identities = listIn(readDocument(join(dataRoot, artifactPath(ep, 'identities'))));
  const times = listIn(readDocument(join(dataRoot, artifactPath(ep, 'screentime'))));
  const seconds = new Map<string, number>();
  for (const { name, screen_time_s: time } of times ?? []) {
    if (typeof name === 'string' && typeof time === 'number') seconds.set(name, (seconds.get(name) ?? 0) + time);
  }
  return {
    identities: identities?.length,
    singletons: identities?.filter(({ track_ids: tracks }) => Array.isArray(tracks) && tracks.length === 1).length,
    seconds,
  };
}

/** `identities 12 -> 9`, `singletons 3 -> 1`, `Lisa +41.2 s`; nothing when nothing differs. */
export function describeResults(before: Results, after: Results): string[] {
  const parts: string[] = [];
  for (const name of ['identities', 'singletons'] as const) {
    const [old, now] = [before[name], after[name]];
    if (now !== undefined && now !== old) parts.push(old === undefined ? `${name} ${now}` : `${name} ${old} -> ${now}`);
  }
  const names = new Set([...before.seconds.keys(), ...after.seconds.keys()]);
  const changes = [...names]
    .map((name) => ({ name, change: (after.seconds.get(name) ?? 0) - (before.seconds.get(name) ?? 0) }))
    .filter(({ change }) => Math.abs(change) >= secondsMin)
    .sort((a, b) => Math.abs(b.change) - Math.abs(a.change) || (a.name < b.name ? -1 : 1));
  for (const { name, change } of changes.slice(0, peopleShown)) {
    const gone = after.seconds.has(name) ? '' : ' (gone)';
    parts.push(`${name} ${change > 0 ? '+' : '-'}${Math.abs(change).toFixed(1)} s${gone}`);
  }
  if (changes.length > peopleShown) parts.push(`${changes.length - peopleShown} others`);
  return parts;
}

type Document = Readonly<Record<string, unknown>>;

function readDocument(path: string): Document {
  try {
    const document: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return isRecord(document) ? document : {};
  } catch {
    return {};
  }
}

function listIn({ identities }: Document): readonly Document[] | undefined {
  return Array.isArray(identities) ? identities.filter(isRecord) : undefined;
}

function isRecord(value: unknown): value is Document {
  return typeof value === 'object' && value !== null;
}
