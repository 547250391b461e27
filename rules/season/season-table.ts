// The screen time of a whole season as one table: a row a person, a column an episode. Pure.
import { round6, type Screentime } from '../../src/stage/artifacts.js';
import { csvField } from '../../src/stage/screentime-csv.js';
import { measure, type Span, union } from '../media/spans.js';

interface Row {
  readonly person: string;
  /** Seconds by episode; an episode without the person is not there. */
  readonly seconds: ReadonlyMap<string, number>;
}

type Identity = Screentime['identities'][number];

/**
 * RFC 4180 text with the columns
 *
 *     person    a name, `unnamed EPISODE/IDENTITY`, or `others`
 *     total_s   seconds on screen in all episodes (seen, not bridged)
 *     episodes  in how many episodes
 *     EPISODE   seconds in that episode, one column each in order of episode id; empty where absent
 *
 * A name joins a person's episodes. Nobody has said who an unnamed person is, so such a row belongs
 * to its one episode. Named rows come first, each kind by falling total; the last row is `others`.
 */
export function seasonCsv(episodes: readonly Screentime[]): string {
  const ordered = [...episodes].sort((a, b) => (a.ep_id < b.ep_id ? -1 : 1));
  const rows = [...namedRows(ordered), ...unnamedRows(ordered), ...othersRow(ordered)];
  const ids = ordered.map((episode) => episode.ep_id);
  const lines: (string | number)[][] = [
    ['person', 'total_s', 'episodes', ...ids],
    ...rows.map((row) => [row.person, total(row), row.seconds.size, ...ids.map((ep) => row.seconds.get(ep) ?? '')]),
  ];
  return lines.map((fields) => `${fields.map(csvField).join(',')}\r\n`).join('');
}

function namedRows(episodes: readonly Screentime[]): Row[] {
  const byName = new Map<string, Map<string, number>>();
  for (const { ep_id, identities } of episodes) {
    const groups = new Map<string, Identity[]>();
    for (const identity of identities) {
      if (identity.name !== undefined) groups.set(identity.name, [...(groups.get(identity.name) ?? []), identity]);
    }
    for (const [name, group] of groups) {
      byName.set(name, (byName.get(name) ?? new Map<string, number>()).set(ep_id, secondsOf(group)));
    }
  }
  return [...byName].map(([person, seconds]): Row => ({ person, seconds })).sort(byTotal);
}

/** Two identities of one name are one person: time in which both are seen counts once. */
function secondsOf(group: readonly Identity[]): number {
  const [first, ...more] = group;
  if (more.length === 0) return first!.screen_time_s;
  const seen = group.flatMap(({ intervals }) => intervals.filter(({ kind }) => kind === 'seen'));
  return round6(measure(union(seen.map(({ start_s, end_s }): Span => [start_s, end_s]))));
}

function unnamedRows(episodes: readonly Screentime[]): Row[] {
  const rows = episodes.flatMap(({ ep_id, identities }) =>
    identities
      .filter(({ name }) => name === undefined)
      .map(({ id, screen_time_s }): Row => {
        return { person: `unnamed ${ep_id}/${id}`, seconds: new Map([[ep_id, screen_time_s]]) };
      }),
  );
  return rows.sort(byTotal);
}

function othersRow(episodes: readonly Screentime[]): Row[] {
  const having = episodes.filter(({ others }) => others.identity_ids.length > 0);
  if (having.length === 0) return [];
  const seconds = new Map(having.map(({ ep_id, others }) => [ep_id, others.screen_time_s]));
  return [{ person: 'others', seconds }];
}

function total({ seconds }: Row): number {
  return round6([...seconds.values()].reduce((sum, value) => sum + value, 0));
}

function byTotal(a: Row, b: Row): number {
  return total(b) - total(a) || (a.person < b.person ? -1 : 1);
}
