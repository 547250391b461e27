// Draws the episode from pictures in which each face is a plain coloured box, so that what is on
// screen can be measured and held against the truth without any face detector.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeDemoVideo } from '../../src/demo/render.js';
import { type Box, episode, frameCount, pictureFaces, type PictureName } from '../../src/demo/script.js';
import { demoTruth } from '../../src/demo/truth.js';
import { usualMediaTools } from '../../src/media/tools.js';

const { signal } = new AbortController();
const colours = ['red', 'lime', 'blue', 'white'] as const;
const heights: Readonly<Record<PictureName, number>> = { lounge: 1350, stairs: 1398, window: 1537 };
let folder: string;
let ffmpeg: string;
let pictures: Record<PictureName, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sa-demo-render-'));
  ffmpeg = (await usualMediaTools()).ffmpeg;
  pictures = { lounge: draw('lounge'), stairs: draw('stairs'), window: draw('window') };
});

function draw(name: PictureName): string {
  const path = join(folder, `${name}.jpg`);
  const boxes = pictureFaces[name].map(
    ({ box: [x1, y1, x2, y2] }, at) => `drawbox=${x1}:${y1}:${x2 - x1}:${y2 - y1}:${colours[at]!}:fill`,
  );
  const graph = [`color=black:1920x${heights[name]}`, 'format=yuv444p', ...boxes].join(',');
  execFileSync(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', graph, '-frames:v', '1', '-q:v', '2', path]);
  return path;
}

test('in every shot each face is on screen where the truth says, to 5 pixels', async () => {
  const out = join(folder, 'new', 'demo.mp4');
  await makeDemoVideo({ pictures, out, ffmpeg, signal });

  const step = 15;
  const frameBytes = episode.width * episode.height * 3;
  const filter = `select='not(mod(n,${step}))',setpts=N/25/TB`;
  const raw = execFileSync(
    ffmpeg,
    ['-v', 'error', '-i', out, '-vf', filter, '-r', '25', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
    { maxBuffer: 400e6 },
  );
  expect(raw.length / frameBytes).toBe(Math.ceil(frameCount / step));
  const wrong: string[] = [];
  demoTruth().faces.forEach((faces, index) => {
    if (index % step !== 0) return;
    const at = (index / step) * frameBytes;
    const found = boxesByColour(raw.subarray(at, at + frameBytes));
    for (const { name, box } of faces) {
      const there = found.get(colourOf(name));
      const off =
        there === undefined ? Infinity : Math.max(...box.map((side, corner) => Math.abs(side - there[corner]!)));
      if (off > 5)
        wrong.push(`${name} in frame ${index}: known ${box.join(',')}, drawn ${there?.join(',') ?? 'nowhere'}`);
    }
  });
  expect(wrong).toEqual([]);
});

test('a build without H.264 draws it as MPEG-4 part 2, and nothing half-done is left', async () => {
  const poor = join(folder, 'poor-ffmpeg');
  writeFileSync(
    poor,
    `#!/bin/sh\nfor last; do :; done\ncase "$*" in *libx264*) echo half > "$last"; echo "Unknown encoder 'libx264'" >&2; exit 1;; esac\necho "$*" > "$last"\n`,
  );
  chmodSync(poor, 0o755);
  const out = join(folder, 'poor.mp4');
  await makeDemoVideo({ pictures, out, ffmpeg: poor, signal });
  expect(readFileSync(out, 'utf8')).toContain('-c:v mpeg4');
});

test('what ffmpeg complains about is told, and no video is left', async () => {
  const out = join(folder, 'none.mp4');
  const lost = { ...pictures, stairs: join(folder, 'lost.jpg') };
  await expect(makeDemoVideo({ pictures: lost, out, ffmpeg, signal })).rejects.toThrow(/demo-video: .*\n.*lost\.jpg/);
  expect(existsSync(out)).toBe(false);
});

test('an abort stops it', async () => {
  const out = join(folder, 'aborted.mp4');
  const abort = new AbortController();
  const drawing = makeDemoVideo({ pictures, out, ffmpeg, signal: abort.signal });
  abort.abort(new Error('stop'));
  await expect(drawing).rejects.toThrow('stop');
  expect(existsSync(out)).toBe(false);
});

function colourOf(name: string): (typeof colours)[number] {
  const at = Object.values(pictureFaces)
    .map((faces) => faces.findIndex((face) => face.name === name))
    .find((index) => index >= 0);
  return colours[at!]!;
}

/** Bounding box of each colour to 2 pixels, found by which channels are bright. */
function boxesByColour(frame: Uint8Array): Map<string, Box> {
  const names = new Map<number, string>([...[4, 2, 1, 7].entries()].map(([at, bits]) => [bits, colours[at]!]));
  const boxes = new Map<string, Box>();
  for (let y = 0; y < episode.height; y += 2) {
    for (let x = 0; x < episode.width; x += 2) {
      const at = (y * episode.width + x) * 3;
      const bits = (frame[at]! > 110 ? 4 : 0) + (frame[at + 1]! > 110 ? 2 : 0) + (frame[at + 2]! > 110 ? 1 : 0);
      const name = names.get(bits);
      if (name === undefined) continue;
      const [x1, y1, x2, y2] = boxes.get(name) ?? [Infinity, Infinity, 0, 0];
      boxes.set(name, [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 2), Math.max(y2, y + 2)]);
    }
  }
  return boxes;
}
