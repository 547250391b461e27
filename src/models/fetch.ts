// Fetches from the three kinds of source into a scratch folder: a URL, an npm package's tarball, a
// zip at a URL. It checks lengths and archives; whether the bytes are the right ones is the
// installer's question. A failure says in one line what went wrong.
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { sha256File } from '../hash/sha256.js';
import type { FileSource } from './declaration.js';
import { tarMembers } from './tar.js';
import { extractZipMember } from './zip.js';

/** An npm package with several models is about 50 MB unpacked; far more is no model package. */
const unpackedBytesMax = 1 << 30;

/** How far a download is; `total` is undefined where the sender does not say. */
type OnBytes = (done: number, total: number | undefined) => void;

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onBytes: OnBytes;
}

/** The source in words that name the place to anybody: an address, or package and member. */
export function sourceWords(source: FileSource): string {
  if ('npm' in source) return `npm ${source.npm}, ${source.member}`;
  return 'zip' in source ? `${source.zip}, ${source.member}` : source.url;
}

/** What several files of the registry may share: the archive, or undefined for a plain URL. */
export function archiveOf(source: FileSource): string | undefined {
  return 'npm' in source ? source.npm : 'zip' in source ? source.zip : undefined;
}

/** Archives fetched by one installation, each once. */
export class Fetcher {
  readonly #scratch: string;
  readonly #archives = new Map<string, Promise<string>>();
  #serial = 0;

  /** `scratch`: an existing folder that the caller removes. */
  constructor(scratch: string) {
    this.#scratch = scratch;
  }

  /** Whether the archive that holds this source is already here. */
  has(source: FileSource): boolean {
    const archive = archiveOf(source);
    return archive !== undefined && this.#archives.has(archive);
  }

  /** Fetches into a new file of the scratch folder and returns its path. `bytes` is the length it must have. */
  async fetch(source: FileSource, bytes: number, options: FetchOptions): Promise<string> {
    const target = join(this.#scratch, `file-${++this.#serial}`);
    if ('url' in source) await download(source.url, target, { ...options, bytes });
    else if ('zip' in source) {
      const archive = await this.#once(source.zip, (path) => downloadArchive(source, path, options));
      await extractZipMember(archive, source.member, target, options.signal);
    } else {
      const archive = await this.#once(source.npm, (path) => npmPack(source.npm, path, options));
      await writeFile(target, await npmMember(archive, source.member));
    }
    return target;
  }

  #once(archive: string, make: (path: string) => Promise<string>): Promise<string> {
    let made = this.#archives.get(archive);
    if (made === undefined) {
      made = make(join(this.#scratch, `archive-${++this.#serial}`));
      this.#archives.set(archive, made);
      made.catch(() => this.#archives.delete(archive));
    }
    return made;
  }
}

async function downloadArchive(
  { zip, bytes, sha256 }: Extract<FileSource, { zip: string }>,
  target: string,
  options: FetchOptions,
): Promise<string> {
  await download(zip, target, { ...options, bytes });
  if (sha256 !== undefined) {
    const found = sha256File(target);
    if (found !== sha256) throw new Error(`the archive's sha256 is ${found}, not ${sha256}`);
  }
  return target;
}

async function download(
  url: string,
  target: string,
  { signal, onBytes, bytes }: FetchOptions & { readonly bytes: number | undefined },
): Promise<void> {
  onBytes(0, bytes);
  let response: Response;
  try {
    response = await fetch(url, { signal, redirect: 'follow' });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(reasonOf(error), { cause: error });
  }
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
  const total = bytes ?? lengthOf(response);
  let done = 0;
  const count = new Transform({
    transform(chunk: Uint8Array, _encoding, next) {
      done += chunk.length;
      if (total !== undefined && done > total) next(new Error(`more than the ${total} bytes that were to come`));
      else {
        onBytes(done, total);
        next(null, chunk);
      }
    },
  });
  try {
    await pipeline(Readable.fromWeb(response.body), count, createWriteStream(target), { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(done < (total ?? 0) ? `it broke off after ${done} of ${total ?? 0} bytes` : reasonOf(error), {
      cause: error,
    });
  }
  if (total !== undefined && done < total) throw new Error(`it ended after ${done} of ${total} bytes`);
}

function lengthOf(response: Response): number | undefined {
  const header = response.headers.get('content-length');
  return header === null || response.headers.has('content-encoding') ? undefined : Number(header);
}

/** The tarball of an exact version, through npm itself and with its settings. No script of the package runs. */
async function npmPack(packageVersion: string, folder: string, { signal, onBytes }: FetchOptions): Promise<string> {
  onBytes(0, undefined);
  await mkdir(folder);
  const windows = process.platform === 'win32';
  const words = ['pack', packageVersion, '--ignore-scripts', '--pack-destination', '.', '--loglevel', 'error'];
  try {
    // Windows starts npm.cmd only through its shell; the version is checked by pattern, so nothing in it is special there.
    await promisify(execFile)(windows ? 'npm.cmd' : 'npm', words, { cwd: folder, signal, shell: windows });
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(npmReason(error), { cause: error });
  }
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack left no tarball');
  return join(folder, tarball);
}

async function npmMember(tarball: string, member: string): Promise<Uint8Array> {
  const archive = await promisify(gunzip)(await readFile(tarball), { maxOutputLength: unpackedBytesMax });
  const path = `package/${member}`;
  const found = tarMembers(archive, new Set([path])).get(path);
  if (found === undefined) throw new Error(`there is no ${member} in the package`);
  return found;
}

function npmReason(error: unknown): string {
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
  if (code === 'ENOENT') return 'npm is not installed';
  const lines = stderr.split('\n').filter((line) => /^npm err/i.test(line));
  const said = lines.slice(0, 2).map((line) => line.replace(/^npm err(or|!)?\s*/i, ''));
  return said.length > 0 ? `npm says: ${said.join('; ')}` : reasonOf(error);
}

/** The innermost cause in one line: undici wraps "fetch failed" around what happened. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error.message.split('\n')[0] ?? 'it failed';
}
