// sa edit on a real clip whose people are known: what is said of them holds after everything that
// decided on it was run anew, and ids stay with their people.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { identityOfPerson, mentions, readIdentities } from '../support/clip-truth.js';
import { describeWithShared, shared } from '../support/shared.js';
import { keptWorkspace, type World } from '../support/workspace.js';

const pipeline = readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8')
  .replace('  stride: 1\n', '  stride: 5\n')
  .replace('  save_crops: true\n', '  save_crops: false\n');
const manifests = 'data/manifests/bbt';
const log = `${manifests}/edits.yaml`;

describeWithShared(
  'a real clip',
  [
    'data/video/bbt_demo.mp4',
    'models/yunet_n_dynamic.onnx',
    'models/fr_feature.onnx',
    'models/mobileface_v2_256.onnx',
    'data/images/bbt_cast',
  ],
  () => {
    let world: World;
    const people = () => mentions(world, 'bbt', 'bbt_demo.gt.json');
    const set = async (...settings: readonly string[]): Promise<void> => {
      const flags = settings.flatMap((setting) => ['--set', setting]);
      const ran = await world.sa('build', 'bbt', 'identities', '--quiet', ...flags);
      expect(ran.code, ran.err).toBe(0);
    };

    beforeAll(async () => {
      world = keptWorkspace({ 'pipeline.yaml': pipeline }, { SA_MODELS: shared('models') });
      expect((await world.sa('add', 'bbt', shared('data/video/bbt_demo.mp4'))).code).toBe(0);
      expect((await world.sa('build', 'bbt')).code).toBe(0);
    });

    test('ids stay with their people while cluster_thresh moves, and a clean build gives the same bytes', async () => {
      const first = world.read(`${manifests}/identities.json`);
      const known = identityOfPerson(people());
      expect(known.size).toBe(5);
      for (const thresh of [0.7, 0.8, 0.75]) {
        await set(`cluster_thresh=${thresh}`);
        expect(identityOfPerson(people())).toEqual(known);
        const incremental = world.read(`${manifests}/identities.json`);
        for (const file of ['identities.json', 'clusters.json', 'sa.lock']) world.remove(`${manifests}/${file}`);
        await set(`cluster_thresh=${thresh}`);
        expect(world.read(`${manifests}/identities.json`)).toBe(incremental);
      }
      await set();
      expect(world.read(`${manifests}/identities.json`)).toBe(first);
    });

    test('an edit is built and told in a line, and undone without a trace', async () => {
      const before = world.read(`${manifests}/identities.json`);
      const known = identityOfPerson(people());
      const count = readIdentities(world, 'bbt').identities.length;
      const [howard, raj] = [known.get('howard')!, known.get('raj')!];
      const named = await world.sa('edit', 'name', 'bbt', howard, 'Howard', 'Wolowitz', '--build');
      expect(named.out).toMatch(new RegExp(`^1 name ${howard}\nidentities ${count} -> ${count}, ${howard} is now Howard Wolowitz \\([\\d.]+ s\\)\n$`)); // prettier-ignore
      const merged = await world.sa('edit', 'merge', 'bbt', 'howard wolowitz', raj, '--build');
      expect(merged.out).toMatch(new RegExp(`\nidentities ${count} -> ${count - 1}, Howard Wolowitz \\+[\\d.]+ s\n$`));
      expect((await world.sa('edit', 'list', 'bbt')).out).toBe(`1 name Howard Wolowitz (${howard})\n2 merge ${howard}\n`); // prettier-ignore
      expect((await world.sa('edit', 'undo', 'bbt', '1')).out).toBe(`took back 1 name Howard Wolowitz (${howard})\n`);
      expect((await world.sa('edit', 'list', 'bbt')).out).toContain('(not built yet)');
      expect((await world.sa('edit', 'undo', 'bbt', '--build')).code).toBe(0);
      const hidden = await world.sa('edit', 'hide', 'bbt', howard, '--build');
      expect(hidden.out).toMatch(new RegExp(`^1 hide ${howard}\nidentities ${count} -> ${count}, ${howard} is hidden \\([\\d.]+ s\\)\n$`)); // prettier-ignore
      const shown = await world.sa('edit', 'undo', 'bbt', '--build');
      expect(shown.out).toMatch(new RegExp(`, ${howard} \\+[\\d.]+ s\n$`));
      expect([world.read(log), world.read(`${manifests}/identities.json`)]).toEqual(['', before]);
    });

    test('words that mean nobody are refused with the nearest, and nothing is written', async () => {
      const before = world.read(log);
      const [id = ''] = readIdentities(world, 'bbt').identities.map(({ identity_id }) => identity_id);
      const wrong: readonly (readonly [string[], RegExp])[] = [
        [['name', 'bbt', `${id}x`, 'Ada'], new RegExp(`unknown-person: bbt has no identity.*\n.*did you mean "${id}"`)],
        [['merge', 'bbt', id, id], /nothing-to-do/],
        [['split', 'bbt', id], /split moves tracks, and id_\d+ is an identity\n +its tracks: track-/],
        [['not-same', 'bbt', id, id], /is one identity\n +name a track of each/],
        [['name', 'bbt', id, ' '], /the name is empty/],
        [['undo', 'bbt', '7'], /no-such-edit/],
        [['mrege', 'bbt', id], /did you mean "merge"/],
        [['list', 'bbtt'], /unknown-episode/],
        [['hide', 'bbt'], /hide takes: sa edit hide EP WHO\.\.\./],
      ];
      for (const [words, message] of wrong) {
        const ran = await world.sa('edit', ...words);
        expect([ran.code, ran.err]).toEqual([2, expect.stringMatching(message)]);
      }
      expect(world.read(log)).toBe(before);
    });

    test('a cast gallery names the five, nobody who is not there, and never against an edit', async () => {
      const gallery = shared('data/images/bbt_cast');
      cpSync(gallery, join(world.root, 'data/cast/bbt'), { recursive: true });
      const built = await world.build('bbt', 'identities');
      expect(built).toContain('cast@bbt built');
      expect(built).toContain('cluster@bbt fresh');
      const all = people().filter(({ name }) => name !== undefined);
      for (const { person, name } of all) expect(name).toBe(person);
      expect([...new Set(readIdentities(world, 'bbt').identities.flatMap(({ name }) => name ?? []))].sort()).toEqual(['howard', 'leonard', 'penny', 'raj', 'sheldon']); // prettier-ignore

      expect((await world.sa('edit', 'name', 'bbt', 'raj', 'Rajesh')).code).toBe(0);
      await set();
      expect(readIdentities(world, 'bbt').identities.flatMap(({ name, name_from }) => (name_from === 'edit' ? name : []))).toEqual(['Rajesh']); // prettier-ignore
      expect((await world.sa('edit', 'undo', 'bbt')).code).toBe(0);

      world.remove('data/cast/bbt/penny');
      world.write({ 'data/cast/bbt/penny/1.jpg': 'no picture' });
      await set();
      expect(new Set(people().flatMap(({ name }) => name ?? []))).toEqual(new Set(['howard', 'leonard', 'raj', 'sheldon'])); // prettier-ignore
      expect(world.read(`${manifests}/cast.json`)).toContain(
        'cannot be read: Input file contains unsupported image format',
      );
      world.remove('data/cast');
      expect(await world.build('bbt', 'identities')).toContain('cast@bbt restored');
      expect(people().every(({ name }) => name === undefined)).toBe(true);
    });

    test('names, a merge, a not-same, a lock and ids hold under other thresholds and another embedder', async () => {
      const known = identityOfPerson(people());
      const named = ['raj', 'howard', 'leonard', 'penny'];
      world.write({ [log]: '# who is who\n' });
      for (const person of named)
        expect((await world.sa('edit', 'name', 'bbt', known.get(person)!, person)).code).toBe(0);
      const sheldon = known.get('sheldon')!;
      expect((await world.sa('edit', 'lock', 'bbt', sheldon)).code).toBe(0);
      // Wrong on purpose, so that only the edits can be why it holds.
      expect((await world.sa('edit', 'merge', 'bbt', 'howard', 'penny')).code).toBe(0);
      expect((await world.sa('edit', 'not-same', 'bbt', 'raj', 'leonard')).code).toBe(0);
      expect((await world.sa('edit', 'keep-ids', 'bbt')).code).toBe(0);
      expect(world.read(log)).toMatch(/^# who is who\n- name: # id_/);
      await set();
      const locked = people().filter(({ identity }) => identity === sheldon);
      for (const settings of [
        [],
        ['cluster_thresh=0.3', 'min_identity_sim=0'],
        ['cluster_thresh=0.95'],
        ['embedder=mobileface-v2'],
        ['match_thresh=0.6', 'max_gap=5'],
      ]) {
        // prettier-ignore
        await set(...settings);
        const now = people();
        for (const { person, name } of now) {
          const right = ['howard', 'penny'].includes(person) ? 'howard' : person === 'sheldon' ? undefined : person;
          expect([settings, person, [right, undefined].includes(name)]).toEqual([settings, person, true]);
        }
        const held = new Set(now.map(({ name }) => name));
        expect([settings, [...held].sort()]).toEqual([settings, ['howard', 'leonard', 'raj', undefined]]);
        const { identities, edits_not_applied } = readIdentities(world, 'bbt');
        const idOf = new Map(identities.map(({ name, identity_id }) => [name, identity_id]));
        for (const person of ['raj', 'leonard', 'howard']) expect([settings, idOf.get(person)]).toEqual([settings, known.get(person)]); // prettier-ignore
        expect(now.filter(({ person }) => person === 'penny').map(({ name }) => name)).toContain('howard');
        expect(identities.find(({ identity_id }) => identity_id === sheldon)?.locked).toBe(true); // prettier-ignore
        expect(now.filter(({ identity }) => identity === sheldon).length).toBeGreaterThanOrEqual(locked.length * 0.9);
        expect([settings, edits_not_applied]).toEqual([settings, []]);
      }
    });
  },
);
