import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { recallParsed } from '../../src/stage/parsed-memory.js';
import { readJsonLines } from '../../src/stage/read-write.js';

const row = z.object({ value: z.number() });

test('rows that are read again are parsed once, until the file has other bytes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sa-parsed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'rows.jsonl');
  writeFileSync(path, '{"value":1}\n');
  const first = await readJsonLines(path, row);
  expect(await readJsonLines(path, row)).toBe(first);
  writeFileSync(path, '{"value":2}\n');
  expect(await readJsonLines(path, row)).toEqual([{ value: 2 }]);
  writeFileSync(path, '{"value":1}\n');
  expect(await readJsonLines(path, row)).toBe(first);
});

test('the same bytes under another schema are parsed by that one', () => {
  const bytes = Buffer.from('{"value":1}\n');
  const one = recallParsed(bytes, row, () => ['one']);
  expect(recallParsed(bytes, z.object({}), () => ['other'])).toEqual(['other']);
  expect(recallParsed(bytes, row, () => ['never'])).toBe(one);
});

test('what is kept is bounded: the longest unused goes first, and a huge text is not kept at all', () => {
  const parsed: string[] = [];
  const read = (name: string, bytes: number): void =>
    void recallParsed(Buffer.alloc(bytes, name), row, () => {
      parsed.push(name);
      return name;
    });
  const most = 9 * 1024 * 1024;
  read('a', most);
  read('b', most);
  read('a', most);
  read('c', most);
  read('a', most);
  read('b', most);
  expect(parsed).toEqual(['a', 'b', 'c', 'b']);
  read('d', 13 * 1024 * 1024);
  read('d', 13 * 1024 * 1024);
  expect(parsed.slice(4)).toEqual(['d', 'd']);
});
