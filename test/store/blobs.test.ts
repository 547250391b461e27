import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Blobs } from '../../src/store/blobs.js';

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'sa-blobs-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

test('a damaged blob is set aside and nothing stands where it was to go', () => {
  const root = folder();
  const blobs = new Blobs(join(root, 'blobs'));
  writeFileSync(join(root, 'file'), 'text');
  const name = blobs.putFile(join(root, 'file'));
  writeFileSync(join(root, 'blobs', name.slice(0, 2), name), 'tex!');
  expect(blobs.restoreFile(name, join(root, 'target'))).toBe(false);
  expect([existsSync(join(root, 'target')), blobs.has(name), readdirSync(join(root, 'corrupt'))]).toEqual([
    false,
    false,
    [name],
  ]);
  expect(blobs.restoreFile(name, join(root, 'target'))).toBe(false);
});

test('a folder comes back with every file in it', () => {
  const root = folder();
  const blobs = new Blobs(join(root, 'blobs'));
  mkdirSync(join(root, 'folder/deep'), { recursive: true });
  writeFileSync(join(root, 'folder/deep/b'), Buffer.from([0, 10, 255]));
  writeFileSync(join(root, 'folder/a'), '');
  expect(blobs.restoreFolder(blobs.putFolder(join(root, 'folder')), join(root, 'back'))).toBe(true);
  expect([...readFileSync(join(root, 'back/deep/b'))]).toEqual([0, 10, 255]);
  expect(readFileSync(join(root, 'back/a'), 'utf8')).toBe('');
});

test('a folder comes back whose files, and whose list of files, are longer than what is read at a time', () => {
  const root = folder();
  const blobs = new Blobs(join(root, 'blobs'));
  const deep = Array.from({ length: 15 }, () => 'x'.repeat(240)).join('/');
  mkdirSync(join(root, 'folder', deep), { recursive: true });
  const long = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => at % 251));
  writeFileSync(join(root, 'folder/long'), long);
  for (let at = 100; at < 400; at++) writeFileSync(join(root, 'folder', deep, `${at}`), `${at}`);
  expect(blobs.restoreFolder(blobs.putFolder(join(root, 'folder')), join(root, 'back'))).toBe(true);
  expect(readFileSync(join(root, 'back/long')).equals(long)).toBe(true);
  const names = readdirSync(join(root, 'back', deep));
  expect(names.length).toBe(300);
  for (const name of names) expect(readFileSync(join(root, 'back', deep, name), 'utf8')).toBe(name);
});

test('a damaged folder is set aside and nothing stands where it was to go', () => {
  const root = folder();
  const blobs = new Blobs(join(root, 'blobs'));
  mkdirSync(join(root, 'folder'));
  writeFileSync(join(root, 'folder/a'), 'text');
  const name = blobs.putFolder(join(root, 'folder'));
  const blob = join(root, 'blobs', name.slice(0, 2), name);
  expect(readFileSync(blob, 'utf8')).toBe('[["a",4]]\ntext');
  writeFileSync(blob, '[["a",4]]\ntex!');
  expect(blobs.restoreFolder(name, join(root, 'back'))).toBe(false);
  expect([existsSync(join(root, 'back')), readdirSync(join(root, 'corrupt'))]).toEqual([false, [name]]);
  expect(blobs.restoreFolder(name, join(root, 'back'))).toBe(false);
});

test('what a killed writer left is swept after a day, and no sooner', () => {
  const root = folder();
  const blobs = new Blobs(join(root, 'blobs'));
  mkdirSync(join(root, 'tmp'));
  for (const name of ['old', 'young']) writeFileSync(join(root, 'tmp', name), '');
  const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
  utimesSync(join(root, 'tmp/old'), before, before);
  blobs.sweep();
  expect(readdirSync(join(root, 'tmp'))).toEqual(['young']);
});
