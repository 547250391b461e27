// manifests/{ep}/ids.json: which identity was whom, by faces in time and place, so that ids outlive
// a new tracking or another model. Written by `sa edit keep-ids`, an input of the identities stage.
import { z } from 'zod';
import { problem } from '../base/problem.js';

const keptIdsSchema = z.object({
  schema_version: z.literal('ids_v1'),
  ids: z.array(
    z.object({
      id: z.string().regex(/^id_\d{4,}$/),
      faces: z.array(
        z.object({
          /** Seconds from the first frame. */
          at: z.number().min(0),
          box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
          /** Length of the track that the face is from: how much it counts. */
          seconds: z.number().positive(),
        }),
      ),
    }),
  ),
});
export type KeptIds = z.infer<typeof keptIdsSchema>;

/** Throws ProblemError when the text is not what `formatKeptIds` writes. */
export function parseKeptIds({ text, file }: { readonly text: string; readonly file: string }): KeptIds['ids'] {
  const wrong = (what: string): Error =>
    problem('bad-ids', `${file}: ${what}`, 'write it anew with: sa edit keep-ids EPISODE, or remove it');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('not JSON');
  }
  const result = keptIdsSchema.safeParse(value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw wrong(`${issue!.path.join('.')}: ${issue!.message}`);
  }
  const { ids } = result.data;
  const twice = ids.find(({ id }, index) => ids.findIndex((other) => other.id === id) !== index);
  if (twice !== undefined) throw wrong(`${twice.id} stands there twice`);
  return ids;
}

/** One face a line, so that a change shows well in a diff. */
export function formatKeptIds(ids: KeptIds['ids']): string {
  const people = ids.map(({ id, faces }) => {
    const lines = faces.map((face) => `    ${JSON.stringify(face)}`);
    return `  { "id": ${JSON.stringify(id)}, "faces": [\n${lines.join(',\n')}\n  ] }`;
  });
  return `{ "schema_version": "ids_v1", "ids": [\n${people.join(',\n')}\n] }\n`;
}
