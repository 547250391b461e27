// The few patterns that pipeline.yaml knows: `*` and `?` within one path segment. Resolved against
// the data root; the result is sorted by code unit.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export function hasWildcard(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** Files and folders below `root` that match the pattern, relative to it. */
export function matchPattern(root: string, pattern: string): string[] {
  // A pattern that ends with `/` means folders, and so do its matches.
  const end = pattern.endsWith('/') ? '/' : '';
  let found = [''];
  for (const segment of pattern.split('/')) {
    if (segment === '') continue;
    const next: string[] = [];
    for (const folder of found) {
      if (!hasWildcard(segment)) next.push(folder === '' ? segment : `${folder}/${segment}`);
      else
        next.push(
          ...namesIn(join(root, folder), segmentPattern(segment)).map((name) =>
            folder === '' ? name : `${folder}/${name}`,
          ),
        );
    }
    found = next;
  }
  return found.map((path) => path + end).sort();
}

/** The wildcard values of `{ep}` for which some file matches `pattern`, sorted; each with its matches. */
export function matchEpisodes(root: string, pattern: string): Map<string, string[]> {
  return new Map([...episodesIn(root, pattern)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether there is any such value. */
export function matchesAnyEpisode(root: string, pattern: string): boolean {
  return episodesIn(root, pattern).next().done !== true;
}

function* episodesIn(root: string, pattern: string): Generator<[ep: string, matches: string[]], void> {
  const [before = '', after = ''] = pattern.split('{ep}');
  const folder = before.slice(0, before.lastIndexOf('/') + 1);
  const prefix = before.slice(folder.length);
  const segmentEnd = after.indexOf('/');
  const suffix = segmentEnd < 0 ? after : after.slice(0, segmentEnd);
  const told = new Set<string>();
  const shape = new RegExp(`^${escape(prefix)}(.+?)${wild(suffix)}$`, 's');
  for (const name of namesIn(join(root, folder), /^[^.]/)) {
    const ep = shape.exec(name)?.[1];
    if (ep === undefined || told.has(ep)) continue;
    const matches = matchPattern(root, pattern.replaceAll('{ep}', ep)).filter((path) => existsSync(join(root, path)));
    if (matches.length === 0) continue;
    told.add(ep);
    yield [ep, matches];
  }
}

function namesIn(folder: string, shape: RegExp): string[] {
  try {
    return readdirSync(folder).filter((name) => shape.test(name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

// A name that starts with a dot is matched only by a pattern that starts with one, as in a shell.
function segmentPattern(segment: string): RegExp {
  return new RegExp(`^${segment.startsWith('.') ? '' : '(?!\\.)'}${wild(segment)}$`, 's');
}

function wild(text: string): string {
  return escape(text).replaceAll('\\*', '.*').replaceAll('\\?', '.');
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * The folders that decide what `matchPattern` and `matchEpisodes` find for `pattern`, relative to
 * `root`, whether they are there or not: while each of them looks the same, so does what is found.
 */
export function foldersListed(root: string, pattern: string): string[] {
  const listed = new Set<string>();
  let found = [''];
  const segments = pattern.split('/').filter((segment) => segment !== '');
  for (const [index, segment] of segments.entries()) {
    const next: string[] = [];
    for (const folder of found) {
      const below = (name: string): string => (folder === '' ? name : `${folder}/${name}`);
      if (index > 0 || segment.includes('{ep}') || hasWildcard(segment)) listed.add(folder);
      // Every name may become an episode once something is put into it.
      if (segment.includes('{ep}')) next.push(...namesIn(join(root, folder), /^[^.]/).map(below));
      else if (hasWildcard(segment)) next.push(...namesIn(join(root, folder), segmentPattern(segment)).map(below));
      else next.push(below(segment));
    }
    found = next;
  }
  return [...listed];
}
