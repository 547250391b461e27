// A real clip through every stage: the same bytes each time, also after a kill at the worst moment.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { filesIn } from '../../src/disk/file-digests.js';
import { sha256File } from '../../src/hash/sha256.js';
import { goldenFolder } from '../golden/golden-episodes.js';
import { describeWithShared, shared } from '../support/shared.js';
import { keptWorkspace, type World } from '../support/workspace.js';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'dist/src/cli/main.js');
const env = { SA_MODELS: shared('models') };

async function clipWorld(): Promise<World> {
  const world = keptWorkspace({ 'pipeline.yaml': readFileSync(join(root, 'pipeline.yaml'), 'utf8') }, env);
  const added = await world.sa('add', 'clip', shared('data/video/short_hamilton_clip.mp4'));
  expect(added.code, added.err).toBe(0);
  return world;
}

/** Digest of every file of the data root but this machine's memory. */
function artifacts(world: World): Record<string, string> {
  const data = join(world.root, 'data');
  const paths = (filesIn(data) ?? []).filter((path) => !path.startsWith('.sa/'));
  return Object.fromEntries(paths.map((path) => [path, sha256File(join(data, path))]));
}

/** Builds in a process of its own and kills it as soon as its output says `moment`. */
function killWhen(world: World, moment: string): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn('node', [program, 'build', 'clip'], {
      cwd: world.root,
      env: { ...process.env, ...env, CI: 'true' },
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(moment)) child.kill('SIGKILL');
    });
    child.on('exit', (_, signal) =>
      signal === 'SIGKILL' ? done() : failed(new Error(`it ended before "${moment}": ${said}`)),
    );
  });
}

describeWithShared(
  'a real clip',
  ['data/video/short_hamilton_clip.mp4', 'models/yunet_n_dynamic.onnx', 'models/fr_feature.onnx'],
  () => {
    test('two builds from scratch give the same bytes, and so does one that was killed twice', async () => {
      const [first, second, killed] = [await clipWorld(), await clipWorld(), await clipWorld()];
      expect((await first.sa('build')).code).toBe(0);
      expect((await second.sa('build', '--jobs', '1')).code).toBe(0);
      expect(artifacts(second)).toEqual(artifacts(first));
      // After a change that was meant: npm run golden.
      first.write({ 'golden/clip.json': readFileSync(join(goldenFolder, 'clip.json'), 'utf8') });
      expect((await first.sa('golden', 'check', 'clip')).out).toMatch(/none of which moved\n$/);

      await killWhen(killed, 'track@clip running');
      await killWhen(killed, 'embed@clip running');
      const outcome = await killed.build();
      for (const finished of ['probe', 'scenes', 'detect', 'track', 'faces'])
        expect(outcome).not.toContain(`${finished}@clip built`);
      expect(outcome).toContain('embed@clip built');
      expect(artifacts(killed)).toEqual(artifacts(first));
      expect((await killed.sa('verify')).code).toBe(0);
    });
  },
);
