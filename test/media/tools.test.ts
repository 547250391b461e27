import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findMediaTools } from '../../src/media/tools.js';

/** A folder with a program of this name that says it is `says`. */
async function fake(name: string, says: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-tools-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), `#!/bin/sh\necho '${says}'\n`);
  await chmod(join(folder, name), 0o755);
  return folder;
}

test('a named program comes before PATH, and PATH before what npm brings', async () => {
  const named = join(await fake('my-ffmpeg', 'ffmpeg version 9.9'), 'my-ffmpeg');
  const onPath = await fake('ffprobe', 'ffprobe version 8.8');
  const both = await findMediaTools({ FFMPEG_PATH: named, PATH: onPath });
  expect(both).toEqual({
    ffmpeg: named,
    ffprobe: join(onPath, 'ffprobe'),
    versions: { ffmpeg: 'ffmpeg version 9.9', ffprobe: 'ffprobe version 8.8' },
    origin: { ffmpeg: 'environment', ffprobe: 'PATH' },
  });
  const npm = await findMediaTools({ PATH: '' });
  expect(npm.origin).toEqual({ ffmpeg: 'npm', ffprobe: 'npm' });
});

test('something else of that name on PATH is passed over', async () => {
  const first = await fake('ffmpeg', 'hello');
  expect((await findMediaTools({ PATH: first })).origin.ffmpeg).toBe('npm');
});

test('variables that name no such programs are all told at once', async () => {
  const other = join(await fake('other', 'hello'), 'other');
  await expect(findMediaTools({ FFMPEG_PATH: '/nowhere/ffmpeg', FFPROBE_PATH: other, PATH: '' })).rejects.toThrow(
    `bad-ffmpeg-path: FFMPEG_PATH names "/nowhere/ffmpeg", which is no ffmpeg that runs
    set FFMPEG_PATH to the program itself, or unset it
bad-ffmpeg-path: FFPROBE_PATH names "${other}", which is no ffprobe that runs
    set FFPROBE_PATH to the program itself, or unset it`,
  );
});
