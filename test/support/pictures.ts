// Pictures for tests: still images through sharp, video frames through ffmpeg, all as RGB.
import { execFileSync } from 'node:child_process';
import sharp from 'sharp';
import type { Picture } from '../../rules/media/resample.js';

/** An image file as upright RGB, scaled to fit a square of `side` when given. */
export async function readPicture(path: string, side?: number): Promise<Picture> {
  const image = sharp(path).rotate().removeAlpha().toColourspace('srgb');
  if (side !== undefined) image.resize(side, side, { fit: 'inside' });
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** Every n-th frame of a video from frame 0, scaled to exactly `size`, as RGB. */
export function readFrames(path: string, every: number, size: { width: number; height: number }): Picture[] {
  const { width, height } = size;
  const filter = `select='not(mod(n\\,${every}))',scale=${width}:${height}:flags=bilinear`;
  const bytes = execFileSync(
    'ffmpeg',
    ['-v', 'error', '-i', path, '-an', '-vf', filter, '-vsync', '0', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'],
    { maxBuffer: 2 ** 31 },
  );
  const length = width * height * 3;
  return Array.from({ length: bytes.length / length }, (_, index) => ({
    width,
    height,
    data: bytes.subarray(index * length, (index + 1) * length),
  }));
}
