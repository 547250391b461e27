// What a rebuild made of an edit, in one line: how many identities there are, and whose seconds
// changed. Pure but for reading the two artifacts that it compares.
import { join } from 'node:path';
import { artifactPath } from '../stage/artifact-path.js';
import { identitiesSchema, screentimeSchema, type Identities, type Screentime } from '../stage/artifacts.js';
import { readJson } from '../stage/read-write.js';

export interface Result {
  readonly identities: Identities;
  /** undefined where an episode was not built as far as its screen time. */
  readonly screentime: Screentime | undefined;
}

/** Smaller changes are rounding. */
const secondsMin = 0.05;
/** More people on one line help nobody. */
const peopleMax = 6;

export async function readResult(dataRoot: string, ep: string): Promise<Result> {
  const at = (kind: 'identities' | 'screentime'): string => join(dataRoot, artifactPath(ep, kind));
  const screentime = await readJson(at('screentime'), screentimeSchema).catch(() => undefined);
  return { identities: await readJson(at('identities'), identitiesSchema), screentime };
}

/** `identities 12 -> 11, Lisa +41.2 s`: people of before who are gone are not told, nor those unchanged. */
export function effectOf(before: Result, after: Result): string {
  const count = ({ identities }: Result): number => identities.metadata.num_identities;
  const [old, now] = [rowsOf(before.screentime), rowsOf(after.screentime)];
  const changes = [...now].flatMap(([id, { name, seconds }]) => {
    const was = old.get(id);
    const gained = seconds - (was?.seconds ?? 0);
    const renamed = name !== undefined && was?.name !== name;
    if (!renamed && Math.abs(gained) < secondsMin) return [];
    const label = name ?? id;
    const change = Math.abs(gained) < secondsMin ? `(${seconds.toFixed(1)} s)` : `${gained < 0 ? '-' : '+'}${Math.abs(gained).toFixed(1)} s`; // prettier-ignore
    return [{ size: renamed ? Infinity : Math.abs(gained), text: `${renamed && was !== undefined ? `${was.name ?? id} is now ${label}` : label} ${change}` }]; // prettier-ignore
  });
  changes.sort((one, other) => other.size - one.size);
  const told = changes.slice(0, peopleMax).map(({ text }) => text);
  if (changes.length > peopleMax) told.push(`${changes.length - peopleMax} more`);
  return [`identities ${count(before)} -> ${count(after)}`, ...told].join(', ');
}

function rowsOf(screentime: Screentime | undefined): Map<string, { name: string | undefined; seconds: number }> {
  return new Map(
    (screentime?.identities ?? []).map(({ id, name, screen_time_s, bridged_s }) => [
      id,
      { name, seconds: screen_time_s + bridged_s },
    ]),
  );
}
