// What the fast suite samples: stretches that begin all over every kind of video.
import { expect, test } from 'vitest';
import { clipFolder, make } from '../media/clips.js';
import { compareStretches, sources } from '../media/stretches.js';
import { describeWithShared, shared } from '../support/shared.js';

const clip = clipFolder();

test.each(sources)('a stretch that is sought anywhere is exact in %s', async (_, file, args) => {
  const path = await make(clip(file), args);
  expect((await compareStretches(path, { step: 3, length: 4 })).inexact).toBe(0);
});

const clips = ['angelone_480p.webm', 'angelone_240p.mp4', 'bbt_demo.mp4', 'office_montage.mp4', 'psd_fades.mp4'];
const files = clips.map((name) => `data/video/${name}`);
describeWithShared('real clips', files, () => {
  test.each(clips)('are sought exactly anywhere: %s', async (name) => {
    expect((await compareStretches(shared(`data/video/${name}`), { step: 37, length: 40 })).inexact).toBe(0);
  });
});
