// 8-bit YUV with half-size colour planes to RGB, in whole numbers: what ffmpeg's own fastest conversion gives
// on x86 (libswscale's yuv420p to rgb24), so that parts of a picture can be converted after it left ffmpeg, to
// the same bytes, and to the same on every processor. It starts no process.
import type { FramePart } from '../stage/frames.js';

/** What turns colour into RGB: BT.601 is also what ffmpeg takes for a video that says nothing. */
export type YuvMatrix = 'bt601' | 'bt709';

/** Shares of the colour planes in red, blue and green, in 65,536ths (libswscale's tables, after ITU-R BT.601 and BT.709). */
const shares: Readonly<Record<YuvMatrix, { vr: number; ub: number; ug: number; vg: number }>> = {
  bt601: { vr: 104_597, ub: 132_201, ug: -25_675, vg: -53_279 },
  bt709: { vr: 117_489, ub: 138_438, ug: -13_975, vg: -34_925 },
};

/** Limited range: luma 16 to 235 is stretched to 0 to 255. */
const lumaShare = Math.trunc((65_536 * 255) / 219);

interface Tables {
  readonly y: Int32Array;
  readonly vr: Int32Array;
  readonly ub: Int32Array;
  readonly ug: Int32Array;
  readonly vg: Int32Array;
}

/** Each term by its byte: eight times the value, times the share in 8,192ths, of which the upper 16 bits count. */
function tablesOf(matrix: YuvMatrix): Tables {
  const table = (share: number, zero: number): Int32Array => {
    const factor = Math.floor((share * 8192 + 32_768) / 65_536);
    return Int32Array.from({ length: 256 }, (_, value) => (8 * (value - zero) * factor) >> 16);
  };
  const { vr, ub, ug, vg } = shares[matrix];
  return { y: table(lumaShare, 16), vr: table(vr, 128), ub: table(ub, 128), ug: table(ug, 128), vg: table(vg, 128) };
}

/** The tables, made once. */
const tables: Readonly<Record<YuvMatrix, Tables>> = { bt601: tablesOf('bt601'), bt709: tablesOf('bt709') };

/** Bytes of a picture whose colour planes have half its sides, rounded up. */
export function yuv420Bytes(width: number, height: number): number {
  return width * height + 2 * ((width + 1) >> 1) * ((height + 1) >> 1);
}

/**
 * Converts a part of a yuv420p picture (planes one after another, no padding) into the same place of an rgb24
 * picture of the same size; the rest of `rgb` stays as it is.
 */
export function convertPart(
  yuv: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  { left, top, width: across, height: down }: FramePart,
  matrix: YuvMatrix,
  rgb: Uint8ClampedArray,
): void {
  const { y: lumaOf, vr, ub, ug, vg } = tables[matrix];
  const halfWidth = (width + 1) >> 1;
  const uAt = width * height;
  const vAt = uAt + halfWidth * ((height + 1) >> 1);
  for (let row = top; row < top + down; row++) {
    const colours = (row >> 1) * halfWidth;
    let to = (row * width + left) * 3;
    let from = row * width + left;
    for (let column = left; column < left + across; column++, from++, to += 3) {
      const colour = colours + (column >> 1);
      const u = yuv[uAt + colour]!;
      const v = yuv[vAt + colour]!;
      const luma = lumaOf[yuv[from]!]!;
      rgb[to] = luma + vr[v]!;
      rgb[to + 1] = luma + ug[u]! + vg[v]!;
      rgb[to + 2] = luma + ub[u]!;
    }
  }
}
