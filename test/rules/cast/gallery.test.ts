// Whose pictures lie where in the folder of the cast.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readGallery } from '../../../rules/cast/gallery.js';

function gallery(paths: readonly string[], ep: string): ReturnType<typeof readGallery> {
  const folder = mkdtempSync(join(tmpdir(), 'sa-gallery-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const path of paths) {
    const isFolder = path.endsWith('/');
    mkdirSync(isFolder ? join(folder, path) : dirname(join(folder, path)), { recursive: true });
    if (!isFolder) writeFileSync(join(folder, path), '');
  }
  return readGallery(folder, ep);
}

const people = ['Zoe/b.JPG', 'Zoe/a.png', 'bbt/Amy/1.jpg', 'bbt/Zoe/2.webp', 'tng/Yar/1.jpg', 'Zoe/.DS_Store'];

test('people at the top count for every episode, those of a show for its own', () => {
  const of = (ep: string): string[] => gallery(people, ep).pictures.map(({ person, path }) => `${person}: ${path}`);
  expect(of('office')).toEqual(['Zoe: Zoe/a.png', 'Zoe: Zoe/b.JPG']);
  for (const ep of ['bbt', 'bbt-s01e01', 'BBT_demo']) {
    expect(of(ep)).toEqual(['Amy: bbt/Amy/1.jpg', 'Zoe: Zoe/a.png', 'Zoe: Zoe/b.JPG', 'Zoe: bbt/Zoe/2.webp']);
  }
  expect(of('bbt2')).toEqual(of('office'));
});

test('what says nothing of anybody is told with its reason', () => {
  const paths = ['me.jpg', 'Ada/notes.txt', 'Ada/1.jpg', 'Ada/old/2.jpg', 'Ben/', 'bbt/Cyd/'];
  expect(gallery(paths, 'bbt').notes).toEqual([
    { path: 'me.jpg', note: "in nobody's folder: put it in PERSON/ or SHOW/PERSON/" },
    { path: 'Ada/old', note: 'no picture (jpg, png, webp, avif, tiff)' },
    { path: 'Ada/notes.txt', note: 'no picture (jpg, png, webp, avif, tiff)' },
    { path: 'Ben', note: 'no picture of Ben' },
    { path: 'bbt/Cyd', note: 'no picture of Cyd' },
  ]);
});
