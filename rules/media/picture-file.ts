// The one door to the picture library: picture files to pixels. Finds and computes nothing.
import sharp from 'sharp';
import type { Picture } from './resample.js';

// Nothing is read twice; remembered pictures would only raise the memory of a long run.
sharp.cache(false);

/**
 * Reads a picture file (JPEG, PNG, WebP, ...) as upright RGB; transparency is laid on black.
 * Throws an Error that names the file when it holds no picture.
 */
export async function readPicture(source: string | Uint8Array): Promise<Picture> {
  try {
    const upright = sharp(source).rotate().flatten({ background: '#000000' }).toColourspace('srgb');
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
    if (info.channels === 3) return { width: info.width, height: info.height, data };
    throw new Error(`${info.channels} channels`);
  } catch (cause) {
    throw new Error(`cannot read a picture from ${typeof source === 'string' ? source : 'bytes'}`, { cause });
  }
}
