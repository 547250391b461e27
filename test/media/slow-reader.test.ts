// A reader that is slower than ffmpeg: the process is long gone when the last pictures are read.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { decodeFrames } from '../../src/media/decode.js';
import { probeVideo } from '../../src/media/probe.js';
import { usualMediaTools } from '../../src/media/tools.js';

test('a slow reader is handed every frame, also those that were in the pipe when ffmpeg ended', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sa-slow-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'clip.mp4');
  const { ffmpeg } = await usualMediaTools();
  const source = ['-f', 'lavfi', '-i', 'testsrc=size=960x720:rate=25:duration=2'];
  execFileSync(ffmpeg, ['-loglevel', 'error', ...source, '-c:v', 'mpeg4', path]);
  const { signal } = new AbortController();
  const facts = await probeVideo(path, signal);
  const request = { select: { kind: 'all' }, size: { kind: 'full' }, format: 'rgb24' } as const;
  const seen: number[] = [];
  for await (const { index } of decodeFrames(path, facts, request, signal)) {
    seen.push(index);
    if (index > 20) await delay(15);
  }
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
});
