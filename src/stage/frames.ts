// What a stage says about the frames it wants, and what it is handed. Stages never open a video.

/** Which frames: all, every n-th, or listed ordinals in ascending order. */
export type FrameSelection =
  | { readonly kind: 'all' }
  /** `from`, from + stride, ... below `to`: frame ordinals; the whole video where they are left out. */
  | { readonly kind: 'every'; readonly stride: number; readonly from?: number; readonly to?: number }
  | { readonly kind: 'listed'; readonly indices: readonly number[] };

/**
 * The picture's size: as displayed (rotated upright, square pixels), or scaled. `fit` keeps the
 * aspect ratio inside the box: scale = min(width/w, height/h), sides truncated, never below 1.
 */
export type FrameSize =
  | { readonly kind: 'full' }
  | { readonly kind: 'fit'; readonly width: number; readonly height: number }
  | { readonly kind: 'exact'; readonly width: number; readonly height: number };

/** Interleaved 8-bit pixels, or one luma byte a pixel. */
export type PixelFormat = 'rgb24' | 'bgr24' | 'gray8';

/**
 * How the picture is sampled when `size` is not `full`. `two-tap` blends the four nearest pixels
 * and nothing else, in the arithmetic of OpenCV's INTER_LINEAR after its BT.601 conversion, so
 * that references computed with OpenCV can be met to the last bit; the rest are ffmpeg's scalers.
 */
export type Scaler = 'bilinear' | 'area' | 'bicubic' | 'neighbor' | 'two-tap';

/** Which frames a stage wants to see, and how. */
export interface FrameRequest {
  /** Role of the input that is the video. */
  readonly video: string;
  readonly select: FrameSelection;
  readonly size: FrameSize;
  readonly format: PixelFormat;
  readonly scaler?: Scaler;
  /** By ordinal, all that the reader will look at of each frame; it calls `show` for a part before it does. */
  readonly parts?: FrameParts | undefined;
  /** The reader can do with a frame's `yuv`, where it has one, and calls `show` before it looks at `data`. */
  readonly asYuv?: boolean;
  /** The reader may say by `keep` what others will look at later. It is not handed the next frame meanwhile. */
  readonly keeps?: boolean;
}

/** Parts of frames by the frame's ordinal. */
export type FrameParts = ReadonlyMap<number, readonly FramePart[]>;

/** A rectangle of whole pixels inside a frame. */
export interface FramePart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A picture as 8-bit YUV: tight rows of luma, then of each colour at half the sides, rounded up. */
export interface YuvPicture {
  readonly data: Uint8Array;
  /** What makes RGB of it, in 8,192ths: luma, v in red, u in blue, u in green, v in green. */
  readonly shares: readonly [luma: number, vr: number, ub: number, ug: number, vg: number];
}

/** One decoded picture. */
export interface Frame {
  /** Ordinal in presentation order, counted from 0 over every frame of the stream. */
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** width x height x channels bytes, rows top to bottom; reused for the next frame unless copied. */
  readonly data: Uint8Array;
  /** Fills in a part of `data`; there only where `parts` were named or `asYuv` was asked for, and not always then. */
  readonly show?: ((part: FramePart) => void) | undefined;
  /** What `data` is made of; there only where `asYuv` was asked for, and not always then. Reused like `data`. */
  readonly yuv?: YuvPicture | undefined;
  /**
   * Keeps parts of this frame as it is at full size, for those who will look at them in the same build and then need no decoding.
   * There only where `keeps` was asked for and there is such a one. To be called before the next frame is asked for.
   */
  readonly keep?: ((parts: readonly FramePart[]) => void) | undefined;
}
