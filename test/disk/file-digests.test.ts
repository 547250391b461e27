import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { FileDigests } from '../../src/disk/file-digests.js';
import { digestText, loadHash } from '../../src/hash/xxh64.js';

beforeAll(loadHash);

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'sa-digests-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

test('a write within one tick of the clock, of the same length, is never missed', () => {
  const root = folder();
  const digests = new FileDigests(root, join(root, 'memo'));
  for (let turn = 0; turn < 300; turn++) {
    const text = String(turn % 10);
    writeFileSync(join(root, 'file'), text);
    expect(digests.digestOf('file')).toBe(digestText(text));
  }
});

test('a memory with a flipped byte is not believed', async () => {
  const root = folder();
  writeFileSync(join(root, 'file'), 'text');
  await new Promise((resolve) => setTimeout(resolve, 60));
  const digests = new FileDigests(root, join(root, 'memo'));
  const digest = digests.digestOf('file')!;
  digests.save();
  const kept = readFileSync(join(root, 'memo'), 'utf8');
  expect(kept).toContain(digest);
  writeFileSync(
    join(root, 'memo'),
    kept.replace(
      digest,
      digest.replace(/.(?=:\d+$)/, (digit) => (digit === '0' ? '1' : '0')),
    ),
  );
  expect(new FileDigests(root, join(root, 'memo')).digestOf('file')).toBe(digest);
});
