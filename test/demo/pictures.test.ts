import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchDemoPictures } from '../../src/demo/pictures.js';

test('a picture with other bytes is not taken, and offline the user is told which to bring', async () => {
  const into = mkdtempSync(join(tmpdir(), 'sa-demo-pictures-'));
  writeFileSync(join(into, 'lounge.jpg'), 'not the picture');
  const { signal } = new AbortController();
  await expect(fetchDemoPictures({ into, signal, offline: true })).rejects.toThrow(
    [
      'demo-pictures: the demo needs three pictures of the npm package @vladmandic/face-api@1.7.15, which could not be fetched: not asked, offline',
      `    or put them into ${into} by hand: demo/sample3.jpg as lounge.jpg, demo/sample5.jpg as stairs.jpg, demo/sample6.jpg as window.jpg`,
    ].join('\n'),
  );
});
