// edits.yaml as a text: an entry more at its end, or one less. Everything else in the file, comments
// and spacing too, stays byte for byte. Pure; what an entry means is src/stage/edits.ts.
import { problem, ProblemError } from '../base/problem.js';
import { Problems } from '../base/problems.js';
import { sourceOf } from '../base/source.js';
import { readYaml, type YamlList } from '../base/yaml.js';
import { parseEdits, type Anchor, type Change, type Edit } from '../stage/edits.js';

/** The log's text, and the name that messages give the file. */
export interface LogText {
  readonly text: string;
  readonly file: string;
}

/**
 * The text with one more entry; `remark` stands beside it as a comment.
 * @throws ProblemError when the file has faults, or is written so that no entry can follow
 */
export function withEntry(log: LogText, change: Change, remark: string): string {
  const before = parseEdits(log);
  const list = listOf(log);
  const indent = list === undefined ? '' : ' '.repeat(columnOf(log.text, list.start));
  let { text } = log;
  if (list !== undefined && log.text[list.start] === '[') {
    if (list.items.length > 0) throw notAList(log);
    text = text.slice(0, list.start) + text.slice(list.end); // an empty log written as []
  }
  if (text !== '' && !text.endsWith('\n')) text += '\n';
  const entry = entryLines(change, remark).map((line) => `${indent}${line}\n`);
  return checked({ ...log, text: text + entry.join('') }, [...before.map(contentOf), undefined]);
}

/**
 * The text without entry `number`, counted from 1, and what that entry was.
 * @throws ProblemError when the file has faults or no such entry
 */
export function withoutEntry(log: LogText, number?: number): { readonly text: string; readonly entry: Edit } {
  const before = parseEdits(log);
  const place = (number ?? before.length) - 1;
  const entry = before[place];
  if (entry === undefined) {
    const count = before.length === 1 ? 'has one entry' : `has ${before.length} entries`;
    throw problem('no-such-edit', number === undefined ? `${log.file} is empty: nothing to undo` : `${log.file} ${count}, none with number ${number}`, before.length === 0 ? undefined : 'see them with: sa edit list EPISODE'); // prettier-ignore
  }
  const list = listOf(log)!;
  if (log.text[list.start] === '[') throw notAList(log);
  const item = list.items[place]!;
  const from = lineStart(log.text, log.text.lastIndexOf('-', item.start));
  const last = item.start + log.text.slice(item.start, item.end).trimEnd().length;
  const lineEnd = log.text.indexOf('\n', last);
  const text = log.text.slice(0, from) + (lineEnd < 0 ? '' : log.text.slice(lineEnd + 1));
  const kept = before.filter((_, index) => index !== place).map(contentOf);
  return { text: checked({ ...log, text }, kept), entry };
}

/** What an entry says, whatever its number: texts are `3 {...}`. */
function contentOf({ text }: Edit): string {
  return text.slice(text.indexOf(' ') + 1);
}

/** The entry as lines of YAML. */
function entryLines(change: Change, remark: string): string[] {
  const lines = [`- ${change.kind}: # ${remark.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')}`];
  if (change.kind === 'name') lines.push(`    name: ${JSON.stringify(change.name)}`);
  if (change.kind === 'hide') return [...lines, `    face: ${anchorText(change.face)}`];
  if (change.kind === 'split' && change.to !== undefined) lines.push(`    to: ${anchorText(change.to)}`);
  return [...lines, '    faces:', ...change.faces.map((face) => `      - ${anchorText(face)}`)];
}

export function anchorText(anchor: Anchor): string {
  if (anchor.kind === 'track') return `{ track: ${anchor.trackId} }`;
  return `{ at: ${shortest(anchor.at, 3)}, box: [${anchor.box.map((side) => shortest(side, 4)).join(', ')}] }`;
}

/** A tenth of a pixel and a millisecond are enough to find a face again. */
function shortest(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

function listOf(log: LogText): YamlList | undefined {
  const problems = new Problems();
  const root = readYaml(sourceOf(log), problems);
  problems.throwIfAny();
  return root?.kind === 'list' ? root : undefined;
}

/** The new text, after making sure that it says what it should: the old entries, and the new one where undefined. */
function checked(log: LogText, wanted: readonly (string | undefined)[]): string {
  const found = editsOrNone(log)?.map(contentOf);
  if (found?.length !== wanted.length) throw notAList(log);
  if (wanted.some((text, at) => text !== undefined && text !== found[at])) throw notAList(log);
  return log.text;
}

function editsOrNone(log: LogText): Edit[] | undefined {
  try {
    return parseEdits(log);
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

function notAList({ file }: LogText): Error {
  return problem(
    'odd-edits',
    `${file} is written in a way that sa edit cannot change without touching what you wrote`,
    'write it as a plain list, each entry on lines of its own that start with "- "',
  );
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}
