// Keeps the read pipeline between runs, keyed by the text it was read from and the program that read
// it: a build with nothing to do then parses no YAML and loads no schema. Only a memory: it may be
// deleted, and a damaged one is read past. One line a rule, so that a few rules of a hundred thousand
// can be had without the others.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { writeAtomic } from '../disk/atomic.js';
import { sha256 } from '../hash/sha256.js';
import type { Pipeline, Rule } from '../pipeline/pipeline.js';
import type { StageCatalogue } from '../stage/stage.js';
import { programStamp } from './program-stamp.js';

interface Request {
  readonly text: string;
  /** The file's name as shown in messages. */
  readonly file: string;
  readonly catalogue: StageCatalogue;
  readonly projectRoot: string;
}

/** A pipeline and what it is remembered by. */
export interface Compiled {
  readonly key: string;
  readonly pipeline: Pipeline;
  /** It was read just now, and so knows where in the file everything stands. */
  readonly placed: boolean;
}

/** The pipeline, from memory when this very text was read before. Throws ProblemError for its faults. */
export async function readOrRecall(request: Request): Promise<Compiled> {
  const { text, file, catalogue, projectRoot } = request;
  const key = sha256(
    `${programStamp()}\0${canonicalJson(JSON.parse(JSON.stringify(catalogue)) as Json)}\0${file}\0${text}`,
  );
  const kept = recallPipeline(projectRoot, key);
  if (kept !== undefined) return { key, pipeline: kept, placed: false };
  const pipeline = await readAnew(request);
  try {
    writeAtomic(memoryOf(projectRoot), linesOf(key, pipeline), { durable: false });
  } catch {
    // A project that cannot be written to only reads its file again next time.
  }
  return { key, pipeline, placed: true };
}

/** The pipeline from its text alone, with the place of everything. */
export async function readAnew({ text, file, catalogue }: Omit<Request, 'projectRoot'>): Promise<Pipeline> {
  const { readPipeline } = await import('../pipeline/read.js');
  return readPipeline({ text, file, catalogue });
}

/** A remembered pipeline: rules are read when they are asked for. */
export interface RecalledPipeline extends Pipeline {
  ruleAt(index: number): Rule;
}

/** The pipeline that was kept under `key`, if that one is kept now. */
export function recallPipeline(projectRoot: string, key: string): RecalledPipeline | undefined {
  try {
    const bytes = readFileSync(memoryOf(projectRoot));
    // The last byte is a line feed; a file that was cut off has another.
    if (bytes.at(-1) !== 10 || bytes.toString('latin1', 0, key.length + 1) !== `${key}\n`) return undefined;
    return new RuleLines(bytes, key.length + 1).pipeline();
  } catch {
    return undefined;
  }
}

class RuleLines {
  readonly #bytes: Buffer;
  readonly #head: Omit<Pipeline, 'rules'>;
  readonly #first: number;
  #starts: number[] | undefined;
  #all: readonly Rule[] | undefined;

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes;
    this.#first = bytes.indexOf(10, start) + 1;
    this.#head = JSON.parse(bytes.toString('utf8', start, this.#first)) as Omit<Pipeline, 'rules'>;
  }

  pipeline(): RecalledPipeline {
    const rules = (): readonly Rule[] => (this.#all ??= this.#readAll());
    return Object.defineProperty(
      { ...this.#head, ruleAt: (index: number) => this.#all?.[index] ?? this.#readOne(index) },
      'rules',
      { get: rules, enumerable: true },
    ) as RecalledPipeline;
  }

  #readAll(): readonly Rule[] {
    const body = this.#bytes.toString('utf8', this.#first, this.#bytes.length - 1);
    return body === '' ? [] : (JSON.parse(`[${body.replaceAll('\n', ',')}]`) as Rule[]);
  }

  #readOne(index: number): Rule {
    const starts = (this.#starts ??= this.#readStarts());
    const [start, end] = [starts[index], starts[index + 1]];
    if (start === undefined || end === undefined) throw new Error(`the pipeline has no rule number ${index}`);
    return JSON.parse(this.#bytes.toString('utf8', start, end - 1)) as Rule;
  }

  #readStarts(): number[] {
    const starts = [this.#first];
    for (let at = this.#bytes.indexOf(10, this.#first); at >= 0; at = this.#bytes.indexOf(10, at + 1))
      starts.push(at + 1);
    return starts;
  }
}

function linesOf(key: string, { rules, ...head }: Pipeline): string {
  const lines = rules.map((rule) =>
    JSON.stringify(rule, (name, value: unknown) => (name === 'place' ? undefined : value)),
  );
  return `${[key, JSON.stringify(head), ...lines].join('\n')}\n`;
}

function memoryOf(projectRoot: string): string {
  return join(projectRoot, '.sa', 'pipeline');
}
