// `--format webvtt`: who is on screen, as a subtitle or metadata track. A cue lasts as long as the
// same people are there, and names them one a line; while nobody is there, there is no cue.
import { type EpisodeArtifacts, label, type OnScreen, peopleOnScreen } from './episode.js';

/** WebVTT text (W3C Candidate Recommendation, 4 April 2019), milliseconds, people in the board's order. */
export function episodeWebvtt(artifacts: EpisodeArtifacts): string {
  const cues = cuesOf(peopleOnScreen(artifacts)).map(
    ({ start, end, people }, index) =>
      `${index + 1}\n${clock(start)} --> ${clock(end)}\n${people.map(cueText).join('\n')}\n`,
  );
  return ['WEBVTT\n', ...cues].join('\n');
}

interface Cue {
  readonly start: number;
  readonly end: number;
  readonly people: readonly OnScreen[];
}

/** Whole milliseconds between which the set of people stays the same, nobody left out. */
function cuesOf(people: readonly OnScreen[]): Cue[] {
  const spans = people.map((person) => person.intervals.map((each) => [ms(each.start_s), ms(each.end_s)] as const));
  const changes = [...new Set(spans.flat(2))].sort((a, b) => a - b);
  const next = people.map(() => 0);
  return changes.slice(0, -1).flatMap((start, index) => {
    const here = people.filter((_, person) => {
      const theirs = spans[person]!;
      while (next[person]! < theirs.length && theirs[next[person]!]![1] <= start) next[person]! += 1;
      const current = theirs[next[person]!];
      return current !== undefined && current[0] <= start;
    });
    return here.length === 0 ? [] : [{ start, end: changes[index + 1]!, people: here }];
  });
}

function cueText(person: OnScreen): string {
  return label(person).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function ms(seconds: number): number {
  return Math.round(seconds * 1000);
}

function clock(milliseconds: number): string {
  const part = (unit: number, count: number, digits: number): string =>
    String(Math.floor(milliseconds / unit) % count).padStart(digits, '0');
  return `${part(3_600_000, 1e6, 2)}:${part(60_000, 60, 2)}:${part(1000, 60, 2)}.${part(1, 1000, 3)}`;
}
