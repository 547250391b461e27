// What the fast suite samples: frames that are left where others are left out, in more kinds of video.
import { expect, test } from 'vitest';
import { probeVideo } from '../../src/media/probe.js';
import { clipFolder, make } from '../media/clips.js';
import { compare, moreKinds } from '../media/drop-kinds.js';
import { describeWithShared, shared } from '../support/shared.js';

const clip = clipFolder();

test.each(moreKinds)('the frames that are left are exact in %s', async (_, file, args, has) => {
  const path = await make(clip(file), args);
  const { unreferenced = [] } = await probeVideo(path, new AbortController().signal);
  expect(unreferenced.length > 0).toBe(has);
  expect(await compare(path)).toBe(1);
});

const clips = ['bbt_demo.mp4', 'psd_testvideo.mp4'];
describeWithShared(
  'real clips',
  clips.map((name) => `data/video/${name}`),
  () => {
    test.each(clips)('have the same frames with pictures left out: %s', async (name) => {
      const path = shared(`data/video/${name}`);
      expect((await probeVideo(path, new AbortController().signal)).unreferenced?.length).toBeGreaterThan(0);
      expect(await compare(path)).toBe(1);
    });
  },
);
