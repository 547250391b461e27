// The file of --trace against the format that trace viewers read, with chunks of two actions in one thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithShared, shared } from '../support/shared.js';
import { faultsOfTrace } from '../support/trace-format.js';
import { testWorkspace } from '../support/workspace.js';

const clip = 'data/video/short_hamilton_clip.mp4';

test('what is no trace is found out', () => {
  const named = (tid: number) => ({ name: 'thread_name', ph: 'M', pid: 1, tid, args: { name: 'row' } });
  const slice = (name: string, ts: number, dur: number) => ({
    name,
    cat: 'c',
    ph: 'X',
    ts,
    dur,
    pid: 1,
    tid: 0,
    args: {},
  });
  const faults = (...traceEvents: unknown[]): string[] =>
    faultsOfTrace(JSON.stringify({ displayTimeUnit: 'ms', traceEvents }));
  expect(faults(named(0), slice('a', 0, 9), slice('b', 2, 3), slice('c', 9, 1))).toEqual([]);
  expect(faults(named(0), slice('a', 0, 9), slice('b', 2, 9))).toEqual(['a and b overlap in row 0']);
  expect(faults(slice('a', 0, 1))).toEqual(['row 0 of a has no name']);
  expect(faults(named(0), slice('a', -1, 1))).toEqual([expect.stringMatching(/^ts or dur/)]);
});

describeWithShared('a real clip', [clip, 'models/yunet_n_dynamic.onnx'], () => {
  test('whose chunks two actions look at together has a trace that viewers can read', async () => {
    const pipeline = readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8');
    const world = testWorkspace({ 'pipeline.yaml': pipeline }, { SA_MODELS: shared('models') });
    expect((await world.sa('add', 'clip', shared(clip))).code).toBe(0);
    const own = ['--det-size', '160', '--stride', '4', '--detector', 'yunet-n', '--chunk-frames', '60', '--jobs', '2'];
    expect((await world.sa('build', 'clip', 'scenes', 'detect', ...own, '--trace', 'trace.json')).code).toBe(0);
    const text = world.read('trace.json');
    expect(text).toContain('scenes@clip chunk 2');
    expect(text).toContain('detect@clip chunk 2');
    expect(faultsOfTrace(text)).toEqual([]);
  });
});
