import { expect, test } from 'vitest';
import { Slots } from '../../src/engine/slots.js';

test('as many run as fit, first come first served, and more than there is counts as all', async () => {
  const slots = new Slots({ cpu: 2, gpu: 1 }, new AbortController().signal);
  const order: string[] = [];
  const big = await slots.take({ cpu: 9 });
  const small = slots.take({}).then((release) => (order.push('small'), release));
  const gpu = slots.take({ gpu: 1 }).then((release) => (order.push('gpu'), release));
  await Promise.resolve();
  expect(order).toEqual([]);
  big();
  await Promise.all([small, gpu]);
  expect(order).toEqual(['small', 'gpu']);
});

test('an abort ends all waiting, however many wait, without a warning', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  const stop = new AbortController();
  const slots = new Slots({ cpu: 1 }, stop.signal);
  await slots.take({});
  const waiting = Array.from({ length: 40 }, () => slots.take({}));
  stop.abort(new Error('enough'));
  const settled = await Promise.allSettled([...waiting, slots.take({})]);
  expect(settled.map(({ status }) => status)).toEqual(Array.from({ length: 41 }, () => 'rejected'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
  process.off('warning', listen);
});
