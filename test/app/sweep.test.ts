// `sa sweep` on the shipped stages after embedding.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readGrid } from '../../src/app/sweep/grid.js';
import type { Sweep } from '../../src/app/sweep/sweep.js';
import { longProject } from '../support/long-project.js';

/** Every file of the data root with its bytes and time, but for this machine's own memory. */
function filesOf(root: string): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => !name.startsWith('.sa'));
  return Object.fromEntries(
    names.flatMap((name) => {
      const { mtimeMs, size } = statSync(join(root, name));
      return statSync(join(root, name)).isFile() ? [[name, `${mtimeMs} ${size}`]] : [];
    }),
  );
}

test('only what depends on the parameter runs, nothing on disk changes, and a second sweep restores', async () => {
  const world = await longProject();
  const data = join(world.root, 'data');
  const before = filesOf(data);
  const words = ['sweep', 'ep', '--json', '--set', 'cluster_thresh=0.6:0.9:0.1'];
  const first = JSON.parse((await world.sa(...words)).out) as Sweep;
  expect(first.rows.map(({ params }) => params['cluster_thresh'])).toEqual([0.6, 0.7, 0.8, 0.9]);
  const work = (sweep: Sweep, kind: 'built' | 'restored'): string[] => [
    ...new Set(sweep.rows.flatMap((row) => row[kind])),
  ];
  expect(work(first, 'built')).toEqual(['cluster', 'identities', 'screentime']);
  const second = JSON.parse((await world.sa(...words)).out) as Sweep;
  expect(work(second, 'built')).toEqual([]);
  expect(second.rows.map(({ result }) => result)).toEqual(first.rows.map(({ result }) => result));
  expect(filesOf(data)).toEqual(before);
  expect(existsSync(join(data, '.sa/sweep'))).toBe(false);
  expect(await world.build('ep', 'identities', '--set', 'cluster_thresh=0.8')).toMatch(
    /cluster@ep restored, cast@ep fresh, identities@ep restored$/,
  );
});

test('each value is what a build with it gives, beside what is on disk', async () => {
  const world = await longProject();
  const { present, rows } = JSON.parse(
    (await world.sa('sweep', 'ep', '--json', '--set', 'cluster_thresh=0.75,0.1')).out,
  ) as Sweep;
  expect(present?.params).toEqual({ cluster_thresh: 0.75 });
  expect(rows[0]!.result).toEqual({ ...present!.result, agreement: { adjusted_rand: 1, moved_s: 0 } });
  expect(rows[1]!.result!.agreement!.adjusted_rand).toBeLessThan(1);
  await world.build('ep', '--set', 'cluster_thresh=0.1');
  const { metadata } = JSON.parse(world.read('data/manifests/ep/identities.json')) as {
    metadata: { num_identities: number; num_singletons: number };
  };
  expect(rows[1]!.result).toMatchObject({ identities: metadata.num_identities, singletons: metadata.num_singletons });
});

test('names from edits.yaml have their seconds, and what a killed sweep left is no hindrance', async () => {
  const world = await longProject();
  world.write({ 'data/manifests/ep/edits.yaml': '- name: { face: { track: track-00001 }, name: Lisa }\n' });
  mkdirSync(join(world.root, 'data/.sa/sweep/manifests/ep'), { recursive: true });
  writeFileSync(join(world.root, 'data/.sa/sweep/manifests/ep/identities.json'), '{');
  const { out } = await world.sa('sweep', 'ep', '--set', 'cluster_thresh=0.7,0.8', '-q');
  const [head, onDisk, ...rows] = out.trim().split('\n');
  expect(head).toMatch(/^cluster_thresh +identities +singletons +people +screen time +agreement +moved +Lisa$/);
  expect(onDisk).toMatch(/ - {2}on disk$/);
  expect(rows).toHaveLength(2);
  for (const row of rows) expect(row).toMatch(/ \d+\.\d s$/);
});

test('two parameters give every combination, and a page of them that needs nothing else', async () => {
  const world = await longProject();
  const { code } = await world.sa(
    'sweep',
    'ep',
    '-q',
    '--cluster-thresh',
    '0.7,0.9',
    '--set',
    'min_identity_sim=0.4:0.5:0.1',
    '--html',
    'page.html',
  );
  expect(code).toBe(0);
  const page = readFileSync(join(world.root, 'page.html'), 'utf8');
  expect(page.match(/<figure>/g)).toHaveLength(6);
  expect(page.match(/style="--p:/g)).toHaveLength(6 * 4);
  expect(page).not.toMatch(/src=|href=|url\(/);
});

test.each([
  [['cluster_thresh=0.6:2:0.5'], '"cluster_thresh" takes a number from 0 to 0.999 or "auto", not 1.1'],
  [
    ['clustr_thresh=0.6,0.7'],
    'identities and screen time do not depend on "clustr_thresh"\n    did you mean "cluster_thresh"?',
  ],
  [['device=cpu,auto'], 'identities and screen time do not depend on "device"'],
  [['cluster_thresh=0.6'], 'there is nothing to sweep over'],
])('%s is refused before anything runs', async (settings, message) => {
  const world = await longProject();
  const { code, err } = await world.sa('sweep', 'ep', ...settings.flatMap((setting) => ['--set', setting]));
  expect(err).toContain(message);
  expect(code).toBe(2);
});

test('a range ends where it says, in the decimals that were written', () => {
  const values = (text: string): unknown => readGrid([`x=${text}`]).axes[0]!.values;
  expect(values('0.60:0.85:0.05')).toEqual([0.6, 0.65, 0.7, 0.75, 0.8, 0.85]);
  expect(values('1:4:2')).toEqual([1, 3]);
  expect(values('0.85:0.75:-0.05')).toEqual([0.85, 0.8, 0.75]);
  expect(values('a,b , 3')).toEqual(['a', 'b', 3]);
  expect(() => values('0:1:0')).toThrow('is no range');
  expect(() => values('0:1:0.0001')).toThrow('more than 500 values');
  expect(() => readGrid(['x=1,2', 'x=3,4'])).toThrow('"x" is set twice');
  expect(() => readGrid(['x=1,2', 'y=3,4', 'z=5,6'])).toThrow('one or two parameters, not 3');
});
