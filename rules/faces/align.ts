// Turns a face upright and to one size: the similarity that brings five landmarks closest to the
// ArcFace template, and the warp. Pure. A face that cannot be aligned is rejected here, never cut
// out some other way: aligned and unaligned crops must not meet in one embedding space.
import { growingWorkspace } from '../../src/kernels/workspace.js';
import type { FramePart } from '../../src/stage/frames.js';
import type { Size } from '../media/geometry.js';
import { copyPart, shrinkPart, shrunkSize } from '../media/picture.js';
import type { Picture } from '../media/resample.js';

/** [x, y] in pixels. */
export type Point = readonly [x: number, y: number];
/** Eye on the image's left, eye on its right, nose tip, mouth corners left and right. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

/** InsightFace's template for a 112 x 112 crop, in pixels. */
export const arcfaceTemplate: FivePoints = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];
/** Side of the crop that the template is for. */
export const alignedSide = 112;

/** x' = a x - b y + tx, y' = b x + a y + ty: rotation, one scale, shift; never a mirror image. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/** Why a face cannot be aligned. */
export type Rejection = 'no_landmarks' | 'degenerate_landmarks' | 'too_small' | 'off_frame';

/** A face in the model's template, and how well it fitted. */
export interface AlignedFace {
  readonly kind: 'aligned';
  /** 112 x 112 x 3 RGB bytes. */
  readonly crop: Uint8Array;
  /** From picture pixels to crop pixels. */
  readonly matrix: Similarity;
  /** Crop pixels a picture pixel: above 1 the face is smaller than the crop. */
  readonly scale: number;
  /** Root mean square distance of the mapped landmarks to the template, in crop pixels. */
  readonly residual: number;
  /** Share of the crop that lies inside the picture, 0..1; the rest is black. */
  readonly coverage: number;
  /** The landmarks in crop pixels. */
  readonly landmarks: FivePoints;
}
/** The five points, each as `map` makes it. */
export function mapFive([a, b, c, d, e]: FivePoints, map: (point: Point) => Point): FivePoints {
  return [map(a), map(b), map(c), map(d), map(e)];
}

/** An aligned face, or why there is none. */
export type Alignment = AlignedFace | { readonly kind: 'rejected'; readonly reason: Rejection };

/** Landmarks that fit the template worse than this, in crop pixels, belong to no face; profiles reach 9. */
const residualMax = 14;
/** A face enlarged more than this (about 12 pixels wide) has nothing to tell people apart by. */
const scaleMax = 8;
/** A crop with less than this inside the picture shows no whole face. */
const coverageMin = 0.5;

/**
 * Least-squares similarity between two sets of five points (Umeyama 1991 without reflection, in
 * its closed form for the plane). undefined when the points have no extent or are not numbers.
 */
export function fitSimilarity(from: FivePoints, to: FivePoints): Similarity | undefined {
  const [fromX, fromY] = mean(from);
  const [toX, toY] = mean(to);
  let extent = 0;
  let alongside = 0;
  let across = 0;
  for (let index = 0; index < 5; index++) {
    const x = from[index]![0] - fromX;
    const y = from[index]![1] - fromY;
    const u = to[index]![0] - toX;
    const v = to[index]![1] - toY;
    extent += x * x + y * y;
    alongside += x * u + y * v;
    across += x * v - y * u;
  }
  // Written so that NaN lands here too. A face is never under a hundredth of a pixel.
  if (!(extent > 1e-4) || !Number.isFinite(extent)) return undefined;
  const a = alongside / extent;
  const b = across / extent;
  if (!(Math.hypot(a, b) > 1e-6)) return undefined;
  return { a, b, tx: toX - a * fromX + b * fromY, ty: toY - b * fromX - a * fromY };
}

/** How a face's landmarks fit the template, or why they do not. */
type Fit =
  | ({ readonly kind: 'fitted' } & Pick<AlignedFace, 'matrix' | 'scale' | 'residual' | 'landmarks'>)
  | Exclude<Alignment, AlignedFace>;

function fitFace(landmarks: FivePoints | null): Fit {
  if (landmarks === null) return { kind: 'rejected', reason: 'no_landmarks' };
  const matrix = fitSimilarity(landmarks, arcfaceTemplate);
  if (matrix === undefined) return { kind: 'rejected', reason: 'degenerate_landmarks' };
  const scale = Math.hypot(matrix.a, matrix.b);
  const mapped = mapFive(landmarks, (point) => apply(matrix, point));
  const residual = rootMeanSquareDistance(mapped, arcfaceTemplate);
  if (residual > residualMax) return { kind: 'rejected', reason: 'degenerate_landmarks' };
  if (scale > scaleMax) return { kind: 'rejected', reason: 'too_small' };
  return { kind: 'fitted', matrix, scale, residual, landmarks: mapped };
}

/**
 * Aligns one face: fits `landmarks` (picture pixels) to the ArcFace template and warps the picture
 * to 112 x 112 by inverse mapping with bilinear sampling and a black border. A face more than
 * twice the crop's size is first shrunk by block means, because bilinear sampling would alias. `picture` is
 * interleaved RGB. What cannot be aligned comes back as `rejected` with its reason and is never cut out unaligned.
 * Source: InsightFace's template and `norm_crop`; the fit is Umeyama's (1991).
 */
export function alignFace(picture: Picture, landmarks: FivePoints | null): Alignment {
  const fit = fitFace(landmarks);
  if (fit.kind === 'rejected') return fit;
  const { crop, coverage } = warp(picture, fit.matrix, fit.scale);
  if (coverage < coverageMin) return { kind: 'rejected', reason: 'off_frame' };
  return { ...fit, kind: 'aligned', crop, coverage };
}

/** The part of a picture that `alignFace` looks at; undefined where it looks at none. */
export function partUnderFace(landmarks: FivePoints | null, picture: Size): FramePart | undefined {
  const fit = fitFace(landmarks);
  return fit.kind === 'rejected' ? undefined : partUnderCrop(inverted(fit.matrix), picture);
}

const scratch = growingWorkspace<'part' | 'crop'>();

/** The part of a picture under a crop, shrunk; grown to the largest and then reused. */
let shrunk = new Uint8Array(0);

function warp(picture: Picture, matrix: Similarity, scale: number): { crop: Uint8Array; coverage: number } {
  const inverse = inverted(matrix);
  const factor = Math.floor(1 / scale);
  const part = partUnderCrop(inverse, picture);
  if (part === undefined) return { crop: new Uint8Array(alignedSide * alignedSide * 3), coverage: 0 };
  const { left, top } = part;
  picture.show?.(part);
  if (factor < 2) return sample(picture, part, inverse);
  const size = shrunkSize(part, factor);
  if (shrunk.length < size.width * size.height * 3) shrunk = new Uint8Array(size.width * size.height * 3);
  const small = shrinkPart(picture, part, factor, shrunk);
  // Pixel centres: index x of the picture is index (x - left + 0.5) / factor - 0.5 of the small one.
  return sample(
    small,
    { left: 0, top: 0, ...size },
    {
      a: inverse.a / factor,
      b: inverse.b / factor,
      tx: (inverse.tx - left + 0.5) / factor - 0.5,
      ty: (inverse.ty - top + 0.5) / factor - 0.5,
    },
  );
}

/** What lies in the picture under the crop and one pixel around it; undefined where nothing does. */
function partUnderCrop(inverse: Similarity, picture: Size): FramePart | undefined {
  const corners = [
    [-1, -1],
    [alignedSide, -1],
    [-1, alignedSide],
    [alignedSide, alignedSide],
  ].map(([x, y]) => apply(inverse, [x!, y!]));
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const left = Math.max(0, Math.floor(Math.min(...xs)));
  const top = Math.max(0, Math.floor(Math.min(...ys)));
  const width = Math.min(picture.width, Math.ceil(Math.max(...xs)) + 1) - left;
  const height = Math.min(picture.height, Math.ceil(Math.max(...ys)) + 1) - top;
  return width < 1 || height < 1 ? undefined : { left, top, width, height };
}

/**
 * Fills the crop from `picture` through `inverse` (crop to picture), looking at `part` alone, which holds
 * all that lies under the crop and one pixel more; pixels outside the picture count as black.
 */
function sample(picture: Picture, part: FramePart, inverse: Similarity): { crop: Uint8Array; coverage: number } {
  const { run, bytes } = scratch({ part: part.width * part.height * 3, crop: alignedSide * alignedSide * 3 });
  copyPart(picture, part, bytes.part);
  const inside = run.warp(
    bytes.part.byteOffset,
    part.left,
    part.top,
    part.width,
    picture.width,
    picture.height,
    inverse.a,
    inverse.b,
    inverse.tx,
    inverse.ty,
    alignedSide,
    bytes.crop.byteOffset,
  );
  const crop = bytes.crop.slice(0, alignedSide * alignedSide * 3);
  return { crop, coverage: inside / (alignedSide * alignedSide) };
}

function inverted({ a, b, tx, ty }: Similarity): Similarity {
  const square = a * a + b * b;
  return { a: a / square, b: -b / square, tx: -(a * tx + b * ty) / square, ty: (b * tx - a * ty) / square };
}

function apply({ a, b, tx, ty }: Similarity, [x, y]: Point): Point {
  return [a * x - b * y + tx, b * x + a * y + ty];
}

function mean(points: FivePoints): Point {
  return [points.reduce((sum, [x]) => sum + x, 0) / 5, points.reduce((sum, [, y]) => sum + y, 0) / 5];
}

function rootMeanSquareDistance(left: FivePoints, right: FivePoints): number {
  const squares = left.map(([x, y], index) => (x - right[index]![0]) ** 2 + (y - right[index]![1]) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / 5);
}
