// The videos that rows are measured on, made once a run from the shared clips with ffmpeg: a piece of
// two minutes at 1080p with faces, stretches of it, and long and large ones that repeat it by stream
// copy. SA_BENCH_CLIP names a piece to take instead; SA_BENCH_MEDIA a folder to keep them in.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { shared } from '../../support/shared.js';

/** Shared clips with faces, and how many seconds of each. */
const clips = [
  { file: 'angelone_480p.webm', seconds: 60 },
  { file: 'bbt_demo.mp4', seconds: 28 },
  { file: 'short_hamilton_clip.mp4', seconds: 9 },
  { file: 'office_montage.mp4', seconds: 25 },
] as const;

const encoding = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-threads', '2'];
/** How much of the piece is scaled to 4K; the rest of its length repeats it. */
const largeSeconds = 30;

export class Material {
  readonly #folder: string;
  readonly #note: (text: string) => void;

  constructor(folder: string, note: (text: string) => void) {
    this.#folder = process.env['SA_BENCH_MEDIA'] ?? folder;
    this.#note = note;
    mkdirSync(this.#folder, { recursive: true });
  }

  /** About two minutes of 1920x1080 at 25 frames a second, H.264 at 5 Mbit/s, no sound. */
  piece(): string {
    const given = process.env['SA_BENCH_CLIP'];
    if (given !== undefined) return given;
    const inputs = clips.flatMap(({ file, seconds }) => ['-t', String(seconds), '-i', this.shared(file)]);
    const fitted = 'scale=1920:1080:force_original_aspect_ratio=decrease,pad=1920:1080:-1:-1,setsar=1,fps=25';
    const parts = clips.map((_, at) => `[${at}:v]${fitted},format=yuv420p[p${at}]`);
    const joined = `${clips.map((_, at) => `[p${at}]`).join('')}concat=n=${clips.length}[v]`;
    const graph = [...parts, joined].join(';');
    return this.#made('piece.mp4', [...inputs, '-filter_complex', graph, '-map', '[v]', ...encoding, '-b:v', '5M']);
  }

  /** The first `seconds` of the piece. */
  stretch(seconds: number): string {
    return this.#made(`piece-${seconds}s.mp4`, [
      '-i',
      this.piece(),
      '-t',
      String(seconds),
      '-map',
      '0:v',
      '-c',
      'copy',
    ]);
  }

  /** The piece over and over for `minutes`. */
  long(minutes: number): string {
    return this.#made(`long-${minutes}min.mp4`, repeated(this.piece(), minutes));
  }

  /** Half a minute of the piece at 3840x2160, over and over for `minutes`. */
  large(minutes: number): string {
    const scaled = ['-t', String(largeSeconds), '-i', this.piece(), '-map', '0:v', '-vf', 'scale=3840:2160'];
    const once = this.#made('large.mp4', [...scaled, ...encoding, '-b:v', '16M']);
    return this.#made(`large-${minutes}min.mp4`, repeated(once, minutes));
  }

  /** A clip of the shared folder as it is. Throws where there is none. */
  shared(file: string): string {
    const path = shared(`data/video/${file}`);
    if (!existsSync(path)) throw new Error(`${file} is not beside the checkout: SA_SHARED says where the clips are`);
    return path;
  }

  #made(name: string, words: readonly string[]): string {
    const path = join(this.#folder, name);
    if (existsSync(path)) return path;
    this.#note(`making ${name}`);
    const partial = join(this.#folder, `partial-${name}`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...words, '-an', partial], { stdio: ['ignore', 'ignore', 'inherit'] });
    renameSync(partial, path);
    return path;
  }
}

function repeated(video: string, minutes: number): string[] {
  return ['-stream_loop', '-1', '-i', video, '-t', String(60 * minutes), '-map', '0:v', '-c', 'copy'];
}

/** Frames and seconds of a video, by its container. */
export function lengthOf(video: string): { readonly frames: number; readonly seconds: number } {
  const words = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=nb_frames:format=duration'];
  const said = execFileSync('ffprobe', [...words, '-of', 'json', video], { encoding: 'utf8' });
  const { streams, format } = JSON.parse(said) as {
    readonly streams: readonly { readonly nb_frames?: string }[];
    readonly format: { readonly duration: string };
  };
  return { frames: Number(streams[0]?.nb_frames ?? NaN), seconds: Number(format.duration) };
}
