// embed: one unit vector for each face that was not rejected, in the order of faces.jsonl. A face
// whose vector has no direction (a flat picture) keeps its row, all zeros, so that rows and faces
// stay in step; whoever reads the vectors takes a zero row as a failed embedding.
import { join } from 'node:path';
import { faceSchema } from '../../src/stage/artifacts.js';
import { concatenateNpy, openNpyReader, writeNpy } from '../../src/stage/npy.js';
import { eachJsonLine } from '../../src/stage/read-write.js';
import type { ChunkedStage } from '../../src/stage/stage.js';
import { chunkLength, runsOf, type Run } from '../media/division.js';
import { batchOf, FaceEmbedder } from './embedder.js';

type EmbedParam = 'embedder' | 'embed_device' | 'device' | 'allow_cpu_fallback';

/** A thread takes as long to open the model as to embed a few dozen faces. */
const facesMin = 96;

/** Name of a chunk's vectors in its part. */
const partFile = 'vectors.npy';

export const stage: ChunkedStage<EmbedParam, Run> = {
  chunks: {
    /** Runs of rows, each of whole batches. */
    async split({ inputs, card }, size) {
      let wanted = 0;
      await eachJsonLine(inputs.path('faces'), faceSchema, ({ rejection_reason }) => {
        if (rejection_reason === undefined) wanted++;
      });
      const { cropSize, name } = card('embedder');
      const aligned = await openNpyReader(inputs.path('aligned'));
      await aligned.close();
      const [rows, height, width, channels] = aligned.shape;
      if (rows !== wanted) throw new Error(`faces_aligned.npy has ${rows ?? 0} rows for ${wanted} faces`);
      if (height !== cropSize || width !== cropSize || channels !== 3) {
        throw new Error(`embedder ${name} takes crops of ${cropSize} x ${cropSize}, these are ${height} x ${width}`);
      }
      const batch = batchOf(card('embedder'));
      return runsOf(wanted, Math.ceil(chunkLength(wanted, size, facesMin) / batch) * batch);
    },

    async runChunk(context, { from, to }) {
      const { inputs, part, signal } = context;
      const { dim } = context.card('embedder');
      const vectors = new Float32Array((to - from) * dim);
      if (to > from) {
        const aligned = await openNpyReader(inputs.path('aligned'));
        try {
          const embedder = new FaceEmbedder(await context.model('embedder'));
          for (let start = from; start < to; start += embedder.batch) {
            signal.throwIfAborted();
            const count = Math.min(embedder.batch, to - start);
            vectors.set(await embedder.embed(await aligned.read(start, count), count), (start - from) * dim);
            context.progress(start + count - from, to - from);
          }
        } finally {
          await aligned.close();
        }
      }
      await writeNpy(join(part, partFile), { shape: [to - from, dim], data: vectors });
      return { faces_count: to - from };
    },

    async merge({ outputs }, parts) {
      const files = parts.map(({ folder }) => join(folder, partFile));
      return { faces_count: await concatenateNpy(files, outputs.path('embeddings')) };
    },
  },
};
