// The socket through which pictures leave a process: where it can be made, and what is said where it cannot.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openPicturePipe, type PictureBuffers } from '../../src/media/picture-pipe.js';

const own = process.env['TMPDIR'];
const folder = mkdtempSync(join(tmpdir(), 'sa-pipe-'));
const buffers = (): PictureBuffers => [new Uint8Array(3), new Uint8Array(3)];

afterEach(() => {
  if (own === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = own;
});

async function through(words: readonly string[]): Promise<string[]> {
  const { pipe, writeEnd } = await openPicturePipe(buffers());
  const seen: string[] = [];
  const reading = (async () => {
    for await (const picture of pipe.pictures()) {
      seen.push(Buffer.from(picture).toString());
      // The next is read meanwhile, and waits.
      await new Promise((done) => setTimeout(done, 5));
    }
  })();
  for (const word of words) writeEnd.write(word);
  writeEnd.end();
  await reading;
  return seen;
}

test('pictures come one by one, however they were cut on their way, and a cut-off last one is dropped', async () => {
  process.env['TMPDIR'] = folder;
  expect(await through(['on', 'etwothr', 'e', 'f'])).toEqual(['one', 'two', 'thr']);
  expect(readdirSync(folder)).toEqual([]);
});

test('a folder whose path is too long for a socket does no harm', async () => {
  const long = join(folder, 'x'.repeat(120));
  mkdirSync(long);
  process.env['TMPDIR'] = long;
  expect(await through(['one'])).toEqual(['one']);
  rmSync(folder, { recursive: true });
});

test('a folder that is not there is named, with what to do', async () => {
  process.env['TMPDIR'] = join(folder, 'missing');
  await expect(openPicturePipe(buffers())).rejects.toThrow(/disk: no socket .*missing[^]*set TMPDIR/);
});
