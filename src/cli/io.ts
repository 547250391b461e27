// Where a command prints: results to stdout, everything else to stderr. Escape codes only on a
// terminal, never under NO_COLOR, in CI or in a pipe.

export interface Io {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: Screen;
  readonly err: Screen;
  readonly signal: AbortSignal;
}

export interface Screen {
  write(text: string): void;
  /** A person watches: one live line may be redrawn. */
  readonly live: boolean;
  readonly colour: boolean;
  readonly columns: number;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
const codes: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

export function paint(screen: Screen, style: Style, text: string): string {
  if (!screen.colour || text === '') return text;
  const [on, off] = codes[style];
  return `\u001b[${on}m${text}\u001b[${off}m`;
}

export function screenOf(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): Screen {
  const terminal = stream.isTTY && (env['CI'] ?? '') === '' && env['TERM'] !== 'dumb';
  return {
    write: (text) => void stream.write(text),
    live: terminal,
    colour: terminal && (env['NO_COLOR'] ?? '') === '',
    get columns() {
      return stream.columns;
    },
  };
}

/** Prints one JSON document and nothing else. */
export function printJson({ out }: Io, document: unknown): void {
  out.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Lines of aligned columns; numbers (`right`) stand under each other. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
