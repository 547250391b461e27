// sa doctor: what is installed, what is missing, and what to do about it.
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ProblemError } from '../../base/problem.js';
import { openWorkspace } from '../../app/workspace.js';
import { findMediaTools } from '../../media/tools.js';
import { availableDevices, type ResolvedDevice } from '../../models/devices.js';
import { listModels } from '../../models/list.js';
import { paint, printJson, type Io } from '../io.js';
import type { Flags } from '../options.js';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly found: string;
  readonly todo?: string | undefined;
}

/** Exit code 0 when a build can work here, 1 when something must be done first. */
export async function doctor(io: Io, flags: Flags): Promise<number> {
  const checks = [nodeCheck(), await mediaCheck(io), await runtimeCheck(), ...(await projectChecks(io))];
  if (flags['json'] === true) printJson(io, { version: 1, ok: checks.every(({ ok }) => ok), checks });
  else {
    for (const { name, ok, found, todo } of checks) {
      io.out.write(`${ok ? paint(io.out, 'green', 'ok     ') : paint(io.out, 'red', 'missing')} ${name}: ${found}\n`);
      if (todo !== undefined) io.out.write(`        ${todo}\n`);
    }
  }
  return checks.every(({ ok }) => ok) ? 0 : 1;
}

function nodeCheck(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  return { name: 'node', ok, found: process.versions.node, todo: ok ? undefined : 'install Node.js 20.19 or newer' };
}

async function mediaCheck({ env }: Io): Promise<Check> {
  try {
    const { ffmpeg, versions, origin } = await findMediaTools(env);
    return {
      name: 'ffmpeg',
      ok: true,
      found: `${versions.ffmpeg.split(' Copyright')[0] ?? ''} at ${ffmpeg} (by ${origin.ffmpeg})`,
    };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return {
      name: 'ffmpeg',
      ok: false,
      found: error.problems.map(({ message }) => message).join('; '),
      todo: error.problems[0]?.hint,
    };
  }
}

async function runtimeCheck(): Promise<Check> {
  try {
    const { loadableProviders } = await import('../../models/session.js');
    const devices = await Promise.all(
      availableDevices(loadableProviders()).map(async (device) => {
        const why = await whyUnusable(device);
        return why === '' ? device : `not ${device} (${why})`;
      }),
    );
    return { name: 'onnxruntime', ok: true, found: `devices: ${devices.join(', ')}` };
  } catch (error) {
    return {
      name: 'onnxruntime',
      ok: false,
      found: error instanceof Error ? error.message : String(error),
      todo: 'install the packages again: npm ci',
    };
  }
}

const deviceTrial = fileURLToPath(new URL('../../models/try-device.js', import.meta.url));

/** Empty where it can be used; as is said of the processor, and where there is no compiled program to try it with. */
async function whyUnusable(device: ResolvedDevice): Promise<string> {
  if (device === 'cpu' || !existsSync(deviceTrial)) return '';
  const tried = promisify(execFile)(process.execPath, [deviceTrial, device], { timeout: 60_000 });
  return tried.then(({ stdout }) => stdout).catch((error: unknown) => String(error).split('\n')[0]!);
}

async function projectChecks(io: Io): Promise<Check[]> {
  try {
    const workspace = await openWorkspace({ cwd: io.cwd, env: io.env });
    const { dataRoot, registry } = workspace;
    const listed = listModels(registry);
    const usable = (role: string): string[] =>
      listed.filter((model) => model.role === role && model.installed).map(({ name }) => name);
    return [
      { name: 'pipeline.yaml', ok: true, found: 'reads without a problem' },
      dataCheck(dataRoot, workspace.episodes().length),
      ...['detector', 'embedder'].map((role): Check => {
        const names = usable(role);
        return {
          name: `${role} models`,
          ok: true,
          found: names.length > 0 ? `installed: ${names.join(', ')}` : 'none installed; the first build fetches one',
        };
      }),
    ];
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return [{ name: 'pipeline.yaml', ok: false, found: error.message, todo: undefined }];
  }
}

function dataCheck(dataRoot: string, episodes: number): Check {
  if (!existsSync(dataRoot))
    return { name: 'data', ok: true, found: `${dataRoot} is not there yet; the first episode makes it` };
  try {
    accessSync(dataRoot, constants.W_OK);
  } catch {
    return {
      name: 'data',
      ok: false,
      found: `${dataRoot} cannot be written`,
      todo: 'give yourself the right to write there, or set SA_DATA_ROOT',
    };
  }
  const { bavail, bsize } = statfsSync(dataRoot);
  return {
    name: 'data',
    ok: true,
    found: `${dataRoot}, ${episodes} ${episodes === 1 ? 'episode' : 'episodes'}, ${Math.floor((bavail * bsize) / 1e9)} GB free`,
  };
}
