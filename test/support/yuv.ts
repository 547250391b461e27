// Pictures as 8-bit YUV with half-size colour planes, as most video has them.
import type { Picture } from '../../rules/media/resample.js';
import { makeWorkspace } from '../../src/kernels/workspace.js';
import { yuv420Bytes, yuvShares } from '../../src/media/yuv.js';
import type { YuvPicture } from '../../src/stage/frames.js';

/** About what a picture is as YUV (BT.601, limited range; of four pixels the first one's colour). */
export function yuvOf({ width, height, data }: Picture): YuvPicture {
  const yuv = new Uint8Array(yuv420Bytes(width, height));
  const across = (width + 1) >> 1;
  const [us, vs] = [width * height, width * height + across * ((height + 1) >> 1)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [r, g, b] = data.subarray(3 * (y * width + x)) as unknown as [number, number, number];
      yuv[y * width + x] = 16 + 0.257 * r + 0.504 * g + 0.098 * b;
      if (x % 2 === 1 || y % 2 === 1) continue;
      const at = (y >> 1) * across + (x >> 1);
      yuv[us + at] = 128 - 0.148 * r - 0.291 * g + 0.439 * b;
      yuv[vs + at] = 128 + 0.439 * r - 0.368 * g - 0.071 * b;
    }
  }
  return { data: yuv, shares: yuvShares.bt601 };
}

/** The RGB of a picture of these sides. */
export function rgbOf({ data, shares }: YuvPicture, width: number, height: number): Uint8Array {
  const { run, bytes } = makeWorkspace({ yuv: data.length, rgb: 3 * width * height });
  bytes.yuv.set(data);
  run.convertPart(bytes.yuv.byteOffset, width, height, bytes.rgb.byteOffset, 0, 0, width, height, ...shares);
  return bytes.rgb;
}
