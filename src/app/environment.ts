// What decides the last bits of a number besides code and inputs: processor, runtime, ffmpeg.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';

/** One line that is the same where the same inputs must give the same bytes. */
export async function environmentText(): Promise<string> {
  const { usualDecoder } = await import('../media/tools.js');
  const { versions } = await usualDecoder();
  return [
    `${process.platform}-${process.arch}`,
    [cpus()[0]?.model.trim() ?? 'unknown processor', ...vectorWidths()].join(' '),
    `node ${process.versions.node.split('.')[0]!}`,
    `onnxruntime ${versionOf('onnxruntime-node')}`,
    `sharp ${versionOf('sharp')}`,
    versions.ffmpeg.replace(/ Copyright.*/, ''),
  ].join(', ');
}

/** Instructions for which kernels of inference and decoding are chosen, where the system tells them. */
function vectorWidths(): string[] {
  try {
    const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
    return ['avx2', 'avx512f', 'avx512_vnni', 'amx_tile'].filter((flag) => flags.has(flag));
  } catch {
    return [];
  }
}

function versionOf(library: string): string {
  let folder = dirname(createRequire(import.meta.url).resolve(library));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version?: string };
  return version ?? 'unknown';
}
