// The name that somebody probably meant. Pure; it only ever suggests, nothing is corrected by it.

/** Longer words than this are not names that a person mistyped; comparing them would only cost time. */
const wordLengthMax = 100;

/**
 * The name nearest to `word` by edit distance (insert, delete, replace, swap neighbours; Damerau 1964,
 * the restricted form), or undefined when none is near: a third of the letters may differ. Case and
 * `-` against `_` do not count as differences. Of equally near names the first one wins.
 */
export function closest(word: string, names: Iterable<string>): string | undefined {
  if (word.length > wordLengthMax) return undefined;
  const folded = fold(word);
  let best: string | undefined;
  let limit = folded.length < 3 ? 0 : Math.max(1, Math.floor(folded.length / 3));
  for (const name of names) {
    if (name === word || Math.abs(name.length - word.length) > limit) continue;
    const distance = editDistance(folded, fold(name));
    if (distance > limit) continue;
    best = name;
    if (distance === 0) break;
    limit = distance - 1;
  }
  return best;
}

/** The hint that goes with an unknown name: the nearest one, or all of them when they are few. */
export function didYouMean(word: string, names: Iterable<string>): string | undefined {
  const known = [...names];
  const near = closest(word, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (known.length === 0 || known.length > 12) return undefined;
  return known.length === 1 ? `the only one is "${known[0]!}"` : `there are: ${known.join(', ')}`;
}

function fold(word: string): string {
  return word.toLowerCase().replaceAll('-', '_');
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(replaced, last[column]! + 1, next[column - 1]! + 1);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      next.push(cost);
    }
    [beforeLast, last] = [last, next];
  }
  return last[b.length]!;
}
