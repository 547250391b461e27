// README's first command, end to end: pictures and models from npm, a video drawn, every stage run,
// the result held against what is known of it; then everything a second build must and must not do.
import { readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { goldenFolder } from '../golden/golden-episodes.js';
import { keptWorkspace, type World } from '../support/workspace.js';

interface DemoJson {
  readonly people: readonly { readonly name: string; readonly id?: string; readonly error_s: number }[];
  readonly report: string;
}

let world: World;
let demo: DemoJson;

beforeAll(async () => {
  // The pair that npm alone can give; nothing of the machine's own models.
  world = keptWorkspace({}, { SA_MODELS: '' });
  const ran = await world.sa('demo', '--json', '--detector', 'ultralight', '--embedder', 'mobilefacenet-512');
  expect(ran.code, ran.err).toBe(0);
  expect(ran.err).toMatch(/model ultralight-rfb320: licence MIT[^]*model mobilefacenet-512: licence MIT/);
  demo = JSON.parse(ran.out) as DemoJson;
  const pipeline = world
    .read('pipeline.yaml')
    .replace('detector: auto', 'detector: ultralight')
    .replace('embedder: auto', 'embedder: mobilefacenet-512');
  world.write({ 'pipeline.yaml': pipeline });
});

const rulesThat = (outcome: string, built: string): string[] =>
  built.split(', ').flatMap((pair) => (pair.endsWith(` ${outcome}`) ? [pair.split('@')[0]!] : []));

test('the demo finds everybody and is off by less than half a second a person', () => {
  expect(demo.people).toHaveLength(9);
  expect(demo.people.filter(({ id }) => id === undefined)).toEqual([]);
  expect(demo.people.filter(({ error_s }) => Math.abs(error_s) >= 0.5)).toEqual([]);
});

test('the demo gives what its golden file says; after a change that was meant: npm run golden', async () => {
  const golden = readFileSync(join(goldenFolder, 'demo.json'), 'utf8');
  world.write({ 'golden/demo.json': golden });
  expect((await world.sa('golden', 'check', 'demo')).out).toMatch(/none of which moved\n$/);
});

test('the report is one file that asks for nothing from outside', () => {
  const page = readFileSync(demo.report, 'utf8');
  expect(page).toContain('demo');
  expect(page).not.toMatch(/(?:src|href)="https?:/);
});

describe('a second build', () => {
  test('runs nothing', async () => {
    expect(rulesThat('fresh', await world.build('demo'))).toHaveLength(12);
  });

  test('with another cluster_thresh runs cluster and what follows; back again all is restored', async () => {
    const changed = await world.build('demo', '--set', 'cluster_thresh=0.7');
    expect(rulesThat('fresh', changed)).toEqual(
      expect.arrayContaining(['probe', 'scenes', 'detect', 'track', 'faces', 'embed', 'track_reps']),
    );
    expect(rulesThat('built', changed)[0]).toBe('cluster');
    expect(rulesThat('built', await world.build('demo'))).toEqual([]);
  });

  test('after a comment, a touched video and an unused profile runs nothing', async () => {
    writeFileSync(join(world.root, 'pipeline.yaml'), `# a remark\n${world.read('pipeline.yaml')}`);
    const soon = new Date(Date.now() + 3000);
    utimesSync(join(world.root, 'data/videos/demo/episode.mp4'), soon, soon);
    expect(rulesThat('fresh', await world.build('demo'))).toHaveLength(12);
  });

  test('with another track_buffer starts at track, not at detect', async () => {
    const plan = await world.sa('plan', 'demo', '--json', '--track-buffer', '60');
    const { actions } = JSON.parse(plan.out) as { actions: { rule: string; verdict: string }[] };
    expect(actions.filter(({ verdict }) => verdict === 'run').map(({ rule }) => rule)).toEqual(['track']);
    expect(actions.filter(({ verdict }) => verdict === 'fresh').map(({ rule }) => rule)).toEqual([
      'probe',
      'scenes',
      'detect',
      'cast',
    ]);
  });
});

describe('verify', () => {
  test('is content after a build', async () => {
    expect((await world.sa('verify', 'demo')).code).toBe(0);
  });

  test('names a param edit, a flipped byte, a deleted thumbnail and a new model digest', async () => {
    expect((await world.sa('verify', 'demo', '--set', 'min_identity_sim=0.4')).out).toContain(
      'param-changed: min_identity_sim 0.5 -> 0.4',
    );

    const tracks = 'data/manifests/demo/tracks.jsonl';
    const before = world.read(tracks);
    world.write({ [tracks]: `${before.slice(0, 40)}${before[40] === '1' ? '2' : '1'}${before.slice(41)}` });
    const altered = await world.sa('verify', 'demo');
    expect([altered.code, altered.out]).toEqual([
      1,
      expect.stringContaining('output-altered: manifests/demo/tracks.jsonl'),
    ]);
    world.write({ [tracks]: before });

    const [thumb = ''] = /frames\/demo\/thumbs\/[^"]+/.exec(world.read('data/manifests/demo/identities.json')) ?? [];
    const picture = readFileSync(join(world.root, 'data', thumb));
    rmSync(join(world.root, 'data', thumb));
    const missing = await world.sa('verify', 'demo');
    expect([missing.code, missing.out]).toEqual([1, expect.stringContaining('output-altered: frames/demo/thumbs/')]);
    writeFileSync(join(world.root, 'data', thumb), picture);

    expect((await world.sa('verify', 'demo')).code).toBe(0);
    const registry = readFileSync(join(import.meta.dirname, '../../models/models.yaml'), 'utf8');
    world.write({ 'models/models.yaml': registry.replaceAll('87aacdfe57510db2', '97aacdfe57510db2') });
    const model = await world.sa('verify', 'demo');
    expect([model.code, model.out]).toEqual([1, expect.stringContaining('model-changed: embedder mobilefacenet-512')]);
    world.remove('models/models.yaml');
  });

  test('needs only the lockfiles with --allow-missing', async () => {
    for (const path of ['data/videos', 'data/frames', 'data/reports', 'data/.sa']) world.remove(path);
    expect((await world.sa('verify', 'demo')).code).toBe(1);
    expect((await world.sa('verify', 'demo', '--allow-missing')).code).toBe(0);
  });
});
