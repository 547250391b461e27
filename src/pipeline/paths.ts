// Which paths pipeline.yaml may name, and which of them mean the same file. Text only: no file is
// looked at. `{ep}` is taken as one fixed name, since the rules of one episode share it.
import { quote } from '../base/quote.js';
import type { Fault } from './report.js';

const pathLengthMax = 1024;

export interface PathUse {
  /** What the path may not leave, in words. */
  readonly root: 'the data root' | 'the project';
  readonly ep: boolean;
  readonly wildcards: boolean;
  /** Whether it may end with `/`. */
  readonly folder: boolean;
}

/** The first thing that is wrong with a path, or undefined. */
export function pathFault(path: string, use: PathUse): Fault | undefined {
  return formFault(path, use) ?? wildcardFault(path, use);
}

function formFault(path: string, { root, folder }: PathUse): Fault | undefined {
  const bad = (what: string, hint?: string): Fault => ({
    code: 'bad-path',
    message: `the path ${quote(path)} ${what}`,
    hint: () => hint,
  });
  if (path === '') return { code: 'bad-path', message: 'the path is empty' };
  if (path.length > pathLengthMax) return bad(`is longer than ${pathLengthMax} characters`);
  if (/\p{Cc}/u.test(path)) return bad('has a control character');
  if (path.includes('\\')) return bad('has a backslash', `write "${path.replaceAll('\\', '/')}"`);
  if (/^(\/|[A-Za-z]:)/.test(path)) return bad('is absolute', `paths are relative to ${root}`);
  const parts = path.split('/');
  if (parts.includes('..')) return bad(`could leave ${root}`, 'write it without ".."');
  if (path.endsWith('/')) {
    if (!folder) return bad('is a folder', 'a file is wanted here');
    parts.pop();
  }
  if (parts.includes('')) return bad('has an empty part', `write "${path.replace(/\/+/g, '/')}"`);
  if (parts.includes('.')) return bad('has a part "."', `write "${path.replaceAll('./', '')}"`);
  return undefined;
}

function wildcardFault(path: string, { ep, wildcards }: PathUse): Fault | undefined {
  const bad = (what: string, hint?: string): Fault => ({
    code: 'bad-wildcard',
    message: `the path ${quote(path)} ${what}`,
    hint: () => hint,
  });
  const plain = ep ? path.replaceAll('{ep}', '') : path;
  const brace = /\{[^{}]*\}|[{}]/.exec(plain)?.[0];
  if (brace !== undefined) {
    return bad(`has ${quote(brace)}`, ep ? 'the only name in braces is {ep}' : 'no braces have a meaning here');
  }
  if (!wildcards && /[*?]/.test(path)) return bad('has a wildcard', 'only {ep} and plain names may stand here');
  if (path.includes('**')) return bad('has "**"', '"*" stands for any text within one part of a path');
  return undefined;
}

/** Whether `path`, which has no wildcard, is what `pattern` matches, or lies inside a folder that it matches. */
export function matches(pattern: string, path: string): boolean {
  const wild = pattern.search(/[*?]/);
  if (!path.startsWith(wild < 0 ? bare(pattern) : pattern.slice(0, wild))) return false; // most end here
  const wanted = parts(pattern);
  const given = parts(path);
  if (pattern.endsWith('/') ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((part, index) => matchesPart(part, given[index]!));
}

export function hasWildcard(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** The path without a trailing slash. */
export function bare(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** The folders above a path, nearest first, each with its trailing slash. */
export function* foldersAbove(path: string): Generator<string, void> {
  const plain = bare(path);
  for (let cut = plain.lastIndexOf('/'); cut > 0; cut = plain.lastIndexOf('/', cut - 1)) yield plain.slice(0, cut + 1);
}

function parts(path: string): string[] {
  return bare(path).split('/');
}

/** `*` and `?` within one part. Goes back to the last star only, so that no pattern takes long. */
function matchesPart(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  let position = 0;
  while (position < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      retry = position;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[position])) {
      at++;
      position++;
    } else if (star >= 0) {
      at = star + 1;
      position = ++retry;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
