import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Hints } from '../../src/watch/hints.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function settlesAfter(hints: Hints): Promise<{ ms: number; paths: readonly string[] }> {
  let paths: readonly string[] | undefined;
  void hints.next(new AbortController().signal).then((settled) => (paths = settled));
  for (let ms = 0; ; ms++) {
    await vi.advanceTimersByTimeAsync(1);
    if (paths !== undefined) return { ms: ms + 1, paths };
  }
}

test('a save of one file, in however many steps, is one edit soon after its last step', async () => {
  const hints = new Hints();
  hints.add('a');
  await vi.advanceTimersByTimeAsync(20);
  hints.add('a');
  expect(await settlesAfter(hints)).toEqual({ ms: 25, paths: ['a'] });
});

test('a burst over several files is waited for longer, and is one edit of all of them', async () => {
  const hints = new Hints();
  hints.add('b');
  await vi.advanceTimersByTimeAsync(20);
  hints.add('a');
  await vi.advanceTimersByTimeAsync(90);
  hints.add('c');
  expect(await settlesAfter(hints)).toEqual({ ms: 100, paths: ['a', 'b', 'c'] });
});

test('a second edit waits for its own last step alone', async () => {
  const hints = new Hints();
  hints.add('a');
  hints.add('b');
  await settlesAfter(hints);
  hints.add('a');
  expect(await settlesAfter(hints)).toEqual({ ms: 25, paths: ['a'] });
});
