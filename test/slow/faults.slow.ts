// Every write of a build, with every fault.
import { test } from 'vitest';
import { faultWorld, survive } from '../support/fault-world.js';

test.each(['SIGKILL', 'SIGINT', 'SIGTERM', 'ENOSPC', 'EIO', 'EACCES'])(
  '%s at any write leaves a project that the next build finishes',
  async (fault) => {
    const world = await faultWorld();
    for (let at = 1; at <= world.writes; at++) await survive(world, at, fault);
  },
);
