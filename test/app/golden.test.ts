// `sa golden` on the shipped stages after embedding, and on commands that copy.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { GoldenJson } from '../../src/app/golden/golden.js';
import type { Golden } from '../../src/app/golden/golden-file.js';
import { longProject } from '../support/long-project.js';
import { testWorkspace, type World } from '../support/workspace.js';

async function recorded(): Promise<World> {
  const world = await longProject();
  const { code, out } = await world.sa('golden', 'record', 'ep');
  expect([code, out]).toEqual([0, 'golden/ep.json\n']);
  return world;
}

function edit(world: World, change: (golden: Golden) => void): void {
  const golden = JSON.parse(world.read('golden/ep.json')) as Golden;
  change(golden);
  world.write({ 'golden/ep.json': JSON.stringify(golden) });
}

const check = async (world: World, ...words: string[]): Promise<GoldenJson> =>
  JSON.parse((await world.sa('golden', 'check', '--json', ...words)).out) as GoldenJson;

test('what was recorded is found again, and recording again writes the same bytes and keeps tolerances', async () => {
  const world = await recorded();
  expect(await check(world)).toMatchObject({ ok: true, episodes: ['ep'], moved: [] });
  edit(world, (golden) => (golden.tolerance.seconds = 2));
  await world.sa('golden', 'record', 'ep');
  const first = world.read('golden/ep.json');
  expect((JSON.parse(first) as Golden).tolerance.seconds).toBe(2);
  await world.sa('golden', 'record', 'ep');
  expect(world.read('golden/ep.json')).toBe(first);
});

test('another threshold names the counts and the people that moved, whatever their ids are now', async () => {
  const world = await recorded();
  await world.build('ep', '--set', 'cluster_thresh=0.1');
  const stale = await check(world);
  expect(stale.moved.map(({ kind, id }) => `${kind} ${id}`)).toContain('stale cluster@ep');
  const { moved } = await check(world, '--set', 'cluster_thresh=0.1');
  expect(moved).toContainEqual({ kind: 'count-moved', id: 'identities@ep', text: 'identities_count 10 -> 8' });
  expect(new Set(moved.map(({ kind }) => kind))).toEqual(new Set(['count-moved', 'person-moved', 'person-gone']));
});

test('a person is found by a face, and seconds within the tolerance have not moved', async () => {
  const world = await recorded();
  edit(world, ({ people }) => {
    for (const person of people) person.id = `${person.id}0`;
    people[0]!.seconds += 0.4;
    people[1]!.seconds += 0.6;
  });
  const { moved } = await check(world);
  expect(moved.map(({ kind }) => kind)).toEqual(['person-moved']);
});

test('a person more and a person less are told', async () => {
  const world = await recorded();
  edit(world, ({ people }) => {
    people.push({ ...people[0]!, id: 'id_0099', name: 'Lisa', face: { at: 0.5, box: [0.9, 0.9, 1, 1] } });
    people.splice(2, 1);
  });
  const { moved } = await check(world);
  expect(moved.map(({ kind }) => kind)).toEqual(['person-gone', 'person-new']);
  expect(moved[0]!.id).toBe('Lisa@ep');
});

test("an output that changed under the same code and inputs is a stage's unsaid change, on the same machine alone", async () => {
  const world = await recorded();
  edit(world, ({ stages }) => (stages['cluster']!.outputs['clusters'] = 'xxh64:0123456789abcdef:1'));
  const { code, out } = await world.sa('golden', 'check');
  expect(code).toBe(1);
  expect(out).toMatch(/^output-changed cluster@ep: clusters changed, and stage cluster, revision \d+ did not$/m);
  expect((await world.sa('golden', 'check', '--format', 'github')).out).toMatch(
    /^::error title=cluster@ep output-changed::clusters changed/,
  );
  expect((await world.sa('golden', 'check', '--format', 'junit')).out).toContain('<testsuite name="sa golden check"');
  edit(world, (golden) => (golden.machine = 'another machine'));
  expect((await check(world)).moved).toEqual([]);
});

test('--recompute finds what the artifacts on disk hide, and leaves them alone', async () => {
  const source = await longProject();
  const rule = (name: string): string =>
    `  ${name}:\n    run: "sed \\"s/XX/$(cat salt)/\\" {inputs.from} > {outputs.o}"\n    inputs: { from: "from/{ep}/${name}" }\n    outputs: { o: "manifests/{ep}/${name}" }\n`;
  const names = ['frames.json', 'tracks.jsonl', 'identities.json', 'screentime.json'];
  const world = testWorkspace({
    'pipeline.yaml': `sa: 1\neach: { ep: "from/{ep}/frames.json" }\nrules:\n${names.map((name) => rule(name).replace(`${name}:`, `${name.split('.')[0]!}:`)).join('')}`,
    salt: '1',
  });
  for (const name of names)
    cpSync(join(source.root, 'data/manifests/ep', name), join(world.root, 'data/from/ep', name), { recursive: true });
  const screentime = world.read('data/from/ep/screentime.json');
  world.write({ 'data/from/ep/screentime.json': screentime.replace('"ep_id": "ep"', '"ep_id": "XX"') });
  await world.sa('build', 'ep');
  await world.sa('golden', 'record', 'ep');
  expect((await check(world, 'ep', '--recompute')).moved).toEqual([]);
  world.write({ salt: '2' });
  expect((await check(world)).moved).toEqual([]);
  const before = world.read('data/manifests/ep/screentime.json');
  expect((await check(world, '--recompute')).moved).toEqual([
    { kind: 'output-changed', id: 'screentime@ep', text: 'o changed, and command did not' },
  ]);
  expect(world.read('data/manifests/ep/screentime.json')).toBe(before);
});

test('what cannot be recorded or checked is said in words', async () => {
  const world = await longProject();
  const says = async (...words: string[]): Promise<string> => (await world.sa('golden', ...words)).err;
  expect(await says('check')).toContain('this project has no golden episode');
  expect(await says('check', 'ep')).toContain('there is no golden/ep.json');
  expect(await says('record')).toContain('say which episodes to record');
  expect(await says('rekord')).toContain('sa golden knows no "rekord"');
  expect(await says('record', 'ep', '--set', 'cluster_thresh=0.5')).toContain(
    'episode ep is not up to date: cluster@ep',
  );
  world.write({ 'golden/ep.json': '{ "version": 1 }' });
  expect(await says('check')).toContain('golden/ep.json: ');
});
