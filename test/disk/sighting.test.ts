import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { FileDigests } from '../../src/disk/file-digests.js';
import { isQuiet, isSame, look, nothingThere } from '../../src/disk/sighting.js';
import { loadHash } from '../../src/hash/xxh64.js';

beforeAll(loadHash);

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'sa-sighting-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

test('a look vouches for bytes only a while after the last write, of content or of inode', () => {
  const seen = { size: 1, mtimeMs: 1000, ctimeMs: 1000, ino: 1 };
  expect(isQuiet(seen, 1030)).toBe(false);
  expect(isQuiet(seen, 1031)).toBe(true);
  expect(isQuiet({ ...seen, ctimeMs: 1010 }, 1031)).toBe(false);
  expect(isQuiet({ ...seen, mtimeMs: 2000 }, 1031)).toBe(false);
});

test('what is not there, or lies below a file, looks like nothing', () => {
  const root = folder();
  writeFileSync(join(root, 'file'), 'text');
  expect(look(join(root, 'other'))).toEqual(nothingThere);
  expect(look(join(root, 'file/below'))).toEqual(nothingThere);
  expect(isSame(look(join(root, 'file')), look(join(root, 'file')))).toBe(true);
});

test('the digest of a file that was just written is not remembered, that of a quiet one is', async () => {
  const root = folder();
  const digests = new FileDigests(root, join(root, 'memo'));
  writeFileSync(join(root, 'file'), 'text');
  const digest = digests.digestOf('file');
  // Read at once after the write: whoever was slower than that saw a quiet file.
  const young = !isQuiet(look(join(root, 'file')), Date.now());
  if (young) expect(digests.memoOf('file')).toBeUndefined();
  await delay(50);
  expect(digests.digestOf('file')).toBe(digest);
  expect(digests.memoOf('file')).toEqual({ seen: look(join(root, 'file')), digest });
});
