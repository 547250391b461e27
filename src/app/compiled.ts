// Keeps the read pipeline between runs, keyed by the text it was read from and the program that read
// it: a build with nothing to do then parses no YAML and loads no schema. Only a memory: it may be
// deleted, and a damaged one is read past.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { writeAtomic } from '../disk/atomic.js';
import { sha256 } from '../hash/sha256.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import type { StageCatalogue } from '../stage/stage.js';

interface Request {
  readonly text: string;
  /** The file's name as shown in messages. */
  readonly file: string;
  readonly catalogue: StageCatalogue;
  readonly projectRoot: string;
}

/** The pipeline, from memory when this very text was read before. Throws ProblemError for its faults. */
export async function readOrRecall({ text, file, catalogue, projectRoot }: Request): Promise<Pipeline> {
  const memory = join(projectRoot, '.sa', 'pipeline.json');
  const key = sha256(
    `${programStamp()}\0${canonicalJson(JSON.parse(JSON.stringify(catalogue)) as Json)}\0${file}\0${text}`,
  );
  const kept = recall(memory, key);
  if (kept !== undefined) return kept;
  const { readPipeline } = await import('../pipeline/read.js');
  const pipeline = readPipeline({ text, file, catalogue });
  try {
    writeAtomic(memory, `${key}\n${JSON.stringify(pipeline)}\n`);
  } catch {
    // A project that cannot be written to only reads its file again next time.
  }
  return pipeline;
}

function recall(memory: string, key: string): Pipeline | undefined {
  try {
    const [line, body = ''] = readFileSync(memory, 'utf8').split('\n');
    return line === key ? (JSON.parse(body) as Pipeline) : undefined;
  } catch {
    return undefined;
  }
}

// Names, sizes and times of the files that read a pipeline: whoever changes them reads it anew.
function programStamp(): string {
  const folders = [join(import.meta.dirname, '../pipeline'), join(import.meta.dirname, '../stage')];
  return folders
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .map((path) => {
      const { size, mtimeMs } = statSync(path);
      return `${path} ${size} ${mtimeMs}`;
    })
    .join('\n');
}
