// How many processors and how much memory this process may use: what the machine has, less what its affinity and
// the limits of its control groups (a container's) leave. It reads a few small files of Linux and keeps nothing.
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, posix } from 'node:path';

/**
 * Processors to keep busy, at least one. Node.js 20 counts without the quota of a container, and later ones round it
 * down, pass over one below 1, or take a weight for it (nodejs/node#58428, #59200); so it is read here. A
 * part of a processor counts as one: under a quota of 1.5 two inference workers do 1.5 times the work of
 * one, under 1.0 they do 0.93 of it. `root` is where /proc and /sys are.
 */
export function usableProcessors(root = '/'): number {
  const read = (path: string): string => readOr(join(root, path), '');
  const allowed = numbersOf(/^Cpus_allowed_list:\s*(\S+)$/m.exec(read('proc/self/status'))?.[1] ?? '');
  const online = new Set(numbersOf(read('sys/devices/system/cpu/online').trim()));
  // The allowed ones include those that could be plugged in.
  const count = allowed.filter((processor) => online.has(processor)).length || availableParallelism();
  return Math.max(1, Math.min(count, Math.ceil(quotaOf(read))));
}

/** Bytes of memory that this process may fill. */
export function usableMemory(): number {
  // 0 and more than there is both mean that nothing limits it.
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Processors' worth of time that the control groups of this process are given: the least of any above it. */
function quotaOf(read: (path: string) => string): number {
  const limits = read('proc/self/cgroup')
    .split('\n')
    .flatMap((line) => {
      const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
      if (controllers === undefined || path === undefined) return [];
      const isSecondVersion = controllers === '';
      if (!isSecondVersion && !controllers.split(',').includes('cpu')) return [];
      // A container may be told its path on the host and see itself at the top: what is not there limits nothing.
      return upwards(path).map((group) =>
        isSecondVersion
          ? quotient(read(`sys/fs/cgroup${group}/cpu.max`).trim().split(' '))
          : quotient(['quota', 'period'].map((what) => read(`sys/fs/cgroup/cpu${group}/cpu.cfs_${what}_us`).trim())),
      );
    });
  return Math.min(Infinity, ...limits);
}

/** "max", -1 and nothing at all mean that there is no limit. */
function quotient([quota, period]: readonly string[]): number {
  const processors = Number(quota) / Number(period);
  return processors > 0 ? processors : Infinity;
}

/** `/a/b`, `/a`, `` (the top). */
function upwards(path: string): readonly string[] {
  return path === '/' ? [''] : [path, ...upwards(posix.dirname(path))];
}

/** The numbers of a list such as `0-3,6`. */
function numbersOf(list: string): readonly number[] {
  return list.split(',').flatMap((piece) => {
    const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(piece) ?? [];
    if (first === undefined) return [];
    return Array.from({ length: Number(last ?? first) - Number(first) + 1 }, (_, at) => Number(first) + at);
  });
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Another system, an older kernel, or a file that this user may not read: no limit is known.
    return otherwise;
  }
}
