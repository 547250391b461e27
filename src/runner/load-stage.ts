// Finds the code of a stage: a built-in one by name, or a user's module as it is on disk now.
import { problem } from '../base/problem.js';
import type { RuleCode } from '../pipeline/pipeline.js';
import type { ChunkedStage, Stage, StageCatalogue } from '../stage/stage.js';
import { importModule } from './module-import.js';

/** Code that runs in this process, not as a command. */
export type StageCode = RuleCode & { readonly kind: 'stage' | 'module' };

/** The stage, of either kind. Throws ProblemError `no-stage` when a user's module exports none. */
export async function loadStage(
  code: StageCode,
  { catalogue, projectRoot }: { readonly catalogue: StageCatalogue; readonly projectRoot: string },
): Promise<Stage | ChunkedStage> {
  if (code.kind === 'stage') return (await catalogue[code.stage]!.load()).stage;
  const { stage } = (await importModule(projectRoot, code.file)) as { readonly stage?: unknown };
  if (isRecord(stage) && (typeof stage['run'] === 'function' || hasChunks(stage)))
    // A user's module: more than that its functions are there cannot be seen before they run.
    return stage as unknown as Stage | ChunkedStage;
  throw problem(
    'no-stage',
    `${code.file} exports no \`stage\` with a \`run\` function`,
    'export const stage = { async run({ inputs, outputs, params }) { ... } }',
  );
}

function hasChunks({ chunks }: Readonly<Record<string, unknown>>): boolean {
  return isRecord(chunks) && ['split', 'runChunk', 'merge'].every((name) => typeof chunks[name] === 'function');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
