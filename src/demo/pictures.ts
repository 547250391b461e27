// Brings the photographs that the demo episode is made of: three of the samples in the npm package
// @vladmandic/face-api, taken out of its tarball, checked by digest. The package is no dependency
// and none of its code ever runs.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { problem } from '../base/problem.js';
import { writeAtomic } from '../disk/atomic.js';
import { sha256 } from '../hash/sha256.js';
import { Fetcher } from '../models/fetch.js';
import type { ModelEvent } from '../models/install.js';
import type { PictureName } from './script.js';

/** Where the pictures come from and what may be done with them; shown with the demo. */
export const pictureSource = {
  npm: '@vladmandic/face-api@1.7.15',
  licence: 'MIT',
  author: 'Vladimir Mandic',
} as const;

interface PinnedPicture {
  readonly member: string;
  readonly bytes: number;
  readonly sha256: string;
}

const pinned: Readonly<Record<PictureName, PinnedPicture>> = {
  lounge: {
    member: 'demo/sample3.jpg',
    bytes: 221_049,
    sha256: '8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936',
  },
  stairs: {
    member: 'demo/sample5.jpg',
    bytes: 166_400,
    sha256: '6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938',
  },
  window: {
    member: 'demo/sample6.jpg',
    bytes: 302_445,
    sha256: '9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87',
  },
};

export interface PicturesRequest {
  /** Folder that keeps the pictures; made when it is not there. */
  readonly into: string;
  readonly signal: AbortSignal;
  /** Hears of each picture fetched, as of a model's file. */
  readonly onEvent?: (event: ModelEvent) => void;
  /** Ask nobody: only what is in the folder already. Default: SA_OFFLINE is 1. */
  readonly offline?: boolean;
}

/**
 * The path of each picture. Those already there with the right bytes are kept; the package is
 * fetched once for the others.
 * @throws ProblemError when a picture is missing and cannot be had.
 */
export async function fetchDemoPictures(request: PicturesRequest): Promise<Readonly<Record<PictureName, string>>> {
  const names = Object.keys(pinned) as PictureName[];
  const paths = Object.fromEntries(names.map((name) => [name, join(request.into, `${name}.jpg`)]));
  const missing = names.filter((name) => !isPinned(pinned[name], paths[name]!));
  if (missing.length > 0) await fetchAll(missing, request);
  return paths as Record<PictureName, string>;
}

async function fetchAll(names: readonly PictureName[], request: PicturesRequest): Promise<void> {
  const { into, signal, onEvent, offline = process.env['SA_OFFLINE'] === '1' } = request;
  if (offline) throw missing('not asked, offline', into);
  mkdirSync(into, { recursive: true });
  const scratch = mkdtempSync(join(tmpdir(), 'sa-demo-'));
  try {
    const fetcher = new Fetcher(scratch);
    for (const name of names) {
      const { member, bytes, sha256: expected } = pinned[name];
      const file = `${name}.jpg`;
      const from = `npm ${pictureSource.npm}, ${member}`;
      const picture = await fetcher.fetch({ npm: pictureSource.npm, member }, bytes, {
        signal,
        onBytes: (done, total) => onEvent?.({ kind: 'fetching', file, from, done, total }),
      });
      const data = readFileSync(picture);
      if (sha256(data) !== expected) throw new Error(`the sha256 of ${member} is ${sha256(data)}, not ${expected}`);
      writeAtomic(join(into, file), data);
      onEvent?.({ kind: 'installed', file, from, bytes });
    }
  } catch (error) {
    signal.throwIfAborted();
    throw missing(error instanceof Error ? error.message : String(error), into, error);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function missing(why: string, into: string, cause?: unknown): Error {
  const members = Object.entries(pinned).map(([name, { member }]) => `${member} as ${name}.jpg`);
  return problem(
    'demo-pictures',
    `the demo needs three pictures of the npm package ${pictureSource.npm}, which could not be fetched: ${why}`,
    `or put them into ${into} by hand: ${members.join(', ')}`,
    cause,
  );
}

function isPinned({ bytes, sha256: expected }: PinnedPicture, path: string): boolean {
  try {
    const data = readFileSync(path);
    return data.length === bytes && sha256(data) === expected;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
