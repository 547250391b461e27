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

/**
 * `identities 12 -> 11, Lisa +41.2 s`. People of before who are gone are not told, unless they are
 * hidden now; nor are those unchanged.
 */
export function effectOf(before: Result, after: Result): string {
  const count = ({ identities }: Result): number => identities.metadata.num_identities;
  const [old, now] = [rowsOf(before.screentime), rowsOf(after.screentime)];
  const changes = [...now].flatMap(([id, row]) => changeOf(id, old.get(id), row) ?? []);
  const hidden = new Set(after.identities.identities.flatMap((each) => (each.hidden === true ? each.identity_id : [])));
  for (const [id, { name, seconds }] of old) {
    if (!now.has(id) && hidden.has(id))
      changes.push({ size: Infinity, text: `${name ?? id} is hidden ${inAll(seconds)}` });
  }
  changes.sort((one, other) => other.size - one.size);
  const told = changes.slice(0, peopleMax).map(({ text }) => text);
  if (changes.length > peopleMax) told.push(`${changes.length - peopleMax} more`);
  return [`identities ${count(before)} -> ${count(after)}`, ...told].join(', ');
}

interface Row {
  readonly name: string | undefined;
  readonly seconds: number;
}

/** What is told of somebody who is in the table now, and how much it matters. */
function changeOf(
  id: string,
  was: Row | undefined,
  { name, seconds }: Row,
): { size: number; text: string } | undefined {
  const gained = seconds - (was?.seconds ?? 0);
  const isSame = Math.abs(gained) < secondsMin;
  const renamed = was !== undefined && was.name !== name;
  if (isSame && !renamed) return undefined;
  const who = renamed ? `${was.name ?? id} is now ${name ?? id}` : (name ?? id);
  const change = isSame ? inAll(seconds) : `${gained < 0 ? '-' : '+'}${Math.abs(gained).toFixed(1)} s`;
  return { size: renamed ? Infinity : Math.abs(gained), text: `${who} ${change}` };
}

function inAll(seconds: number): string {
  return `(${seconds.toFixed(1)} s)`;
}

function rowsOf(screentime: Screentime | undefined): Map<string, Row> {
  return new Map(
    (screentime?.identities ?? []).map(({ id, name, screen_time_s, bridged_s }) => [
      id,
      { name, seconds: screen_time_s + bridged_s },
    ]),
  );
}
