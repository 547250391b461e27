// Reads and writes the artifacts of stages: JSON documents and JSON Lines, checked against the
// schemas in artifacts.ts both ways. A fault names the file and the line.
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.js';
import { recallParsed } from './parsed-memory.js';

/** Reads one JSON document. Throws when it is not what the schema says. */
export async function readJson<T extends z.ZodType>(path: string, schema: T): Promise<DeepReadonly<z.infer<T>>> {
  return recallParsed(await readFile(path), schema, (bytes) =>
    parseWith(schema, bytes.toString('utf8'), path),
  ) as DeepReadonly<z.infer<T>>;
}

/** Reads JSON Lines, one row a line; an empty file has no rows. */
export async function readJsonLines<T extends z.ZodType>(
  path: string,
  schema: T,
): Promise<readonly DeepReadonly<z.infer<T>>[]> {
  return recallParsed(await readFile(path), schema, (bytes) => {
    const rows: z.infer<T>[] = [];
    // Line by line: a text of all of them, and a list of lines, would take as much memory again.
    for (let from = 0; from < bytes.length;) {
      const end = bytes.indexOf('\n', from);
      if (end < 0) throw new Error(`${path}: the last line is cut off`);
      rows.push(parseWith(schema, bytes.toString('utf8', from, end), `${path}:${rows.length + 1}`));
      from = end + 1;
    }
    return rows;
  }) as readonly DeepReadonly<z.infer<T>>[];
}

/**
 * Reads those rows of JSON Lines whose line is `wanted`. The file goes by in pieces and the other lines are
 * not parsed, so that memory holds the wanted rows alone, however long the file is.
 */
export async function readWantedJsonLines<T extends z.ZodType>(
  path: string,
  schema: T,
  wanted: (line: string) => boolean,
): Promise<readonly DeepReadonly<z.infer<T>>[]> {
  const rows: z.infer<T>[] = [];
  await eachLine(path, (line, where) => {
    if (wanted(line)) rows.push(parseWith(schema, line, where()));
  });
  return rows as readonly DeepReadonly<z.infer<T>>[];
}

/** Shows the rows of JSON Lines one after another. The file goes by in pieces and memory holds none of them. */
export async function eachJsonLine<T extends z.ZodType>(
  path: string,
  schema: T,
  see: (row: DeepReadonly<z.infer<T>>) => void,
): Promise<void> {
  await eachLine(path, (line, where) => see(parseWith(schema, line, where()) as DeepReadonly<z.infer<T>>));
}

/** Longer pieces are large objects to V8, which it lets pile up: 1 MiB each took 40 MiB more, and more time. */
const pieceBytes = 1 << 16;

async function eachLine(path: string, see: (line: string, where: () => string) => void): Promise<void> {
  let rest = '';
  let number = 0;
  const where = (): string => `${path}:${number}`;
  for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: pieceBytes })) {
    const lines = (rest + (piece as string)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      number++;
      see(line, where);
    }
  }
  if (rest !== '') throw new Error(`${path}: the last line is cut off`);
}

/** Writes one JSON document, keys in the schema's order, one line feed at the end. */
export async function writeJson<T extends z.ZodType>(
  path: string,
  schema: T,
  value: DeepReadonly<z.input<T>>,
): Promise<void> {
  const text = JSON.stringify(checked(schema, value, path), null, 1);
  // A list of plain numbers stays on one line: 60,000 PTS are one line of a diff, not 60,000.
  await writeFile(
    path,
    `${text.replace(/\[\s+((?:-?[\d.e+-]+,\s+)*-?[\d.e+-]+)\s+\]/g, (_, list: string) => `[${list.replace(/\s+/g, '')}]`)}\n`,
  );
}

/** Writes JSON Lines, keys in the schema's order. */
export function writeJsonLines<T extends z.ZodType>(
  path: string,
  schema: T,
  rows: readonly DeepReadonly<z.input<T>>[],
): void {
  const writer = new JsonLinesWriter(path, schema);
  try {
    for (const row of rows) writer.append(row);
  } finally {
    writer.close();
  }
}

/** Writes JSON Lines as rows come, keys in the schema's order: memory holds none of them. */
export class JsonLinesWriter<T extends z.ZodType> {
  readonly #path: string;
  readonly #schema: T;
  readonly #file: number;
  #rows = 0;
  /** Lines that are not written yet. */
  #text = '';

  /** Makes the file, which is empty until enough rows came. */
  constructor(path: string, schema: T) {
    this.#path = path;
    this.#schema = schema;
    this.#file = openSync(path, 'w');
  }

  /** @throws on a row that is not what the schema says, with its line */
  append(row: DeepReadonly<z.input<T>>): void {
    this.#rows += 1;
    this.#text += `${JSON.stringify(checked(this.#schema, row, `${this.#path}:${this.#rows}`))}\n`;
    if (this.#text.length >= pieceBytes) this.#flush();
  }

  /** Writes what is left. To be called once, whether all went well or not. */
  close(): void {
    try {
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #flush(): void {
    const bytes = Buffer.from(this.#text);
    for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    this.#text = '';
  }
}

function parseWith<T extends z.ZodType>(schema: T, text: string, where: string): z.infer<T> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${where}: not JSON`, { cause });
  }
  return checked(schema, value, where);
}

function checked<T extends z.ZodType>(schema: T, value: unknown, where: string): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${where}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not what its schema says'}`);
}
