// The folder of cast pictures: whose pictures lie where. Looks at names, opens no picture.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface GalleryPicture {
  /** Name of the person's folder. */
  readonly person: string;
  /** Relative to the gallery, with `/`. */
  readonly path: string;
}

export interface Gallery {
  /** By person, then by path. */
  readonly pictures: readonly GalleryPicture[];
  /** Files and folders that say nothing of anybody, and why. */
  readonly notes: readonly { readonly path: string; readonly note: string }[];
}

const pictureName = /\.(jpe?g|png|webp|avif|tiff?)$/i;

/**
 * The pictures that count for episode `ep`: `PERSON/*.jpg` for every episode, `SHOW/PERSON/*.jpg`
 * for those whose name is SHOW, or begins with it and goes on with no letter or digit. A folder is a
 * show when it holds folders and no picture.
 */
export function readGallery(folder: string, ep: string): Gallery {
  const pictures: GalleryPicture[] = [];
  const notes: { path: string; note: string }[] = [];
  const readPerson = (path: string, person: string): void => {
    const { folders, files } = entriesOf(join(folder, path));
    const own = files.filter((name) => pictureName.test(name));
    pictures.push(...own.map((name) => ({ person, path: `${path}/${name}` })));
    if (own.length === 0) notes.push({ path, note: `no picture of ${person}` });
    const rest = [...folders, ...files.filter((name) => !pictureName.test(name))];
    notes.push(...rest.map((name) => ({ path: `${path}/${name}`, note: 'no picture (jpg, png, webp, avif, tiff)' })));
  };
  const top = entriesOf(folder);
  notes.push(...top.files.map((path) => ({ path, note: "in nobody's folder: put it in PERSON/ or SHOW/PERSON/" })));
  for (const name of top.folders) {
    const { folders, files } = entriesOf(join(folder, name));
    if (folders.length === 0 || files.some((file) => pictureName.test(file))) readPerson(name, name);
    else if (isOfShow(ep, name)) for (const person of folders) readPerson(`${name}/${person}`, person);
  }
  // One person may have pictures in both places.
  pictures.sort((one, other) => compareText(one.person, other.person) || compareText(one.path, other.path));
  return { pictures, notes };
}

function isOfShow(ep: string, show: string): boolean {
  const [name, start] = [ep.toLowerCase(), show.toLowerCase()];
  return name.startsWith(start) && !/^[a-z0-9]/.test(name.slice(start.length));
}

/** Without what begins with a dot: programs leave such files in folders unasked. */
function entriesOf(folder: string): { readonly folders: readonly string[]; readonly files: readonly string[] } {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  const named = (isFolder: boolean): string[] =>
    entries.filter((entry) => entry.isDirectory() === isFolder).map(({ name }) => name).sort(compareText); // prettier-ignore
  return { folders: named(true), files: named(false) };
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
