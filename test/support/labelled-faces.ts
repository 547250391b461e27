// Faces whose person is known, found and aligned the way the program does it: stills of a cast,
// portraits, and the hand-labelled frames of the television clips.
import { readdirSync, readFileSync } from 'node:fs';
import { FaceDetector } from '../../rules/detect/detector.js';
import { alignFace, type FivePoints } from '../../rules/faces/align.js';
import { measureQuality } from '../../rules/faces/quality.js';
import type { Picture } from '../../rules/media/resample.js';
import { type DetectorName, openDetector } from './open-model.js';
import { readFrames, readPicture } from './pictures.js';
import { shared } from './shared.js';

export interface LabelledFace {
  readonly person: string;
  /** A still, or a person in a shot of a clip: what a tracker would join. */
  readonly track: string;
  readonly frame: number;
  /** Readable by the labels: not small, turned away, covered or cut. */
  readonly clear: boolean;
  readonly quality: number;
  /** 112 x 112 RGB. */
  readonly crop: Uint8Array;
}

interface Found {
  readonly bbox: readonly [number, number, number, number];
  readonly crop: Uint8Array;
  readonly quality: number;
}

export const clips = {
  angelone: 'angelone_480p.webm',
  bbt_demo: 'bbt_demo.mp4',
  hamilton_short: 'short_hamilton_clip.mp4',
};
export type Clip = keyof typeof clips;

interface Truth {
  readonly width: number;
  readonly height: number;
  readonly shots: readonly { index: number; start_frame: number; end_frame: number }[];
  readonly face_samples: readonly {
    frame: number;
    faces: readonly { char: string | null; state: string; x: number; y: number; w: number; h: number }[];
  }[];
}

/** The named faces of a clip that the detector finds, every 6th or 10th frame as labelled. */
export async function clipFaces(clip: Clip, detector: DetectorName): Promise<LabelledFace[]> {
  const truth = JSON.parse(readFileSync(shared(`data/truth/${clip}.gt.json`), 'utf8')) as Truth;
  const every = truth.face_samples[1]!.frame;
  const find = await faceFinder(detector, truth);
  const frames = readFrames(shared(`data/video/${clips[clip]}`), every, truth);
  const faces: LabelledFace[] = [];
  for (const { frame, faces: labels } of truth.face_samples) {
    const picture = frames[frame / every];
    const named = labels.filter(({ char }) => char !== null);
    if (named.length === 0 || picture === undefined) continue;
    const shot = truth.shots.find(({ start_frame, end_frame }) => frame >= start_frame && frame < end_frame)!;
    const found = await find(picture);
    for (const { char, state, x, y, w, h } of named) {
      const match = found.find(({ bbox }) => overlap(bbox, [x, y, x + w, y + h]) > 0.4);
      if (match === undefined || char === null) continue;
      faces.push({ ...match, person: char, track: `${clip}/${shot.index}/${char}`, frame, clear: state === 'visible' });
    }
  }
  return faces;
}

/** One face for each still of the folder's people; `side` shrinks the stills first. */
export async function stillFaces(folder: string, detector: DetectorName, side = 640): Promise<LabelledFace[]> {
  const faces: LabelledFace[] = [];
  for (const person of readdirSync(shared(folder)).sort()) {
    for (const file of readdirSync(shared(`${folder}/${person}`)).sort()) {
      // Room around the picture: these are tight crops, and a detector wants to see a whole head.
      const picture = padded(await readPicture(shared(`${folder}/${person}/${file}`), side));
      const find = await faceFinder(detector, picture);
      const largest = (await find(picture)).sort((left, right) => height(right.bbox) - height(left.bbox))[0];
      if (largest === undefined) continue;
      faces.push({ ...largest, person, track: `${person}/${file}`, frame: 0, clear: true });
    }
  }
  return faces;
}

async function faceFinder(
  name: DetectorName,
  video: { width: number; height: number },
): Promise<(picture: Picture) => Promise<Found[]>> {
  const detector = new FaceDetector(await openDetectorOnce(name), {
    sizes: [640],
    scoreMin: 0.5,
    video,
    boxAreaMin: 10,
  });
  return async (picture) => {
    const found = await detector.detect(picture);
    return found.flatMap(({ bbox, landmarks, score }) => {
      if (landmarks === null) return [];
      const points = landmarks.map(([x, y]) => [x * picture.width, y * picture.height]) as unknown as FivePoints;
      const aligned = alignFace(picture, points);
      if (aligned.kind === 'rejected') return [];
      const [x1, y1, x2, y2] = bbox;
      const box = [x1 * picture.width, y1 * picture.height, x2 * picture.width, y2 * picture.height] as const;
      return [{ bbox: box, crop: aligned.crop, quality: measureQuality(aligned, { conf: score, bbox }).score }];
    });
  };
}

const opened = new Map<DetectorName, ReturnType<typeof openDetector>>();
function openDetectorOnce(name: DetectorName): ReturnType<typeof openDetector> {
  const model = opened.get(name) ?? openDetector(name);
  opened.set(name, model);
  return model;
}

function padded({ width, height, data }: Picture): Picture {
  const margin = Math.max(width, height);
  const across = width + 2 * margin;
  const larger = new Uint8Array(across * (height + 2 * margin) * 3);
  for (let row = 0; row < height; row++) {
    larger.set(data.subarray(row * width * 3, (row + 1) * width * 3), ((row + margin) * across + margin) * 3);
  }
  return { width: across, height: height + 2 * margin, data: larger };
}

function height([, y1, , y2]: Found['bbox']): number {
  return y2 - y1;
}

function overlap(left: Found['bbox'], right: Found['bbox']): number {
  const across = Math.min(left[2], right[2]) - Math.max(left[0], right[0]);
  const down = Math.min(left[3], right[3]) - Math.max(left[1], right[1]);
  if (across <= 0 || down <= 0) return 0;
  const area = ([x1, y1, x2, y2]: Found['bbox']): number => (x2 - x1) * (y2 - y1);
  return (across * down) / (area(left) + area(right) - across * down);
}
