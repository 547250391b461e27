// The program is stopped, or its disk fails, at single writes; the slow suite takes every one.
import { expect, test } from 'vitest';
import { faultWorld, survive } from '../support/fault-world.js';

test('a build that is killed at a write is finished by the next one, and nothing finished is lost', async () => {
  const world = await faultWorld();
  expect(world.writes).toBeGreaterThan(60);
  for (let at = 3; at <= world.writes; at += Math.ceil(world.writes / 9)) {
    expect((await survive(world, at, 'SIGKILL')).signal).toBe('SIGKILL');
  }
});

test.each(['SIGINT', 'SIGTERM'])('%s at a write ends the build cleanly, and the next one goes on', async (signal) => {
  const world = await faultWorld();
  for (const part of [0.2, 0.7]) {
    const { code } = await survive(world, Math.ceil(part * world.writes), signal);
    expect([0, 130]).toContain(code);
  }
});

test.each(['ENOSPC', 'EIO'])(
  'a write that fails with %s fails the build in plain words, and the next one goes on',
  async (code) => {
    const world = await faultWorld();
    for (const part of [0.1, 0.4, 0.6, 0.9]) {
      const ended = await survive(world, Math.ceil(part * world.writes), code);
      expect([0, 1, 2]).toContain(ended.code);
    }
  },
);
