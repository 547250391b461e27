// cast: one vector for each usable picture of the cast gallery, made by the models that look at the
// episode. Row i of cast.npy is the i-th picture of cast.json without a rejection. It names nobody;
// the identities stage does.
import { join } from 'node:path';
import { castSchema, round6, type Cast } from '../../src/stage/artifacts.js';
import type { DetectorCard, OpenModel } from '../../src/stage/model.js';
import { writeNpy } from '../../src/stage/npy.js';
import { writeJson } from '../../src/stage/read-write.js';
import type { Stage, StageContext } from '../../src/stage/stage.js';
import { FaceEmbedder } from '../embed/embedder.js';
import { readPicture } from '../media/jpeg.js';
import type { Picture } from '../media/resample.js';
import { faceOfPicture } from './face-of-picture.js';
import { readGallery } from './gallery.js';

type Params = 'detector' | 'embedder' | 'device' | 'embed_device' | 'allow_cpu_fallback';

/** More pixels than any camera's; what unfolds to more is meant as harm. */
const pixelsMax = 200_000_000;

export const stage: Stage<Params> = {
  async run(context) {
    const { ep, inputs, outputs } = context;
    const folder = inputs.optional('pictures');
    const gallery = folder === undefined ? { pictures: [], notes: [] } : readGallery(folder, ep ?? '');
    const { dim, name: embedder } = context.card('embedder');
    const rows: Cast['pictures'][number][] = [];
    const vectors: Float32Array[] = [];
    const models = gallery.pictures.length > 0 ? await openModels(context) : undefined;
    for (const [index, { person, path }] of gallery.pictures.entries()) {
      context.signal.throwIfAborted();
      const seen = await look(join(folder!, path), models!);
      if (typeof seen === 'string') rows.push({ person, path, rejection_reason: seen });
      else {
        const [x1, y1, x2, y2] = seen.bbox;
        rows.push({ person, path, bbox: [round6(x1), round6(y1), round6(x2), round6(y2)] });
        vectors.push(seen.vector);
      }
      context.progress(index + 1, gallery.pictures.length);
    }
    await writeJson(outputs.path('cast'), castSchema, {
      schema_version: 'cast_v1',
      detector: context.card('detector').name,
      embedder,
      pictures: rows,
      notes: [...gallery.notes],
    });
    const data = new Float32Array(vectors.length * dim);
    for (const [row, vector] of vectors.entries()) data.set(vector, row * dim);
    await writeNpy(outputs.path('vectors'), { shape: [vectors.length, dim], data });
    const people = new Set(rows.filter(({ bbox }) => bbox !== undefined).map(({ person }) => person));
    const rejected = rows.length - vectors.length;
    return {
      cast_people_count: people.size,
      cast_pictures_count: vectors.length,
      ...(rejected === 0 ? {} : { cast_pictures_rejected: rejected }),
    };
  },
};

interface Models {
  readonly detector: OpenModel<DetectorCard>;
  readonly embedder: FaceEmbedder;
}

async function openModels(context: StageContext<Params>): Promise<Models> {
  const detector = await context.model('detector');
  return { detector, embedder: new FaceEmbedder(await context.model('embedder')) };
}

/** The face's box and vector, or why the picture cannot be gone by. */
async function look(
  path: string,
  { detector, embedder }: Models,
): Promise<string | { readonly bbox: readonly [number, number, number, number]; readonly vector: Float32Array }> {
  let picture: Picture;
  try {
    picture = await readPicture(path);
  } catch (error) {
    const cause = (error as Error).cause;
    // The library's words may name the file, whose absolute path is no part of a result.
    const why = cause instanceof Error ? cause.message.replaceAll(path, 'the file').split('\n')[0]! : 'unknown format';
    return `cannot be read: ${why}`;
  }
  if (picture.width * picture.height > pixelsMax) return 'too large';
  const face = await faceOfPicture(detector, picture);
  if (face.kind === 'rejected') return face.reason;
  const vector = await embedder.embed(face.crop, 1);
  return vector.some((value) => value !== 0) ? { bbox: face.bbox, vector } : 'its face has nothing to go by';
}
