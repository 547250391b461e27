// The stage `season`: the screentime.json of every episode in, one CSV table out.
import { writeFile } from 'node:fs/promises';
import { screentimeSchema, type Screentime } from '../../src/stage/artifacts.js';
import { readJson } from '../../src/stage/read-write.js';
import type { Stage } from '../../src/stage/stage.js';
import { seasonCsv } from './season-table.js';

export const stage: Stage<never> = {
  async run({ inputs, outputs, signal }) {
    const episodes: Screentime[] = [];
    for (const { path } of inputs.gathered('all')) {
      signal.throwIfAborted();
      episodes.push(await readJson(path, screentimeSchema));
    }
    await writeFile(outputs.path('season'), seasonCsv(episodes));
    return { episodes_count: episodes.length };
  },
};
