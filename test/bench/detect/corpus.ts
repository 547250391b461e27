// The labelled material that detectors are measured on: sampled frames of the shared clips with the
// boxes of their ground truth, and group photographs.
import { readFileSync, readdirSync } from 'node:fs';
import type { Corners } from '../../../rules/media/geometry.js';
import type { Picture } from '../../../rules/media/resample.js';
import { readFrames, readPicture } from '../../support/pictures.js';
import { shared } from '../../support/shared.js';

export interface TruthFace {
  /** In 0..1 of the picture. */
  readonly box: Corners;
  readonly state: string;
  readonly height: number;
}

export interface Sample {
  readonly set: 'tv' | 'photo';
  readonly name: string;
  readonly video: { readonly width: number; readonly height: number };
  readonly truth: readonly TruthFace[];
  /** The picture fitted into a square of `side`, as the frame server hands it out. */
  read(side: number): Promise<Picture>;
}

interface TruthFile {
  readonly width: number;
  readonly height: number;
  readonly face_samples: readonly {
    readonly frame: number;
    readonly faces: readonly { state: string; x: number; y: number; w: number; h: number }[];
  }[];
}

const clips = [
  { video: 'angelone_480p.webm', truth: 'angelone.gt.json', every: 24 },
  { video: 'bbt_demo.mp4', truth: 'bbt_demo.gt.json', every: 20 },
  { video: 'short_hamilton_clip.mp4', truth: 'hamilton_short.gt.json', every: 12 },
] as const;

/** Frames of the clips that have ground truth. */
export function tvSamples(): Sample[] {
  return clips.flatMap(({ video, truth, every }) => {
    const labels = JSON.parse(readFileSync(shared(`data/truth/${truth}`), 'utf8')) as TruthFile;
    const { width, height } = labels;
    const frames = new Map<number, Picture[]>();
    const framesAt = (side: number): Picture[] => {
      const scale = side / Math.max(width, height);
      const size = { width: Math.trunc(width * scale + 1e-6), height: Math.trunc(height * scale + 1e-6) };
      const known = frames.get(side) ?? readFrames(shared(`data/video/${video}`), every, size);
      frames.set(side, known);
      return known;
    };
    return labels.face_samples
      .filter(({ frame }) => frame % every === 0)
      .map(({ frame, faces }) => ({
        set: 'tv' as const,
        name: `${video}#${frame}`,
        video: { width, height },
        truth: faces.map(({ state, x, y, w, h }) => ({
          state,
          height: h,
          box: [x / width, y / height, (x + w) / width, (y + h) / height] as const,
        })),
        read: (side: number) => Promise.resolve(framesAt(side)[frame / every]!),
      }));
  });
}

/** Photographs with one or more faces, without labels. */
export async function photoSamples(): Promise<Sample[]> {
  const folders = [
    'data/images/group',
    'data/images/bbt_group',
    'data/images/knn_examples/test',
    'data/images/face_recognition',
  ];
  const files = folders.flatMap((folder) =>
    readdirSync(shared(folder))
      .sort()
      .map((name) => ({ name, path: shared(`${folder}/${name}`) })),
  );
  return Promise.all(
    files.map(async ({ name, path }) => {
      const { width, height } = await readPicture(path);
      return {
        set: 'photo' as const,
        name,
        video: { width, height },
        truth: [],
        read: (side: number) => readPicture(path, side),
      };
    }),
  );
}
