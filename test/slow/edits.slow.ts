// What people said of a real clip holds after everything before it was run anew: every stride, other
// detectors, embedders, trackers and cuts. Whom each face shows is known from hand-made labels.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identityOfPerson, mentions, readIdentities } from '../support/clip-truth.js';
import { describeWithShared, shared } from '../support/shared.js';
import { keptWorkspace } from '../support/workspace.js';

const pipeline = readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8').replace(
  '  save_crops: true\n',
  '  save_crops: false\n',
);

const settings: readonly (readonly string[])[] = [
  ['--stride', '2'],
  ['--stride', '1'],
  ['--stride', '4'],
  ['--stride', '8'],
  ['--stride', '2', '--track-buffer', '60', '--match-thresh', '0.7', '--max-gap', '10'],
  ['--stride', '2', '--det-size', '320'],
  ['--stride', '3', '--detector', 'ultralight-rfb320'],
  ['--stride', '2', '--detector', 'retinaface-mnet025', '--embedder', 'mobileface-v2'],
  ['--stride', '2', '--scene-detector', 'adaptive', '--cluster-thresh', '0.5'],
];

const models = [
  'yunet_n_dynamic',
  'fr_feature',
  'fr_detect',
  'fr_landmark',
  'retinaface_mnet025_dyn',
  'mobileface_v2_256',
];

describeWithShared('a real clip', ['data/video/bbt_demo.mp4', ...models.map((name) => `models/${name}.onnx`)], () => {
  test('names, locks and ids stay with their people, and no face gets a wrong name', async () => {
    const world = keptWorkspace({ 'pipeline.yaml': pipeline }, { SA_MODELS: shared('models') });
    const sa = async (...words: readonly string[]): Promise<void> => {
      const ran = await world.sa(...words);
      expect([words, ran.code, ran.err]).toEqual([words, 0, expect.any(String)]);
    };
    const people = () => mentions(world, 'bbt', 'bbt_demo.gt.json');
    await sa('add', 'bbt', shared('data/video/bbt_demo.mp4'));
    await sa('build', 'bbt', 'identities', ...settings[0]!);
    const known = identityOfPerson(people());
    expect(known.size).toBe(5);
    for (const [person, id] of known) {
      await sa('edit', 'name', 'bbt', id, person);
      await sa('edit', 'lock', 'bbt', id);
    }
    await sa('edit', 'keep-ids', 'bbt');
    for (const flags of settings) {
      await sa('build', 'bbt', 'identities', ...flags);
      const named = people().filter(({ name }) => name !== undefined);
      expect([flags, named.filter(({ person, name }) => name !== person)]).toEqual([flags, []]);
      expect(named.length).toBeGreaterThan(40);
      const { identities } = readIdentities(world, 'bbt');
      const idOf = new Map(identities.flatMap(({ name, identity_id }) => (name === undefined ? [] : [[name, identity_id]]))); // prettier-ignore
      expect([flags, idOf]).toEqual([flags, known]);
    }
  });
});
