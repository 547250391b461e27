// How many processors are counted, from files as Linux shows them in containers and out of them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { usableMemory, usableProcessors } from '../../src/app/processors.js';

/** A folder with these files, as /proc and /sys have them. */
function system(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'sa-system-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return root;
}

const eight = {
  'proc/self/status': 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nMems_allowed_list:\t0',
  'sys/devices/system/cpu/online': '0-7',
};
const second = { ...eight, 'proc/self/cgroup': '0::/' };
const first = { ...eight, 'proc/self/cgroup': '5:memory:/docker/a\n4:cpu,cpuacct:/docker/a\n1:name=systemd:/docker/a' };
const firstQuota = (group: string, quota: number): Readonly<Record<string, string>> => ({
  [`sys/fs/cgroup/cpu${group}/cpu.cfs_quota_us`]: String(quota),
  [`sys/fs/cgroup/cpu${group}/cpu.cfs_period_us`]: '50000',
});

test.each<[string, Readonly<Record<string, string>>, number]>([
  ['no control groups', eight, 8],
  ['a second version without a quota', { ...second, 'sys/fs/cgroup/cpu.max': 'max 100000' }, 8],
  ['a second version at its top, where nothing is said', second, 8],
  ['two processors', { ...second, 'sys/fs/cgroup/cpu.max': '200000 100000' }, 2],
  ['one and a half', { ...second, 'sys/fs/cgroup/cpu.max': '150000 100000' }, 2],
  ['a quarter', { ...second, 'sys/fs/cgroup/cpu.max': '25000 100000' }, 1],
  ['more than there are', { ...second, 'sys/fs/cgroup/cpu.max': '6400000 100000' }, 8],
  [
    'a group above with less',
    {
      ...second,
      'proc/self/cgroup': '0::/user.slice/sa.scope',
      'sys/fs/cgroup/user.slice/sa.scope/cpu.max': '500000 100000',
      'sys/fs/cgroup/user.slice/cpu.max': '300000 100000',
    },
    3,
  ],
  [
    'a container that is told its path on the host',
    { ...second, 'proc/self/cgroup': '0::/docker/a', 'sys/fs/cgroup/cpu.max': '400000 100000' },
    4,
  ],
  ['a first version without a quota', { ...first, ...firstQuota('/docker/a', -1), ...firstQuota('', -1) }, 8],
  ['a first version', { ...first, ...firstQuota('/docker/a', 125000) }, 3],
  ['a first version that sees itself at the top', { ...first, ...firstQuota('', 100000) }, 2],
  ['an affinity', { ...eight, 'proc/self/status': 'Cpus_allowed_list:\t1,4-5' }, 3],
  ['processors that could be plugged in', { ...eight, 'proc/self/status': 'Cpus_allowed_list:\t0-127' }, 8],
])('with %s', (_, files, expected) => {
  expect(usableProcessors(system(files))).toBe(expected);
});

test('where nothing of this can be read, as on other systems, it is what Node.js counts', () => {
  expect(usableProcessors(system({}))).toBe(availableParallelism());
});

test('this very machine has at least one, and no more memory than there is', () => {
  expect(usableProcessors()).toBeGreaterThanOrEqual(1);
  expect(usableMemory()).toBeGreaterThan(0);
  expect(usableMemory()).toBeLessThanOrEqual(totalmem());
});
