// Finds ffmpeg and ffprobe: by FFMPEG_PATH and FFPROBE_PATH, then PATH, then the builds that npm
// brings along. It starts them only to ask their version; it opens no video.
import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { ProblemError, type Problem } from '../base/problem.js';

/** Where a program was found. */
export type ToolOrigin = 'environment' | 'PATH' | 'npm';

/** What decoding takes. */
export interface DecoderTool {
  /** Absolute path of the program. */
  readonly ffmpeg: string;
  /** First line of `-version`, e.g. `ffmpeg version 5.1.9-0+deb12u1 Copyright ...`. */
  readonly versions: { readonly ffmpeg: string };
}

export interface MediaTools extends DecoderTool {
  readonly ffprobe: string;
  readonly versions: { readonly ffmpeg: string; readonly ffprobe: string };
  readonly origin: { readonly ffmpeg: ToolOrigin; readonly ffprobe: ToolOrigin };
}

type ToolName = 'ffmpeg' | 'ffprobe';
type Environment = Readonly<Record<string, string | undefined>>;

interface FoundTool {
  readonly path: string;
  readonly version: string;
  readonly origin: ToolOrigin;
}

type Found = FoundTool | Problem;

const install =
  'install it (Debian, Ubuntu: sudo apt-get install ffmpeg; macOS: brew install ffmpeg; Windows: winget install ffmpeg)';

/**
 * Both programs with their versions. Throws one ProblemError that names each missing program and
 * what to type: `no-ffmpeg`, or `bad-ffmpeg-path` when a variable names a file that does not run.
 */
export async function findMediaTools(env: Environment): Promise<MediaTools> {
  return toolsOf(findTool('ffmpeg', env), findTool('ffprobe', env));
}

async function toolsOf(...both: readonly [Promise<Found>, Promise<Found>]): Promise<MediaTools> {
  const [ffmpeg, ffprobe] = await Promise.all(both);
  if ('code' in ffmpeg || 'code' in ffprobe) {
    throw new ProblemError([ffmpeg, ffprobe].filter((found): found is Problem => 'code' in found));
  }
  return {
    ffmpeg: ffmpeg.path,
    ffprobe: ffprobe.path,
    versions: { ffmpeg: ffmpeg.version, ffprobe: ffprobe.version },
    origin: { ffmpeg: ffmpeg.origin, ffprobe: ffprobe.origin },
  };
}

const usual = new Map<ToolName, Promise<Found>>();

/** The program for this process's environment; looked for once, for starting it takes a tenth of a second. */
function usualTool(name: ToolName): Promise<Found> {
  const found = usual.get(name) ?? findTool(name, process.env);
  usual.set(name, found);
  return found;
}

/** Both programs for this process's environment. Throws as `findMediaTools` does. */
export function usualMediaTools(): Promise<MediaTools> {
  return toolsOf(usualTool('ffmpeg'), usualTool('ffprobe'));
}

/** The one that decodes, for this process's environment. Throws as `findMediaTools` does where that one is missing. */
export async function usualDecoder(): Promise<DecoderTool> {
  const ffmpeg = await usualTool('ffmpeg');
  if ('code' in ffmpeg) throw new ProblemError([ffmpeg]);
  return { ffmpeg: ffmpeg.path, versions: { ffmpeg: ffmpeg.version } };
}

async function findTool(name: ToolName, env: Environment): Promise<Found> {
  const variable = `${name.toUpperCase()}_PATH`;
  const named = env[variable];
  if (named !== undefined && named !== '') {
    // A path that somebody wrote down is meant: another program in its stead would surprise.
    const version = await versionOf(resolve(named), name);
    if (version !== undefined) return { path: resolve(named), version, origin: 'environment' };
    const message = `${variable} names "${named}", which is no ${name} that runs`;
    return { code: 'bad-ffmpeg-path', message, hint: `set ${variable} to the program itself, or unset it` };
  }
  for (const path of await onPath(name, env)) {
    const version = await versionOf(path, name);
    if (version !== undefined) return { path, version, origin: 'PATH' };
  }
  const shipped = await shippedByNpm(name);
  const version = shipped === undefined ? undefined : await versionOf(shipped, name);
  if (shipped !== undefined && version !== undefined) return { path: shipped, version, origin: 'npm' };
  const message = `${name} is not installed: it is neither on PATH nor among the optional npm packages`;
  return { code: 'no-ffmpeg', message, hint: `${install}, or set ${variable} to its path` };
}

async function onPath(name: ToolName, env: Environment): Promise<string[]> {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd'] : [''];
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = folders.flatMap((folder) => suffixes.map((suffix) => resolve(join(folder, name + suffix))));
  const runnable = await Promise.all(candidates.map(isRunnable));
  return candidates.filter((_, index) => runnable[index]);
}

async function isRunnable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function shippedByNpm(name: ToolName): Promise<string | undefined> {
  try {
    const { default: shipped } = await (name === 'ffmpeg'
      ? import('@ffmpeg-installer/ffmpeg')
      : import('@ffprobe-installer/ffprobe'));
    return shipped.path;
  } catch {
    // Optional: npm leaves it out on a platform that it has no build for, and its index then throws.
    return undefined;
  }
}

async function versionOf(path: string, name: ToolName): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['-version'], { timeout: 20_000, windowsHide: true });
    const [line = ''] = stdout.split(/\r?\n/);
    return line.startsWith(`${name} version `) ? line : undefined;
  } catch {
    return undefined;
  }
}
