// 8-bit YUV with half-size colour planes to RGB, in whole numbers: what ffmpeg's own fastest conversion gives
// on x86 (libswscale's yuv420p to rgb24), so that pictures can be converted after they left ffmpeg, in part, to
// the same bytes, and to the same on every processor. It starts no process; the arithmetic is src/kernels's.
import type { YuvShares } from '../kernels/workspace.js';

/** What turns colour into RGB: BT.601 is also what ffmpeg takes for a video that says nothing. */
export type YuvMatrix = 'bt601' | 'bt709';

/** Limited range: luma 16 to 235 is stretched to 0 to 255. */
const lumaShare = Math.trunc((65_536 * 255) / 219);

/** From 65,536ths to 8,192ths. */
const rounded = (share: number): number => Math.floor((share * 8192 + 32_768) / 65_536);

const sharesOf = (vr: number, ub: number, ug: number, vg: number): YuvShares => [
  rounded(lumaShare),
  rounded(vr),
  rounded(ub),
  rounded(ug),
  rounded(vg),
];

/** Shares of the planes in red, blue and green (libswscale's tables, after ITU-R BT.601 and BT.709). */
export const yuvShares: Readonly<Record<YuvMatrix, YuvShares>> = {
  bt601: sharesOf(104_597, 132_201, -25_675, -53_279),
  bt709: sharesOf(117_489, 138_438, -13_975, -34_925),
};

/** Bytes of a picture whose colour planes have half its sides, rounded up. */
export function yuv420Bytes(width: number, height: number): number {
  return width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
}
