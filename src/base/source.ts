// A text file as problems point into it: offsets become lines and columns. It reads nothing.
import type { Place } from './problem.js';

/** Wider than any screen; a longer source line is cut around the caret. */
const lineWidthMax = 160;
/** How much of a long line is kept before the caret. */
const keptBefore = 60;

/** A file's name and text, with a way from offsets to places. */
export interface Source {
  readonly file: string;
  readonly text: string;
  /** The place of text[start, end); what goes on in the next lines is not underlined. */
  place(start: number, end: number): Place;
}

/** Makes `file` and `text` a Source; lines end with LF or CRLF. */
export function sourceOf({ text, file }: { readonly text: string; readonly file: string }): Source {
  let starts: number[] | undefined;
  return {
    file,
    text,
    place(start, end) {
      starts ??= lineStarts(text);
      const line = lineAt(starts, start);
      const lineStart = starts[line]!;
      const next = starts[line + 1];
      const whole = text.slice(lineStart, next === undefined ? text.length : next - 1).replace(/\r$/, '');
      const column = Math.min(start - lineStart, whole.length);
      const length = Math.max(1, Math.min(end - start, whole.length - column));
      return { file, line: line + 1, column: column + 1, ...shortened(whole, column, length) };
    },
  };
}

function shortened(whole: string, column: number, length: number): Pick<Place, 'sourceLine' | 'length' | 'cut'> {
  if (whole.length <= lineWidthMax) return { sourceLine: whole, length };
  const from = Math.max(0, Math.min(column - keptBefore, whole.length - lineWidthMax));
  const to = Math.min(whole.length, from + lineWidthMax);
  const front = from > 0 ? `…${whole.slice(from + 1, to)}` : whole.slice(0, to);
  const sourceLine = to < whole.length ? `${front.slice(0, -1)}…` : front;
  return { sourceLine, length: Math.min(length, to - column), ...(from > 0 ? { cut: from } : {}) };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last line that starts at or before `offset`. */
function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
