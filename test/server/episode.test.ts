// A real clip with real models through the server: the old Python client gets the numbers of a build,
// and cancel reaches ffmpeg and inference.
import { execFile, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { EpisodeRunResult } from '../../src/index.js';
import { runs } from '../support/cli.js';
import { describeWithShared, shared } from '../support/shared.js';
import { testWorkspace } from '../support/workspace.js';
import { startServer } from './server.js';

const env = { SA_MODELS: shared('models') };
const clip = 'data/video/short_hamilton_clip.mp4';
const project = {
  'pipeline.yaml': readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8'),
  'data/videos/.keep': '',
};
// Debian's own Python has the packages that apt-get brings; another one on PATH may not.
const python = ['/usr/bin/python3', 'python3'].find((path) => spawnSync(path, ['-c', 'import requests']).status === 0);
if (python === undefined)
  console.warn('skipped the old Python client: python3 has no "requests" here; apt-get install python3-requests');

describeWithShared('a real clip on the server', [clip, 'models/yunet_n_dynamic.onnx', 'models/fr_feature.onnx'], () => {
  test.skipIf(python === undefined)('the client of the Python days finds the numbers of sa build', async () => {
    const world = testWorkspace(project, env);
    await world.sa('add', 'clip', shared(clip));
    const server = await startServer(world.root, [], env);
    const client = join(import.meta.dirname, 'old_client.py');
    const { stdout } = await promisify(execFile)(python!, [client, server.url, 'clip', '16', '0.7']);

    const built = testWorkspace(project, env);
    await built.sa('add', 'clip', shared(clip));
    const ran = await built.sa('run', 'clip', '--json', '--stride', '16', '--cluster-thresh', '0.7');
    const result = JSON.parse(ran.out) as EpisodeRunResult;
    expect(result.identities_count).toBeGreaterThan(0);
    expect(stdout.trim()).toBe(`${result.identities_count} ${result.tracks_count} ${result.faces_count}`);
    const identities = 'data/manifests/clip/identities.json';
    expect(world.read(identities)).toBe(built.read(identities));
  });

  test('cancel ends inference and ffmpeg, and what was finished is kept', async () => {
    const world = testWorkspace(project, env);
    const server = await startServer(world.root, ['--allow-videos', shared('data/video')], env);
    const id = await server.post({ ep_id: 'clip', video_path: shared(clip), det_size: 1280 });
    for (;;) {
      const { running } = (await server.ask(`/jobs/${id}/progress`)).json<{
        running: { action: string; done: number }[];
      }>();
      if (running.some(({ action, done }) => action === 'detect@clip' && done > 0)) break;
      await delay(20);
    }
    const pids = processesOf(server.child.pid!);
    expect(pids.some(({ name }) => name === 'ffmpeg')).toBe(true);
    await server.ask(`/jobs/${id}/cancel`, { method: 'POST' });
    expect(await server.ended(id)).toMatchObject({ state: 'canceled', error: null });
    expect(pids.filter(({ pid }) => runs(pid))).toEqual([]);
    const again = await world.sa('plan', 'clip', 'detect', '--det-size', '1280', '--json');
    const { actions } = JSON.parse(again.out) as { actions: { id: string; verdict: string }[] };
    expect(actions[0]).toMatchObject({ id: 'probe@clip', verdict: 'fresh' });
  });
});

/** Every process below `pid`, with its program's name. */
function processesOf(pid: number): { readonly pid: number; readonly name: string }[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const [, program = '', parent = ''] = /^\d+ \((.*)\) \S (\d+)/s.exec(statOf(name)) ?? [];
      return program === '' ? [] : [{ pid: Number(name), name: program, parent: Number(parent) }];
    });
  const below = (of: number): { pid: number; name: string }[] =>
    parents.filter(({ parent }) => parent === of).flatMap((one) => [one, ...below(one.pid)]);
  return below(pid);
}

function statOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return ''; // gone meanwhile
  }
}
