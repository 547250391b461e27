// Artifacts of JSON Lines, as stages write and read them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { eachJsonLine, JsonLinesWriter, readJsonLines, writeJsonLines } from '../../src/stage/read-write.js';

const folder = mkdtempSync(join(tmpdir(), 'sa-lines-'));
afterAll(() => rmSync(folder, { recursive: true }));

const row = z.strictObject({ place: z.int(), word: z.string() });
// Of many pieces, at whose borders letters of several bytes lie.
const rows = Array.from({ length: 20_000 }, (_, place) => ({ place, word: 'ä€😀'.repeat(place % 7) }));

test('rows that are written as they come are read as they were, and are the bytes of all at once', async () => {
  const [one, other] = [join(folder, 'one'), join(folder, 'other')];
  const writer = new JsonLinesWriter(one, row);
  for (const each of rows) writer.append(each);
  writer.close();
  writeJsonLines(other, row, rows);
  expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  expect(readFileSync(one, 'utf8')).toBe(rows.map((each) => `${JSON.stringify(each)}\n`).join(''));
  expect(await readJsonLines(one, row)).toEqual(rows);
  const seen: unknown[] = [];
  await eachJsonLine(one, row, (each) => seen.push(each));
  expect(seen).toEqual(rows);
});

test('no rows are an empty file', async () => {
  const path = join(folder, 'none');
  new JsonLinesWriter(path, row).close();
  expect(await readJsonLines(path, row)).toEqual([]);
});

test('a row that is not what its schema says is refused with its line', () => {
  const path = join(folder, 'wrong');
  expect(() => writeJsonLines(path, row, [...rows, { place: 0.5, word: '' }])).toThrow(`${path}:20001: place: `);
});
