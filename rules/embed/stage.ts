// embed: one unit vector for each face that was not rejected, in the order of faces.jsonl. A face
// whose vector has no direction (a flat picture) keeps its row, all zeros, so that rows and faces
// stay in step; whoever reads the vectors takes a zero row as a failed embedding.
import { faceSchema } from '../../src/stage/artifacts.js';
import { openNpyReader, writeNpy } from '../../src/stage/npy.js';
import { readJsonLines } from '../../src/stage/read-write.js';
import type { Stage } from '../../src/stage/stage.js';
import { FaceEmbedder } from './embedder.js';

type EmbedParam = 'embedder' | 'embed_device' | 'device' | 'allow_cpu_fallback';

export const stage: Stage<EmbedParam> = {
  async run(context) {
    const { inputs, outputs, signal } = context;
    const faces = await readJsonLines(inputs.path('faces'), faceSchema);
    const wanted = faces.filter(({ rejection_reason }) => rejection_reason === undefined).length;
    const { cropSize, dim, name } = context.card('embedder');
    const aligned = await openNpyReader(inputs.path('aligned'));
    try {
      const [rows, height, width, channels] = aligned.shape;
      if (rows !== wanted) throw new Error(`faces_aligned.npy has ${rows ?? 0} rows for ${wanted} faces`);
      if (height !== cropSize || width !== cropSize || channels !== 3) {
        throw new Error(`embedder ${name} takes crops of ${cropSize} x ${cropSize}, these are ${height} x ${width}`);
      }
      const vectors = new Float32Array(wanted * dim);
      if (wanted > 0) {
        const embedder = new FaceEmbedder(await context.model('embedder'));
        for (let start = 0; start < wanted; start += embedder.batch) {
          signal.throwIfAborted();
          const count = Math.min(embedder.batch, wanted - start);
          vectors.set(await embedder.embed(await aligned.read(start, count), count), start * dim);
          context.progress(start + count, wanted);
        }
      }
      await writeNpy(outputs.path('embeddings'), { shape: [wanted, dim], data: vectors });
    } finally {
      await aligned.close();
    }
    return { faces_count: wanted };
  },
};
