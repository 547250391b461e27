// The text of a lockfile, entry by entry. One that sa wrote has each entry at a known indentation, so
// that an entry is found, read and replaced without reading the others: a project may have a hundred
// thousand. A text of any other form is read as plain JSON.
import { canonicalJsonPretty, type Json } from '../base/canonical-json.js';

const head = '{\n "actions": {\n';
const tail = '\n },\n "version": 1\n}\n';
const entryStart = '\n  "';
const entryEnd = '\n  }';

/** A slice of the text that was read, or what replaced it. */
type Piece = Slice | { readonly text: string };

interface Slice {
  readonly start: number;
  readonly end: number;
}

/** So many entries are looked for one by one before all are listed. */
const searchesMax = 16;

export class LockText {
  readonly #read: Buffer;
  /** Pieces by entry name, `"name": {...}` without indentation of its first line; undefined until all were listed. */
  #pieces: Map<string, Piece> | undefined;
  /** Those that were looked for one by one, and what replaced some of them, while not all are listed. */
  readonly #found = new Map<string, Slice | undefined>();
  readonly #replaced = new Map<string, string>();

  private constructor(read: Buffer, pieces: Map<string, Piece> | undefined) {
    this.#read = read;
    this.#pieces = pieces;
  }

  static empty(): LockText {
    return new LockText(Buffer.alloc(0), new Map());
  }

  /**
   * undefined when the text is not of the form that `toBuffer` writes. Of one that is known to be just
   * what was written, with `known`, entries are looked for only when they are asked for.
   */
  static of(read: Buffer, { known }: { readonly known: boolean }): LockText | undefined {
    const whole = read.length >= head.length + tail.length;
    if (!whole || read.toString('latin1', 0, head.length) !== head) return undefined;
    if (read.toString('latin1', read.length - tail.length) !== tail) return undefined;
    const text = new LockText(read, undefined);
    return known || text.#list() ? text : undefined;
  }

  /** The JSON text of an entry, unchecked: any part of a lockfile may have been edited or merged. */
  get(name: string): string | undefined {
    const piece = this.#piece(name);
    if (piece === undefined) return undefined;
    const text = 'text' in piece ? piece.text : this.#read.toString('utf8', piece.start, piece.end);
    return text.slice(JSON.stringify(name).length + 2);
  }

  set(name: string, entry: Json): void {
    const text = entryText(name, entry);
    if (this.#pieces === undefined && this.#piece(name) !== undefined) this.#replaced.set(name, text);
    else this.#all().set(name, { text });
  }

  delete(name: string): void {
    this.#all().delete(name);
  }

  names(): IterableIterator<string> {
    return this.#all().keys();
  }

  /** The whole text, entries sorted by name; undefined when there is none. */
  toBuffer(): Buffer | undefined {
    if (this.#pieces === undefined) return this.#withReplaced();
    const pieces = this.#pieces;
    if (pieces.size === 0) return undefined;
    const parts: Buffer[] = [Buffer.from(head)];
    // Untouched neighbours are copied as one run.
    let run: { start: number; end: number } | undefined;
    const endRun = (): void => {
      if (run !== undefined) parts.push(this.#read.subarray(run.start, run.end));
      run = undefined;
    };
    let first = true;
    for (const name of sortedNames(pieces)) {
      const piece = pieces.get(name)!;
      // Between neighbours of the text that was read stand a comma and a line feed, as between all.
      if ('start' in piece && run !== undefined && piece.start === run.end + ',\n  '.length) run.end = piece.end;
      else {
        endRun();
        parts.push(Buffer.from(first ? '  ' : ',\n  '));
        if ('start' in piece) run = { ...piece };
        else parts.push(Buffer.from(piece.text));
      }
      first = false;
    }
    endRun();
    parts.push(Buffer.from(tail));
    return Buffer.concat(parts);
  }

  // Of a text that was not listed: the slices between those that were replaced stay as they are.
  #withReplaced(): Buffer {
    const slices = [...this.#replaced].map(([name, text]) => ({ ...this.#found.get(name)!, text }));
    slices.sort((a, b) => a.start - b.start);
    const parts: Buffer[] = [];
    let at = 0;
    for (const { start, end, text } of slices) {
      parts.push(this.#read.subarray(at, start), Buffer.from(text));
      at = end;
    }
    return Buffer.concat([...parts, this.#read.subarray(at)]);
  }

  #piece(name: string): Piece | undefined {
    if (this.#pieces !== undefined) return this.#pieces.get(name);
    const text = this.#replaced.get(name);
    if (text !== undefined) return { text };
    if (!this.#found.has(name)) {
      if (this.#found.size === searchesMax) return this.#all().get(name);
      const at = this.#read.indexOf(`\n  ${JSON.stringify(name)}: {\n`);
      const start = at + '\n  '.length;
      const end = this.#read.indexOf(entryEnd, start) + entryEnd.length;
      this.#found.set(name, at < 0 ? undefined : { start, end });
    }
    return this.#found.get(name);
  }

  #all(): Map<string, Piece> {
    if (this.#pieces === undefined && !this.#list()) throw new Error('a lockfile is not what it was known to be');
    return this.#pieces!;
  }

  // False when anything but entries, commas and indentation stands between head and tail, or a name twice.
  #list(): boolean {
    const pieces = new Map<string, Piece>();
    const last = this.#read.length - tail.length;
    for (let at = head.length - 1; at < last;) {
      const start = at + '\n  '.length;
      const end = this.#read.indexOf(entryEnd, start) + entryEnd.length;
      const colon = this.#read.indexOf('": {\n', start);
      if (end < entryEnd.length || end > last || colon < 0 || colon > end) return false;
      const name = nameIn(this.#read.toString('utf8', start, colon + 1));
      if (name === undefined || pieces.has(name)) return false;
      pieces.set(name, { start, end });
      if (end === last) break;
      if (this.#read.toString('latin1', end, end + 1 + entryStart.length) !== `,${entryStart}`) return false;
      at = end + 1;
    }
    for (const [name, text] of this.#replaced) pieces.set(name, { text });
    this.#pieces = pieces;
    return true;
  }
}

function entryText(name: string, entry: Json): string {
  // Canonical JSON has no raw line feed within a string, so each one begins a line.
  return `${JSON.stringify(name)}: ${canonicalJsonPretty(entry).trimEnd().replaceAll('\n', '\n  ')}`;
}

function nameIn(quoted: string): string | undefined {
  try {
    const name: unknown = JSON.parse(quoted);
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function sortedNames(pieces: ReadonlyMap<string, Piece>): string[] {
  const names = [...pieces.keys()];
  // What was read in order stays in order: then there is nothing to sort.
  return names.every((name, index) => index === 0 || names[index - 1]! < name) ? names : names.sort();
}
