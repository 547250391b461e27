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
