// Reads YAML into plain nodes that know where they stand. The only file that knows the YAML
// library. A hostile file must end in a problem, in bounded time and memory: size, depth and
// what aliases unfold to are limited here, before anything walks the tree.
import {
  Composer,
  isAlias,
  isMap,
  isSeq,
  Lexer,
  Parser,
  type CST,
  type Document,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Json } from './canonical-json.js';
import { Problems } from './problems.js';
import { quote } from './quote.js';
import type { Source } from './source.js';

/** A program may write a hundred thousand rules; a file written by hand is far smaller. */
const textLengthMax = 48 * 1024 * 1024;
/** Words, spaces and marks: a rule has forty; the library needs seconds and 300 MB for a million. */
const lexemesMax = 6_000_000;
/** What aliases stand for is written by hand, and walked as often as it is named. */
const unfoldedMax = 1024 * 1024;
/** Deep enough for any real file, far from the end of the call stack. */
const depthMax = 60;

export type YamlNode = YamlScalar | YamlList | YamlMap;

export interface At {
  /** Offsets into the text; equal for a value that is left out. */
  readonly start: number;
  readonly end: number;
}

export interface YamlScalar extends At {
  readonly kind: 'scalar';
  readonly value: null | boolean | number | string;
}

export interface YamlList extends At {
  readonly kind: 'list';
  readonly items: readonly YamlNode[];
}

export interface YamlMap extends At {
  readonly kind: 'map';
  /** In file order; of a key that stands twice, the first. */
  readonly entries: ReadonlyMap<string, YamlEntry>;
}

export interface YamlEntry {
  readonly key: At;
  readonly value: YamlNode;
}

/**
 * The tree of a YAML 1.2 text (core schema). Problems go to `problems`; undefined when they leave no
 * tree to speak of. Aliases share one node. Merge keys, own tags, several documents, keys that are
 * no text and numbers that JSON lacks are problems.
 */
export function readYaml(source: Source, problems: Problems): YamlNode | undefined {
  const { text } = source;
  if (text.length > textLengthMax) {
    const message = `the file has ${text.length} characters; at most ${textLengthMax} are read`;
    problems.add(() => ({ code: 'too-large', message, place: source.place(0, 1) }));
    return undefined;
  }
  try {
    const document = compose(source, problems);
    if (document === undefined) return undefined;
    return document.contents === null ? nothingAt(0) : new TreeReader(source, problems).read(document.contents).node;
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    const { code, message, at } = error;
    problems.add(() => ({ code, message, place: source.place(at.start, at.end) }));
    return undefined;
  }
}

/** A node as plain data; nodes that aliases share become one shared value. */
export function toJson(node: YamlNode, known = new Map<YamlNode, Json>()): Json {
  if (node.kind === 'scalar') return node.value;
  const before = known.get(node);
  if (before !== undefined) return before;
  const value: Json =
    node.kind === 'list'
      ? node.items.map((item) => toJson(item, known))
      : // fromEntries, not assignment: a key "__proto__" must stay an ordinary key
        Object.fromEntries([...node.entries].map(([key, entry]) => [key, toJson(entry.value, known)]));
  known.set(node, value);
  return value;
}

/** Ends the parse at once; readYaml makes a problem of it. */
class TooMuch extends Error {
  constructor(
    readonly code: 'too-deep' | 'too-large' | 'too-many-aliases',
    message: string,
    readonly at: At,
  ) {
    super(message);
  }
}

/** The first document, or undefined when the text is no single YAML document. */
function compose(source: Source, problems: Problems): Document.Parsed | undefined {
  const { text } = source;
  // Its own search for equal keys compares each with each; ours, below, uses a map.
  const composer = new Composer({ version: '1.2', schema: 'core', uniqueKeys: false });
  const [document, second] = firstTwo(composer.compose(tokens(text), true, text.length));
  if (document === undefined) return undefined;
  const lines = new Set<number>();
  // The library goes on after an error and trips again; the first one of a line is the true one.
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    const place = source.place(pos[0], pos[1]);
    if (lines.has(place.line)) continue;
    lines.add(place.line);
    problems.add(() => ({ code: 'yaml-syntax', message: syntaxMessage(message), place }));
  }
  if (lines.size > 0) return undefined;
  if (second === undefined) return document;
  const [start] = second.range;
  const message = 'a second document starts here; one file is one document';
  problems.add(() => ({ code: 'yaml-syntax', message, place: source.place(start, start + 1) }));
  return undefined;
}

/** The parser's tokens. Parser and composer recurse once a level, so depth is looked at after each word. */
function* tokens(text: string): Generator<CST.Token, void> {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const at = { start: parser.offset, end: parser.offset + 1 };
    count += lexeme.startsWith('"') ? lexeme.split('\\').length : 1; // each escape is a mark of its own
    if (count > lexemesMax) throw new TooMuch('too-large', `more than ${lexemesMax} words and marks`, at);
    yield* parser.next(lexeme);
    if (parser.stack.length > depthMax) {
      throw new TooMuch('too-deep', `here more than ${depthMax} levels lie inside each other`, at);
    }
  }
  yield* parser.end();
}

function firstTwo<T>(all: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const one of all) if (taken.push(one) === 2) break;
  return taken;
}

/** The library's sentence, which may quote the file. */
function syntaxMessage(message: string): string {
  const plain = message.replace(/[\p{Cc}\p{Bidi_Control}]/gu, ' ').slice(0, 200);
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

/** A node and how many characters of text it stands for, aliases unfolded. */
interface Sized<T extends YamlNode = YamlNode> {
  readonly node: T;
  readonly size: number;
}

class TreeReader {
  readonly #source: Source;
  readonly #problems: Problems;
  /** Finished nodes by anchor, so that an alias within its own anchor does not find it. */
  readonly #anchors = new Map<string, Sized>();
  #unfolded = 0;

  constructor(source: Source, problems: Problems) {
    this.#source = source;
    this.#problems = problems;
  }

  read(node: ParsedNode): Sized {
    if (isAlias(node)) return this.#alias(node.source, node.range);
    const made = isSeq(node) ? this.#list(node) : isMap(node) ? this.#map(node) : this.#scalar(node);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, made);
    return made;
  }

  #list({
    items,
    range: [start, end],
  }: {
    readonly items: ParsedNode[];
    readonly range: readonly [number, number, number];
  }): Sized {
    const read = items.map((item) => this.read(item));
    const node = { kind: 'list', items: read.map((item) => item.node), start, end } as const;
    return { node, size: read.reduce((sum, { size }) => sum + size, end - start) };
  }

  #map({ items, range: [start, end] }: YAMLMap.Parsed): Sized {
    const entries = new Map<string, YamlEntry>();
    let size = end - start;
    for (const { key, value } of items) {
      const at = { start: key.range[0], end: key.range[1] };
      const read = value === null ? { node: nothingAt(at.end), size: 0 } : this.read(value);
      size += read.size;
      const name = this.#keyName(key);
      if (name === undefined) continue;
      const first = entries.get(name);
      if (first === undefined) entries.set(name, { key: at, value: read.node });
      else this.#duplicate(name, { first: first.key, again: at });
    }
    return { node: { kind: 'map', entries, start, end }, size };
  }

  #keyName(key: ParsedNode): string | undefined {
    const [start, end] = key.range;
    if (isAlias(key) || isSeq(key) || isMap(key)) {
      this.#add('bad-key', 'a key is a plain name here, not a list, a map or an alias', { start, end });
      return undefined;
    }
    // A plain key such as 2024 or true means its text; only a quoted one can differ from its source.
    const name = typeof key.value === 'string' ? key.value : key.source;
    if (name !== '<<' || key.type !== 'PLAIN') return name;
    this.#add('merge-key', 'merge keys (<<) are no part of YAML 1.2; write the keys out', { start, end });
    return undefined;
  }

  #scalar({ value, range: [start, end] }: Scalar.Parsed): Sized<YamlScalar> {
    const size = Math.max(1, end - start);
    if (value === null || typeof value === 'boolean' || typeof value === 'string' || Number.isFinite(value)) {
      return { node: { kind: 'scalar', value: value as YamlScalar['value'], start, end }, size };
    }
    this.#add('bad-number', `${quote(this.#source.text.slice(start, end))} is no number that JSON could hold`, {
      start,
      end,
    });
    return { node: { kind: 'scalar', value: null, start, end }, size };
  }

  #alias(name: string, [start, end]: readonly [number, number, number]): Sized {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#add('bad-alias', `no value named ${quote(`&${name}`)} ends before this alias`, { start, end });
      return { node: nothingAt(start), size: 1 };
    }
    this.#unfolded += target.size;
    if (this.#unfolded <= unfoldedMax) return { ...target, size: target.size + 1 };
    const message = `the aliases up to here unfold to more than ${unfoldedMax} characters`;
    throw new TooMuch('too-many-aliases', message, { start, end });
  }

  #duplicate(name: string, { first, again }: { readonly first: At; readonly again: At }): void {
    this.#add('duplicate-key', `the key ${quote(name)} stands here a second time`, again, () => {
      return `first on line ${this.#source.place(first.start, first.end).line}`;
    });
  }

  #add(code: string, message: string, { start, end }: At, hint?: () => string): void {
    this.#problems.add(() => ({ code, message, place: this.#source.place(start, end), hint: hint?.() }));
  }
}

function nothingAt(offset: number): YamlScalar {
  return { kind: 'scalar', value: null, start: offset, end: offset };
}
