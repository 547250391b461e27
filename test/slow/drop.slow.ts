// What the fast suite samples: frames that are left where others are left out, in more kinds of video.
import { expect, test } from 'vitest';
import { probeVideo } from '../../src/media/probe.js';
import { clipFolder, make } from '../media/clips.js';
import { compare, moreKinds, testRealClips } from '../media/drop-kinds.js';

const clip = clipFolder();

test.each(moreKinds)('the frames that are left are exact in %s', async (_, file, args, has) => {
  const path = await make(clip(file), args);
  const { unreferenced = [] } = await probeVideo(path, new AbortController().signal);
  expect(unreferenced.length > 0).toBe(has);
  expect(await compare(path)).toBe(1);
});

testRealClips(['bbt_demo.mp4', 'psd_testvideo.mp4']);
