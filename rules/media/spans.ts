// Half-open stretches of time [start, end) in seconds and what can be done with sets of them. Pure.

export type Span = readonly [start: number, end: number];

/** The same time as disjoint spans in order; spans that touch become one, empty ones go. */
export function union(spans: readonly Span[]): Span[] {
  const ordered = spans.filter(([start, end]) => end > start).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const merged: [number, number][] = [];
  for (const [start, end] of ordered) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/** Seconds in all of disjoint spans. */
export function measure(spans: readonly Span[]): number {
  return spans.reduce((sum, [start, end]) => sum + (end - start), 0);
}

/** The holes between disjoint, ordered spans that last `longest` seconds or less. */
export function holes(spans: readonly Span[], longest: number): Span[] {
  return spans.slice(1).flatMap((span, i): Span[] => {
    const hole: Span = [spans[i]![1], span[0]];
    // 0.5 s of 24 fps PTS can come out as 0.5000000001.
    return hole[1] - hole[0] <= longest + 1e-9 ? [hole] : [];
  });
}

/**
 * Walks through the time in which anybody is there, in stretches during which nobody comes or goes.
 *
 * @param people disjoint spans of each
 * @param visit told who is there (positions in `people`, ascending) and for how many seconds
 */
export function sweep(
  people: readonly (readonly Span[])[],
  visit: (present: readonly number[], seconds: number) => void,
): void {
  const changes = people.flatMap((spans, person) =>
    spans.flatMap(([start, end]) => [
      { at: start, person, comes: true },
      { at: end, person, comes: false },
    ]),
  );
  changes.sort((a, b) => a.at - b.at);
  const present = new Set<number>();
  let since = 0;
  for (const { at, person, comes } of changes) {
    if (at > since && present.size > 0)
      visit(
        [...present].sort((a, b) => a - b),
        at - since,
      );
    since = at;
    if (comes) present.add(person);
    else present.delete(person);
  }
}
