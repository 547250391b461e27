// The server is killed again and again at moments that fall anyhow; every job that a client was told of
// ends once, under one id for one key, and no finished action is done again.
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testWorkspace } from '../support/workspace.js';
import { commandProject, startServer, type Server } from '../server/server.js';

const episodes = ['one', 'two', 'three', 'four'];

test('ten kills lose no job, double none, and do no finished work again', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 10, maxLength: 10 }), async (moments) => {
      const world = testWorkspace(commandProject(...episodes));
      const known = new Map<string, string>();
      let posted = 0;
      for (const moment of moments) {
        const server = await startServer(world.root, ['--max-jobs', '2']);
        const posting = keepPosting(server, known, () => posted++);
        await delay(moment);
        await server.end('SIGKILL');
        await posting;
      }
      const server = await startServer(world.root, ['--max-jobs', '2']);
      for (const [key, id] of known) {
        const job = await server.ended(id);
        expect([key, job.state, job.error]).toEqual([key, 'succeeded', null]);
      }
      const { jobs } = (await server.ask('/jobs?limit=500')).json<{ jobs: { job_id: string }[] }>();
      const ids = jobs.map(({ job_id }) => job_id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual(expect.arrayContaining([...known.values()]));
      // A job whose answer was cut off by the kill is there, or it is not; each key was tried at most once more.
      expect(ids.length).toBeLessThanOrEqual(posted);
      // An action that was cut short may run again; one that was finished never does.
      const firsts = world
        .read('ran.log')
        .split('\n')
        .filter((line) => line.endsWith(' first'));
      expect(firsts.length).toBeLessThanOrEqual(episodes.length + moments.length * 2);
      expect((await world.sa('verify')).code).toBe(0);
      await server.end('SIGTERM');
    }),
    { numRuns: 2, endOnFailure: true },
  );
});

/** Posts a job every 100 ms under a key of its own until the server is gone. */
async function keepPosting(server: Server, known: Map<string, string>, next: () => number): Promise<void> {
  for (;;) {
    const number = next();
    const key = `key-${number}`;
    try {
      const id = await server.post({ ep_id: episodes[number % episodes.length]! }, { 'idempotency-key': key });
      known.set(key, id);
      expect(await server.post({ ep_id: episodes[number % episodes.length]! }, { 'idempotency-key': key })).toBe(id);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return; // it was killed
    }
    await delay(100);
  }
}
