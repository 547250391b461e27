// Little pipelines for the reader's tests, and the whole error text of one.
import { ProblemError } from '../../src/base/problem.js';
import type { Pipeline } from '../../src/pipeline/pipeline.js';
import { readPipeline } from '../../src/pipeline/read.js';
import type { StageCatalogue } from '../../src/stage/stage.js';

function never(): never {
  throw new Error('no stage is loaded to read a pipeline');
}

/** Two stages: `find` reads a video, `sum` gathers what it found. */
export const catalogue: StageCatalogue = {
  find: {
    revision: 1,
    params: ['det_thresh'],
    models: ['detector'],
    inputs: ['video'],
    optionalInputs: ['hints'],
    outputs: ['boxes'],
    scope: 'episode',
    load: never,
  },
  sum: { revision: 1, params: [], models: [], inputs: ['all'], outputs: ['table'], scope: 'project', load: never },
};

export function read(text: string): Pipeline {
  return readPipeline({ text, file: 'pipeline.yaml', catalogue });
}

/** The rest of a file of which only `rules` (or other keys) matter. */
export function withRules(rules: string): string {
  return `sa: 1\neach: { ep: "videos/{ep}.mp4" }\nparams: { detector: auto, det_thresh: 0.5, title: x }\nrules:\n${rules}`;
}

/** Everything the reader says of a text that it refuses. */
export function complaints(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
  return 'no problem';
}
