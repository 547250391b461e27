// An adaptive stride on a real detector: it must look where something changes, and nowhere else.
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { abruptChanges } from '../../../rules/detect/abrupt.js';
import { stage } from '../../../rules/detect/stage.js';
import { intersectionOverUnion } from '../../../rules/media/geometry.js';
import type { Picture } from '../../../rules/media/resample.js';
import { detectionSchema, type Detection } from '../../../src/stage/artifacts.js';
import type { Frame } from '../../../src/stage/frames.js';
import type { ModelSession } from '../../../src/stage/model.js';
import { readJsonLines } from '../../../src/stage/read-write.js';
import { runChunked } from '../../support/chunked-stage.js';
import { detectorFiles, openDetector } from '../../support/open-model.js';
import { readFrames, readPicture } from '../../support/pictures.js';
import { describeWithShared, shared } from '../../support/shared.js';
import { detectContext } from './detect-context.js';

/** Makes the picture of a frame. */
type Film = (frame: number) => Picture;

interface Found {
  readonly rows: readonly Detection[];
  readonly text: string;
  /** Frames that went through the network. */
  readonly looks: number;
}

/** What the stage writes of a film of `count` frames, in chunks of `chunk`. */
async function detect(
  film: Film,
  count: number,
  {
    chunk = count,
    signal,
    ...change
  }: { chunk?: number; stride?: number; adaptive?: number; signal?: AbortSignal } = {},
): Promise<Found> {
  const model = await openDetector('yunet_n');
  let looks = 0;
  const run: ModelSession['run'] = (feeds) => {
    // A second look at a face is a smaller picture.
    if (feeds['input']!.dims[3] === 640) looks += 1;
    return model.sessions['net']!.run(feeds);
  };
  const params = { stride: change.stride ?? 1, adaptive_stride: change.adaptive ?? null };
  const { made, detections } = await detectContext(none(), params, {
    count,
    model: { ...model, sessions: { net: { run } } },
    ...(signal && { signal }),
  });
  await runChunked(stage, made, {
    frames: chunk,
    async framesOf(run) {
      const { select } = await stage.chunks.wants!(made, run);
      if (select.kind !== 'every') throw new Error(select.kind);
      return served(film, select.from!, select.to!, select.stride);
    },
  });
  return { rows: await readJsonLines(detections, detectionSchema), text: await readFile(detections, 'utf8'), looks };
}

async function* none(): AsyncGenerator<never> {
  // The frames come by chunk.
}

/** As the server hands frames out: one buffer, overwritten for each. */
// eslint-disable-next-line @typescript-eslint/require-await -- frames come as a stage is handed them
async function* served(film: Film, from: number, to: number, stride: number): AsyncGenerator<Frame> {
  let data = new Uint8Array(0);
  for (let index = from; index < to; index += stride) {
    const picture = film(index);
    if (data.length !== picture.data.length) data = new Uint8Array(picture.data.length);
    data.set(picture.data);
    yield { ...picture, data, index };
  }
}

const strong = ({ conf }: Detection): boolean => conf >= 0.65;
const lookedAt = ({ rows }: Found): number[] => [
  ...new Set(rows.filter(({ interpolated }) => interpolated === undefined).map(({ frame_idx }) => frame_idx)),
];
/** Share of the strong faces of `some` that `others` have at the same place. */
function shareIn(some: Found, others: Found): number {
  const faces = some.rows.filter(strong);
  const has = (face: Detection): boolean =>
    others.rows.some((row) => row.frame_idx === face.frame_idx && intersectionOverUnion(row.bbox, face.bbox) > 0.5);
  return faces.filter(has).length / faces.length;
}

const group = 'data/images/group/insightface_t1.jpg';
describeWithShared('detect with an adaptive stride', [...detectorFiles('yunet_n'), group], () => {
  let whole: Picture;
  beforeAll(async () => {
    whole = await readPicture(shared(group), 720);
  });
  const size = { width: 640, height: 440 };

  /** The picture, moved to the left by a pixel a frame. */
  const moving: Film = (frame) => {
    const data = new Uint8Array(3 * size.width * size.height);
    for (let y = 0; y < size.height; y += 1) {
      const from = 3 * (y * whole.width + frame);
      data.set(whole.data.subarray(from, from + 3 * size.width), 3 * y * size.width);
    }
    return { ...size, data };
  };
  const changed = (
    film: Film,
    isChanged: (frame: number) => boolean,
    change: (value: number, at: number) => number,
  ): Film => {
    return (frame) => {
      const picture = film(frame);
      return isChanged(frame) ? { ...picture, data: picture.data.map(change) } : picture;
    };
  };
  const still: Film = () => moving(0);

  test('looks at every fourth frame of faces that stay, and puts them between in the others', async () => {
    const every = await detect(moving, 21);
    const some = await detect(moving, 21, { adaptive: 4 });
    expect([every.looks, some.looks]).toEqual([21, 6]);
    expect(lookedAt(some)).toEqual([0, 4, 8, 12, 16, 20]);
    expect(lookedAt(every)).toHaveLength(21);
    expect([shareIn(every, some), shareIn(some, every)]).toEqual([1, 1]);
    const [before, between, after] = [4, 5, 8].map((frame) => some.rows.find(({ frame_idx }) => frame_idx === frame)!);
    expect(between!.bbox[0]).toBeCloseTo(before!.bbox[0] + (after!.bbox[0] - before!.bbox[0]) / 4, 5);
    expect(between!.landmarks![2][0]).toBeCloseTo(
      before!.landmarks![2][0] + (after!.landmarks![2][0] - before!.landmarks![2][0]) / 4,
      5,
    );
  });

  test('finds a face in the first frame that shows it, and the last', async () => {
    const [face] = (await detect(still, 5)).rows;
    const [x1, , x2] = face!.bbox.map((edge) => edge * size.width);
    const isHidden = (at: number): boolean => {
      const x = Math.floor(at / 3) % size.width;
      return x >= x1! - 10 && x <= x2! + 10;
    };
    const film = changed(
      still,
      (frame) => frame < 10 || frame > 17,
      (value, at) => (isHidden(at) ? 90 : value),
    );
    const some = await detect(film, 25, { adaptive: 4 });
    const shows = some.rows.filter((row) => strong(row) && intersectionOverUnion(row.bbox, face!.bbox) > 0.5);
    expect(shows.map(({ frame_idx }) => frame_idx)).toEqual([10, 11, 12, 13, 14, 15, 16, 17]);
    expect(lookedAt(some)).toEqual([0, 4, 8, 9, 10, 12, 16, 17, 18, 20, 24]);
  });

  test('takes faces on either side of a cut for no others than they are, though they are in the same place', async () => {
    const film = changed(
      still,
      (frame) => frame >= 6,
      (value) => value >> 1,
    );
    expect(lookedAt(await detect(film, 13, { adaptive: 4 }))).toEqual([0, 4, 5, 6, 8, 12]);
  });

  test('writes the same bytes however the video is divided, and looks at the last frame', async () => {
    const film = changed(
      moving,
      (frame) => frame === 13,
      () => 0,
    );
    for (const stride of [1, 2]) {
      const expected = await detect(film, 23, { stride, adaptive: 4 });
      expect(lookedAt(expected)).toContain(22);
      for (const chunk of [1, 3, 7, 10, 100]) {
        expect((await detect(film, 23, { chunk, stride, adaptive: 4 })).text).toBe(expected.text);
      }
    }
  });

  test.each([1, 2, null])('of %s with stride 2 looks at every second frame', async (adaptive) => {
    const plain = await detect(moving, 9, { stride: 2 });
    const found = await detect(moving, 9, { stride: 2, ...(adaptive !== null && { adaptive }) });
    expect(found.text).toBe(plain.text);
    expect(found.looks).toBe(5);
  });

  test('stops when told to while faces wait to be put between', async () => {
    const controller = new AbortController();
    const film: Film = (frame) => {
      if (frame === 6) controller.abort(new Error('stopped'));
      return moving(frame);
    };
    await expect(detect(film, 21, { adaptive: 4, signal: controller.signal })).rejects.toThrow('stopped');
  });
});

const clip = 'data/video/short_hamilton_clip.mp4';
describeWithShared('an adaptive stride in real video', [...detectorFiles('yunet_n'), clip], () => {
  test('finds what a look at each frame finds, with half the looks', async () => {
    const frames = readFrames(shared(clip), 1, { width: 640, height: 360 }).slice(0, 120);
    const film: Film = (frame) => frames[frame]!;
    const every = await detect(film, frames.length);
    const some = await detect(film, frames.length, { adaptive: 4 });
    expect(shareIn(every, some)).toBeGreaterThan(0.97);
    expect(shareIn(some, every)).toBeGreaterThan(0.97);
    expect(some.looks / every.looks).toBeLessThan(0.5);
  });
});

test('a picture that moves is like the one before, another one or a flash is not, nor is the first like none', () => {
  const ramp = (shift: number): Picture => ({
    width: 64,
    height: 48,
    data: Uint8Array.from({ length: 3 * 64 * 48 }, (_, at) => ((Math.floor(at / 3) % 64) * 3 + shift) & 255),
  });
  const isAnother = abruptChanges();
  expect([ramp(0), ramp(3), ramp(6), ramp(120), ramp(120), ramp(3)].map(isAnother)).toEqual([
    false,
    false,
    false,
    true,
    false,
    true,
  ]);
});
