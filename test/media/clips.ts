// Small odd videos, made with ffmpeg when a test asks. Frame n is evenly gray, 40 + 8n, so that a
// picture tells which frame it is.
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { findMediaTools, type MediaTools } from '../../src/media/tools.js';

/** The programs on PATH where there are any, and those that npm brings. */
export async function toolSets(): Promise<readonly MediaTools[]> {
  const npm = await findMediaTools({ PATH: '/nowhere' });
  const usual = await findMediaTools(process.env);
  return usual.origin.ffmpeg === 'npm' ? [npm] : [usual, npm];
}

export const grayOf = (frame: number): number => 40 + 8 * frame;

/** A source of `frames` gray frames at 10 a second, as ffmpeg input options. */
export function graySource({ frames = 20, size = '64x48' } = {}): string[] {
  const seconds = frames / 10;
  return ['-f', 'lavfi', '-i', `nullsrc=s=${size}:r=10:d=${seconds},geq=lum='40+8*N':cb=128:cr=128,format=yuv420p`];
}

/** x264 without visible loss. */
export const x264 = ['-c:v', 'libx264', '-qp', '4', '-pix_fmt', 'yuv420p'];

/** A folder for this test file's clips; removed at its end. */
export function clipFolder(): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'sa-clips-'));
  afterAll(() => rm(folder, { recursive: true }));
  return (name) => join(folder, name);
}

/** Makes a file with ffmpeg; fails the test with what ffmpeg said. */
export async function make(path: string, args: readonly string[]): Promise<string> {
  const [tools] = await toolSets();
  await promisify(execFile)(tools!.ffmpeg, ['-v', 'error', '-y', '-nostdin', ...args, path]);
  return path;
}

/** Writes the matrix of a quarter turn clockwise into the first track header of an mp4, as cameras do. */
export async function turnByMatrix(from: string, to: string, height: number): Promise<string> {
  const bytes = await readFile(from);
  const matrix = bytes.indexOf('tkhd') + 4 + 40;
  [0, 0x10000, 0, -0x10000, 0, 0, height << 16, 0, 0x40000000].forEach((value, at) => {
    bytes.writeInt32BE(value, matrix + 4 * at);
  });
  await writeFile(to, bytes);
  return to;
}

/** Child processes of this one, once handles that are being closed are closed. */
export async function ownProcesses(): Promise<number> {
  for (let turn = 0; turn < 10; turn++) await new Promise((done) => setImmediate(done));
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
}
