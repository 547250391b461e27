import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Slots, type Taken } from '../../src/engine/slots.js';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the most urgent goes first, equals by place, and more than there is counts as all', async () => {
  const slots = new Slots({ cpu: { amount: 2 }, gpu: { amount: 1, members: ['7'] } }, new AbortController().signal);
  const order: string[] = [];
  const ask = (name: string, wanted: Record<string, number>, urgency: number, place = 0): Promise<Taken> =>
    slots.take(wanted, { urgency, place }).then((taken) => (order.push(name), taken));
  const big = await ask('big', { cpu: 9 }, 0);
  expect(big.resources).toEqual({ cpu: { amount: 2, members: undefined } });
  const asked = [ask('late', {}, 1, 2), ask('early', {}, 1, 1), ask('gpu', { gpu: 1 }, 5)];
  await nextTurn();
  expect(order).toEqual(['big']);
  big.release();
  await nextTurn();
  expect(order).toEqual(['big', 'gpu', 'early']);
  const gpu = await asked[2]!;
  expect([gpu.resources['gpu'], gpu.slot]).toEqual([{ amount: 1, members: ['7'] }, 0]);
  gpu.release();
  await Promise.all(asked);
  expect(order).toEqual(['big', 'gpu', 'early', 'late']);
});

test('a big action finds room although small ones keep coming, and other pools are not held back for it', async () => {
  const slots = new Slots({ cpu: { amount: 4 }, gpu: { amount: 1, members: ['0'] } }, new AbortController().signal);
  const order: string[] = [];
  const ask = (name: string, wanted: Record<string, number>, urgency: number): Promise<Taken> =>
    slots.take(wanted, { urgency, place: 0 }).then((taken) => (order.push(name), taken));
  const [first, onGpu] = [await ask('first', {}, 0), await ask('onGpu', { cpu: 0, gpu: 1 }, 0)];
  const all = ask('all', { cpu: 4 }, 9);
  const small = ask('small', {}, 1);
  const nextOnGpu = ask('nextOnGpu', { cpu: 0, gpu: 1 }, 1);
  await nextTurn();
  expect(order).toEqual(['first', 'onGpu']);
  onGpu.release();
  await nextTurn();
  expect(order).toEqual(['first', 'onGpu', 'nextOnGpu']);
  first.release();
  (await all).release();
  await Promise.all([small, nextOnGpu]);
  expect(order).toEqual(['first', 'onGpu', 'nextOnGpu', 'all', 'small']);
});

test('whatever is asked for, no pool is overdrawn, no member is held twice, and everyone is served', async () => {
  const wish = fc.record({
    cpu: fc.integer({ min: 0, max: 5 }),
    gpu: fc.integer({ min: 0, max: 3 }),
    urgency: fc.nat(4),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(wish, { maxLength: 30 }), async (wishes) => {
      const slots = new Slots(
        { cpu: { amount: 3 }, gpu: { amount: 2, members: ['a', 'b'] } },
        new AbortController().signal,
      );
      const held = new Set<Taken>();
      const served = wishes.map(async ({ urgency, ...wanted }, place) => {
        const taken = await slots.take(wanted, { urgency, place });
        held.add(taken);
        const of = (name: string) => [...held].reduce((sum, { resources }) => sum + (resources[name]?.amount ?? 0), 0);
        expect(of('cpu')).toBeLessThanOrEqual(3);
        const members = [...held].flatMap(({ resources }) => resources['gpu']?.members ?? []);
        expect(new Set(members).size).toBe(members.length);
        expect(members).toHaveLength(of('gpu'));
        expect(new Set([...held].map(({ slot }) => slot)).size).toBe(held.size);
        await nextTurn();
        held.delete(taken);
        taken.release();
      });
      await Promise.all(served);
    }),
    { numRuns: 50 },
  );
});

test('an abort ends all waiting, however many wait, without a warning', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  const stop = new AbortController();
  const slots = new Slots({ cpu: { amount: 1 } }, stop.signal);
  const rank = { urgency: 0, place: 0 };
  await slots.take({}, rank);
  const waiting = Array.from({ length: 40 }, () => slots.take({}, rank));
  stop.abort(new Error('enough'));
  const settled = await Promise.allSettled([...waiting, slots.take({}, rank)]);
  expect(settled.map(({ status }) => status)).toEqual(Array.from({ length: 41 }, () => 'rejected'));
  await nextTurn();
  expect(warnings).toEqual([]);
  process.off('warning', listen);
});
