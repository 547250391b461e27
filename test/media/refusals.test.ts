import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { probeVideo } from '../../src/media/probe.js';
import { clipFolder, graySource, make, toolSets, x264 } from './clips.js';

const clip = clipFolder();
const sets = await toolSets();

/** What each set of tools says about the file, its folder taken out; all must say the same. */
async function refusal(path: string, toolSets = sets): Promise<string> {
  const said = new Set<string>();
  for (const tools of toolSets) {
    const fault = await probeVideo(path, new AbortController().signal, { tools }).then(
      () => 'accepted',
      (error: unknown) => String(error),
    );
    said.add(fault.replaceAll(`${clip('')}/`, ''));
  }
  return [...said].join('\n');
}

test('what is no file is refused before any program starts', async () => {
  expect(await refusal(clip('absent.mp4'))).toBe('ProblemError: bad-video: absent.mp4: there is no such file');
  await mkdir(clip('folder.mp4'));
  expect(await refusal(clip('folder.mp4'))).toBe('ProblemError: bad-video: folder.mp4 is a folder, not a video');
  await writeFile(clip('empty.mp4'), '');
  expect(await refusal(clip('empty.mp4'))).toBe('ProblemError: bad-video: empty.mp4 is empty (0 bytes)');
});

test('text with the name of a video is refused', async () => {
  await writeFile(clip('notes.mp4'), 'this is a text file and no video at all\n'.repeat(50));
  expect(await refusal(clip('notes.mp4'))).toBe(
    'ProblemError: bad-video: notes.mp4 is no video that ffmpeg can read: Invalid data found when processing input',
  );
});

test('sound without a picture is refused, a cover picture notwithstanding', async () => {
  const sound = await make(clip('sound.m4a'), ['-f', 'lavfi', '-i', 'sine=d=1', '-c:a', 'aac']);
  expect(await refusal(sound)).toBe('ProblemError: bad-video: sound.m4a has sound but no video stream');
  const cover = await make(clip('cover.jpg'), ['-f', 'lavfi', '-i', 'color=red:s=32x32', '-frames:v', '1']);
  const streams = ['-map', '0:a', '-map', '1:v', '-c', 'copy', '-disposition:v:0', 'attached_pic'];
  const covered = await make(clip('covered.m4a'), ['-i', sound, '-i', cover, ...streams]);
  expect(await refusal(covered)).toBe('ProblemError: bad-video: covered.m4a has sound but no video stream');
});

test('an mp4 that lost its index is refused with the reason', async () => {
  const path = await make(clip('moov.mp4'), [...graySource({ frames: 40 }), ...x264]);
  await truncate(path, 1000);
  expect(await refusal(path)).toBe(
    `ProblemError: bad-video: moov.mp4 is cut off: the index (moov) that an mp4 keeps at its end is missing, so nothing can be read
    copy or download it again`,
  );
});

test('an mp4 with its index first and a webm are refused when cut in the middle, with the seconds left', async () => {
  const noisy = ['-f', 'lavfi', '-i', 'nullsrc=s=160x120:r=10:d=4,geq=random(1)*255:128:128'];
  const mp4 = await make(clip('first.mp4'), [...noisy, ...x264, '-movflags', '+faststart']);
  await truncate(mp4, (await readFile(mp4)).length >> 1);
  expect(await refusal(mp4)).toMatch(
    /^ProblemError: bad-video: first.mp4 is cut off: [12]\.\d of 4\.0 seconds can be read\n {4}copy or download it again$/,
  );
  const vp8 = ['-c:v', 'libvpx', '-b:v', '2M', '-deadline', 'realtime', '-cpu-used', '8'];
  const webm = await make(clip('half.webm'), [...noisy, ...vp8]);
  await truncate(webm, (await readFile(webm)).length >> 1);
  expect(await refusal(webm)).toMatch(
    /^ProblemError: bad-video: half.webm is cut off: [12]\.\d of 4\.0 seconds can be read\n {4}copy or download it again$/,
  );
});

test('names with spaces, colons, quotes and a leading dash are just names', async () => {
  const plain = await make(clip('plain.mp4'), [...graySource({ frames: 3 }), ...x264]);
  for (const name of ["-y a'b:c %d [1].mp4", 'http:ü é.mp4']) {
    await copyFile(plain, clip(name));
    expect(await refusal(clip(name), sets.slice(0, 1))).toBe('accepted');
  }
});
