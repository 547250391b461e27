// Fills in the placeholders of a command. Which words are placeholders is the pipeline's to say
// (parseCommand); what stands in their place, and how it is quoted, is said here. Runs nothing.
import { join } from 'node:path';
import type { ActionJob } from '../engine/job.js';
import { parseCommand, type CommandPiece } from '../pipeline/command.js';

/** The value of a placeholder: one word, or one a file where several are meant. */
export type Values = (piece: Exclude<CommandPiece, { kind: 'text' }>) => string | readonly string[];

export function placeholderValues(
  job: ActionJob,
  { dataRoot, params }: { readonly dataRoot: string; readonly params: Readonly<Record<string, unknown>> },
): Values {
  return (piece) => {
    switch (piece.kind) {
      case 'ep':
        return job.action.ep ?? '';
      case 'inputs':
        return (job.manifest.inputs[piece.name] ?? []).map(({ path }) => join(dataRoot, path));
      case 'outputs':
        return job.stagedPath(piece.name);
      case 'params': {
        const value = params[piece.name];
        return typeof value === 'string' ? value : JSON.stringify(value ?? null);
      }
      case 'unknown':
        throw new Error(`{${piece.word}} passed for a placeholder`);
    }
  };
}

/** The text with every value in its place; `quote` is applied to each of them. */
export function fillPlaceholders(text: string, values: Values, quote: (value: string) => string): string {
  return parseCommand(text)
    .map((piece) => {
      if (piece.kind === 'text') return piece.text;
      const value = values(piece);
      return typeof value === 'string' ? quote(value) : value.map(quote).join(' ');
    })
    .join('');
}

/**
 * The words of a command that runs without a shell: split at spaces before the placeholders are
 * filled in, so that a value is always one word; a list of files is a word a file.
 */
export function splitCommand(command: string, values: Values): string[] {
  return command
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [piece, ...more] = parseCommand(word);
      const value = piece === undefined || piece.kind === 'text' || more.length > 0 ? undefined : values(piece);
      return Array.isArray(value) ? (value as readonly string[]) : [fillPlaceholders(word, values, (text) => text)];
    });
}

/** One word of a POSIX shell, whatever it holds. */
export function quoteForShell(value: string): string {
  return /^[A-Za-z0-9_/.,:=@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}
