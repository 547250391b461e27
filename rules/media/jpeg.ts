// The one door to the picture codec: pixels to JPEG, and picture files to pixels. Settings are
// fixed, so that the same pixels are the same bytes on every run. Finds and computes nothing.
import sharp from 'sharp';
import type { Picture } from './resample.js';

// One thread a picture: several pictures at once use the cores better, and no order depends on timing.
sharp.concurrency(1);
// Nothing is read twice; remembered pictures would only raise the memory of a long run.
sharp.cache(false);

export interface JpegOptions {
  /** 1..100. */
  readonly quality: number;
  /** Side of the square that a square picture is scaled to; left as it is when absent. */
  readonly side?: number;
}

/** Encodes a picture as baseline 4:2:0 JPEG without metadata. */
export async function encodeJpeg(picture: Picture, { quality, side }: JpegOptions): Promise<Uint8Array> {
  const { width, height, data } = picture;
  const raw = sharp(data, { raw: { width, height, channels: 3 } });
  const sized = side === undefined ? raw : raw.resize(side, side, { kernel: 'cubic', fit: 'fill' });
  return sized.jpeg({ quality, chromaSubsampling: '4:2:0', mozjpeg: false, progressive: false }).toBuffer();
}

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
