// From a picture of somebody to one aligned face, or the reason why there is none to go by. It owns
// no model and reads no file.
import type { DetectorCard, OpenModel } from '../../src/stage/model.js';
import { FaceDetector } from '../detect/detector.js';
import type { FoundFace } from '../detect/merge.js';
import { alignFace, type FivePoints } from '../faces/align.js';
import type { Picture } from '../media/resample.js';

export type PictureFace =
  | { readonly kind: 'face'; readonly bbox: FoundFace['bbox']; readonly crop: Uint8Array }
  | { readonly kind: 'rejected'; readonly reason: string };

/** Longest side of the detector's input. */
const detectorSize = 640;
/** Calibrated score from which a face counts. */
const scoreMin = 0.65;
/** A second face this tall, as a share of the tallest, could be meant as well. */
const secondFaceMin = 0.5;
/** Boxes that share this much of the smaller one are one face found twice. */
const sameFaceMin = 0.5;
/** A face over this share of the picture's height or width is a tight crop. */
const tightMin = 0.6;
/** Smallest box that is looked at, in square pixels. */
const boxAreaMin = 100;

/**
 * The only face of the picture, or its largest when the others are less than half as tall; boxes
 * are normalised to the picture. A tight crop, in which detectors see no whole head, is looked at
 * with room around it.
 */
export async function faceOfPicture(model: OpenModel<DetectorCard>, picture: Picture): Promise<PictureFace> {
  const faces = await facesIn(model, picture);
  if (faces.length > 0 && !faces.some(isTight)) return onlyFace(picture, faces);
  const margin = Math.max(picture.width, picture.height);
  const roomy = withMargin(picture, margin);
  const roomyFaces = await facesIn(model, roomy);
  if (roomyFaces.length === 0) return onlyFace(picture, faces);
  const found = onlyFace(roomy, roomyFaces);
  if (found.kind === 'rejected') return found;
  const [x1, y1, x2, y2] = found.bbox;
  const across = (x: number): number => (x * roomy.width - margin) / picture.width;
  const down = (y: number): number => (y * roomy.height - margin) / picture.height;
  return { ...found, bbox: [across(x1), down(y1), across(x2), down(y2)] };
}

function isTight({ bbox: [x1, y1, x2, y2] }: FoundFace): boolean {
  return x2 - x1 > tightMin || y2 - y1 > tightMin;
}

async function facesIn(model: OpenModel<DetectorCard>, picture: Picture): Promise<FoundFace[]> {
  const detector = new FaceDetector(model, { sizes: [detectorSize], scoreMin, video: picture, boxAreaMin });
  return detector.detect(picture);
}

function onlyFace(picture: Picture, faces: readonly FoundFace[]): PictureFace {
  const byHeight = [...faces].sort((one, other) => heightOf(other) - heightOf(one));
  const [largest] = byHeight;
  if (largest === undefined) return { kind: 'rejected', reason: 'no face found' };
  const meant = byHeight.filter((face) => face === largest || (heightOf(face) >= secondFaceMin * heightOf(largest) && overlap(face, largest) < sameFaceMin)); // prettier-ignore
  if (meant.length > 1) {
    return { kind: 'rejected', reason: `${meant.length} faces found: cut the picture to the one that is meant` };
  }
  // map keeps the five points; the compiler forgets how many there are.
  const points = largest.landmarks?.map(([x, y]) => [x * picture.width, y * picture.height]) as FivePoints | undefined;
  const aligned = alignFace(picture, points ?? null);
  if (aligned.kind === 'rejected') return { kind: 'rejected', reason: aligned.reason.replaceAll('_', ' ') };
  return { kind: 'face', bbox: largest.bbox, crop: aligned.crop };
}

function heightOf({ bbox: [, y1, , y2] }: FoundFace): number {
  return y2 - y1;
}

/** Share of the smaller box that lies in the other one. */
function overlap({ bbox: one }: FoundFace, { bbox: other }: FoundFace): number {
  const across = Math.min(one[2], other[2]) - Math.max(one[0], other[0]);
  const down = Math.min(one[3], other[3]) - Math.max(one[1], other[1]);
  const area = ([x1, y1, x2, y2]: FoundFace['bbox']): number => (x2 - x1) * (y2 - y1);
  return across <= 0 || down <= 0 ? 0 : (across * down) / Math.min(area(one), area(other));
}

/** The picture on black, with `margin` pixels on each side. */
function withMargin({ width, height, data }: Picture, margin: number): Picture {
  const across = width + 2 * margin;
  const larger = new Uint8Array(across * (height + 2 * margin) * 3);
  for (let row = 0; row < height; row++) {
    larger.set(data.subarray(row * width * 3, (row + 1) * width * 3), ((row + margin) * across + margin) * 3);
  }
  return { width: across, height: height + 2 * margin, data: larger };
}
