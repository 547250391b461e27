// Draws the demo episode: one ffmpeg command that pans and zooms over the pictures and cuts between
// them. It decides nothing about the content; script.ts does.
import { execFile } from 'node:child_process';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { problem } from '../base/problem.js';
import { temporaryBeside } from '../disk/atomic.js';
import { episode, type PictureName, shots, type Shot, viewHeight } from './script.js';

export interface DemoVideoRequest {
  /** Path of each picture. */
  readonly pictures: Readonly<Record<PictureName, string>>;
  /** The video to write; an .mp4 path. */
  readonly out: string;
  /** The ffmpeg program. */
  readonly ffmpeg: string;
  readonly signal: AbortSignal;
}

/**
 * Writes the demo episode: 854x480, 25 fps, no sound. The same ffmpeg writes the same bytes.
 * H.264 where the build has an encoder for it, else MPEG-4 part 2, which every build has.
 * @throws ProblemError with ffmpeg's last words when neither works.
 */
export async function makeDemoVideo(request: DemoVideoRequest): Promise<void> {
  mkdirSync(dirname(request.out), { recursive: true });
  const out = temporaryBeside(request.out);
  try {
    await drawTo({ ...request, out });
    renameSync(out, request.out);
  } finally {
    rmSync(out, { force: true });
  }
}

async function drawTo(request: DemoVideoRequest): Promise<void> {
  const h264 = await run(request, ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20']);
  if (h264 === undefined) return;
  const mpeg4 = await run(request, ['-c:v', 'mpeg4', '-q:v', '2']);
  if (mpeg4 !== undefined) {
    throw problem('demo-video', 'ffmpeg could not draw the demo episode', mpeg4.message, mpeg4);
  }
}

/** What ffmpeg complained about, or undefined when it wrote the video. An abort is thrown on. */
async function run(request: DemoVideoRequest, encoder: readonly string[]): Promise<Error | undefined> {
  return await new Promise((resolve, reject) => {
    execFile(request.ffmpeg, demoArguments(request, encoder), { signal: request.signal }, (error, _, stderr) => {
      if (request.signal.aborted) reject(request.signal.reason as Error);
      else if (error === null) resolve(undefined);
      else resolve(new Error(stderr.trim().split('\n').slice(-3).join('\n'), { cause: error }));
    });
  });
}

const pictureNames: readonly PictureName[] = ['lounge', 'stairs', 'window'];

function demoArguments({ pictures, out }: DemoVideoRequest, encoder: readonly string[]): string[] {
  return [
    ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-y'],
    // Newer versions turn JPEGs by their EXIF, older ones do not; the script knows them as stored.
    ...pictureNames.flatMap((name) => ['-noautorotate', '-i', pictures[name]]),
    ...['-filter_complex', demoFilter(), '-map', '[episode]', '-an'],
    // Two threads everywhere and no version strings: the machine must not show in the bytes.
    ...[...encoder, '-threads', '2', '-pix_fmt', 'yuv420p', '-r', String(episode.fps)],
    ...[
      '-map_metadata',
      '-1',
      '-fflags',
      '+bitexact',
      '-flags:v',
      '+bitexact',
      '-movflags',
      '+faststart',
      '-f',
      'mp4',
      out,
    ],
  ];
}

/** The filter graph: each picture once, split to its shots; each shot its own camera; all joined. */
function demoFilter(): string {
  const chains = pictureNames.map((name, input) => {
    const uses = shots.flatMap((shot, index) => (shot.picture === name ? [`[p${index}]`] : []));
    // 4:4:4, or crops at odd places would shift the colour by half a pixel.
    return `[${input}:v]scale=out_range=tv,format=yuv444p,split=${uses.length}${uses.join('')}`;
  });
  const joined = shots.map((_, index) => `[s${index}]`).join('');
  return [
    ...chains,
    ...shots.map((shot, index) => `[p${index}]${shotFilter(shot)}[s${index}]`),
    `${joined}concat=n=${shots.length}:v=1:a=0[episode]`,
  ].join(';');
}

/**
 * `zoompan` keeps the shape of what it is given, so the smallest part of the picture that holds
 * both ends of the move and has the episode's shape is cut out first.
 */
function shotFilter(shot: Shot): string {
  const { from, to } = shot;
  const left = Math.floor(Math.min(from.x, to.x));
  const top = Math.floor(Math.min(from.y, to.y));
  const right = Math.max(from.x + from.width, to.x + to.width);
  const bottom = Math.max(from.y + viewHeight(from.width), to.y + viewHeight(to.width));
  const width = Math.ceil(Math.max(right - left, ((bottom - top) * episode.width) / episode.height));
  const height = Math.round(viewHeight(width));
  const move = (start: number, end: number): string => `(${start}+(${end - start})*on/${shot.frames - 1})`;
  return [
    `crop=${width}:${height}:${left}:${top}`,
    [
      `zoompan=z='${width}/${move(from.width, to.width)}'`,
      `x='${move(from.x - left, to.x - left)}'`,
      `y='${move(from.y - top, to.y - top)}'`,
      `d=${shot.frames}`,
      `s=${episode.width}x${episode.height}`,
      `fps=${episode.fps}`,
    ].join(':'),
    ...(shot.mirrored ? ['hflip'] : []),
    'setsar=1',
  ].join(',');
}
