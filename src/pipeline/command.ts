// The placeholders of a `run` command. Only words in braces that could be one are taken:
// `${HOME}`, `{print $1}` and `{a,b}` stay what they are to the shell; `{{ep}}` is the text {ep}.

/** A command in pieces: text to keep, and places to fill in. */
export type CommandPiece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'ep' }
  | { readonly kind: 'inputs' | 'outputs' | 'params'; readonly name: string }
  | { readonly kind: 'unknown'; readonly word: string };

/** A piece with where it stands in the command. */
export type PlacedPiece = CommandPiece & { readonly offset: number; readonly length: number };

const word = String.raw`[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_.-]*)?`;
const brace = new RegExp(String.raw`\{(\{${word}\})\}|(?<!\$)\{(${word})\}`, 'g');

/** Splits a command into text and placeholders, in order; pieces of `unknown` kind are the user's mistakes. */
export function parseCommand(command: string): readonly PlacedPiece[] {
  const pieces: PlacedPiece[] = [];
  let end = 0;
  for (const match of command.matchAll(brace)) {
    const [whole, escaped, placeholder] = match;
    if (match.index > end) pieces.push(textPiece(command.slice(end, match.index), end));
    const at = { offset: match.index, length: whole.length };
    pieces.push(
      escaped === undefined ? { ...readPlaceholder(placeholder!), ...at } : { kind: 'text', text: escaped, ...at },
    );
    end = match.index + whole.length;
  }
  if (end < command.length) pieces.push(textPiece(command.slice(end), end));
  return pieces;
}

function textPiece(text: string, offset: number): PlacedPiece {
  return { kind: 'text', text, offset, length: text.length };
}

function readPlaceholder(placeholder: string): CommandPiece {
  if (placeholder === 'ep') return { kind: 'ep' };
  const dot = placeholder.indexOf('.');
  const kind = placeholder.slice(0, Math.max(0, dot));
  if (kind === 'inputs' || kind === 'outputs' || kind === 'params') return { kind, name: placeholder.slice(dot + 1) };
  return { kind: 'unknown', word: placeholder };
}
