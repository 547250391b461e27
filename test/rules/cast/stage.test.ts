// The stage on real pictures with real models: which pictures can be gone by, and why not.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { stage } from '../../../rules/cast/stage.js';
import { encodeJpeg } from '../../../rules/media/jpeg.js';
import { castSchema, type Cast } from '../../../src/stage/artifacts.js';
import { defaultConfig } from '../../../src/stage/config.js';
import { readFloatMatrix } from '../../../src/stage/npy.js';
import type { StageContext, StageCounts } from '../../../src/stage/stage.js';
import { openEmbedder } from '../../support/embedders.js';
import { stageContext } from '../../support/face-episode.js';
import { openDetector, type DetectorName } from '../../support/open-model.js';
import { describeWithShared, shared } from '../../support/shared.js';

type Made = Cast & {
  readonly counts: StageCounts;
  readonly vectors: { rows: number; dim: number; data: Float32Array };
};

/** Runs the stage on a gallery; values are shared files to copy, or bytes. */
async function castOf(files: Readonly<Record<string, string | Uint8Array>>, name: DetectorName): Promise<Made> {
  const folder = mkdtempSync(join(tmpdir(), 'sa-cast-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    const to = join(folder, 'pictures', path);
    mkdirSync(dirname(to), { recursive: true });
    if (typeof content === 'string') copyFileSync(shared(`data/images/${content}`), to);
    else writeFileSync(to, content);
  }
  const [detector, embedder] = [await openDetector(name), await openEmbedder('mobilefacenet-512')];
  const models = { detector, embedder };
  const context: StageContext = {
    ...stageContext({ folder, params: defaultConfig(), card: embedder.card }),
    model: ((role: keyof typeof models) => Promise.resolve(models[role])) as unknown as StageContext['model'],
    card: ((role: keyof typeof models) => models[role].card) as unknown as StageContext['card'],
  };
  const counts = await stage.run(context);
  const cast = castSchema.parse(JSON.parse(readFileSync(join(folder, 'out-cast'), 'utf8')));
  return { ...cast, counts, vectors: await readFloatMatrix(join(folder, 'out-vectors')) };
}

const stripes = Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => 60 + (at % 97));
const pair = ['models/yunet_n_dynamic.onnx', 'models/fr_feature.onnx'];

describeWithShared('cast', ['data/images/bbt_cast', 'data/images/group/insightface_t1.jpg', ...pair], () => {
  test('a corrupt picture, one without a face and one with several are told, each with its reason', async () => {
    const raj = readFileSync(shared('data/images/bbt_cast/raj/raj1.png'));
    const { pictures, counts, vectors, notes } = await castOf(
      {
        'Raj/1.png': 'bbt_cast/raj/raj1.png',
        'Raj/2.png': raj.subarray(0, raj.length / 2),
        'Raj/3.jpg': new TextEncoder().encode('no picture at all'),
        'Six/1.jpg': 'group/insightface_t1.jpg',
        'Wall/1.jpg': await encodeJpeg({ width: 64, height: 64, data: stripes }, { quality: 85 }),
        'Wall/list.txt': new Uint8Array(),
      },
      'yunet_n',
    );
    expect(pictures.map(({ path, rejection_reason }) => [path, rejection_reason])).toEqual([
      ['Raj/1.png', undefined],
      ['Raj/2.png', expect.stringMatching(/^cannot be read: /)],
      ['Raj/3.jpg', 'cannot be read: Input file contains unsupported image format'],
      ['Six/1.jpg', '6 faces found: cut the picture to the one that is meant'],
      ['Wall/1.jpg', 'no face found'],
    ]);
    expect(JSON.stringify(pictures)).not.toContain(tmpdir());
    expect(notes).toEqual([{ path: 'Wall/list.txt', note: 'no picture (jpg, png, webp, avif, tiff)' }]);
    expect(counts).toEqual({ cast_people_count: 1, cast_pictures_count: 1, cast_pictures_rejected: 4 });
    expect([vectors.rows, vectors.dim]).toEqual([1, 512]);
  });

  test('no gallery is no cast, and opens no model', async () => {
    const { pictures, counts, vectors } = await castOf({}, 'yunet_n');
    expect([pictures, counts, vectors.rows]).toEqual([[], { cast_people_count: 0, cast_pictures_count: 0 }, 0]);
  });
});

describeWithShared(
  'tight crops',
  ['data/images/bbt_cast', 'models/fr_detect.onnx', 'models/fr_landmark.onnx', ...pair],
  () => {
    test.each(['yunet_n', 'ultralight'] as const)(
      '%s finds the one face of each, and people are apart',
      async (name) => {
        const people = ['howard', 'raj', 'sheldon'];
        const files = people.flatMap((who) =>
          [1, 2].map((at) => [`${who}/${at}.png`, `bbt_cast/${who}/${who}${at}.png`]),
        );
        const { pictures, vectors } = await castOf(Object.fromEntries(files) as Record<string, string>, name);
        expect(pictures.map(({ rejection_reason }) => rejection_reason)).toEqual(Array(6).fill(undefined));
        const cosine = (one: number, other: number): number => {
          let sum = 0;
          for (let at = 0; at < 512; at++) sum += vectors.data[one * 512 + at]! * vectors.data[other * 512 + at]!;
          return sum;
        };
        for (const own of [0, 2, 4]) {
          for (const other of [0, 2, 4]) if (own !== other) expect(cosine(own, own + 1)).toBeGreaterThan(cosine(own, other) + 0.1); // prettier-ignore
        }
      },
    );
  },
);
