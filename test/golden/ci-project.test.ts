// The small project that is checked in: up to date, and made again to the byte. When it is not, a stage's
// output or revision changed: raise the revision in rules/stages.ts if the output did, then `npm run golden`.
import { cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ciEpisodes, ciProject } from '../support/ci-project.js';
import { testWorkspace, type World } from '../support/workspace.js';

function copied(): World {
  const world = testWorkspace({});
  cpSync(ciProject, world.root, { recursive: true });
  return world;
}

function filesOf(root: string): Record<string, string> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (name) => !/(^|\/)\.sa(\/|$)/.test(name),
  );
  const files = names.filter((name) => statSync(join(root, name)).isFile()).sort();
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(root, name), 'latin1')]));
}

test('is up to date, all of it and with the lockfiles alone', async () => {
  const world = copied();
  const { code, out } = await world.sa('verify', '--all');
  expect([code, out]).toEqual([0, expect.stringContaining('all as pipeline.yaml, the inputs and the lockfiles say')]);
  const kept = new Set(['sa.lock', 'pipeline.yaml', 'minutes.sh']);
  for (const name of Object.keys(filesOf(world.root)))
    if (!kept.has(name.split('/').at(-1)!)) rmSync(join(world.root, name));
  expect((await world.sa('verify', '--all')).code).toBe(1);
  expect(await world.sa('verify', '--all', '--allow-missing')).toMatchObject({ code: 0 });
});

test("every built-in stage makes what it made, or has another revision, and so do its users' golden files say", async () => {
  const world = copied();
  const before = filesOf(world.root);
  const forced = (await world.sa('plan', '--json')).out;
  const rules = [...new Set((JSON.parse(forced) as { actions: { rule: string }[] }).actions.map(({ rule }) => rule))];
  const { code, err } = await world.sa('build', '--no-cache', ...rules.flatMap((rule) => ['--force', rule]));
  expect([code, err]).toEqual([0, expect.stringMatching(/ run, in /)]);
  const now = filesOf(world.root);
  for (const name of Object.keys(before)) expect(now[name] === before[name], `${name} has other bytes now`).toBe(true);
  expect(Object.keys(now)).toEqual(Object.keys(before));
  expect((await world.sa('golden', 'check')).out).toContain(`people of ${ciEpisodes.join(', ')}, none of which moved`);
});
