import { expect, test } from 'vitest';
import { closest, didYouMean } from '../../src/base/closest.js';

test('the nearest name is found across a swap, a slip, case and dashes; the first of equals wins', () => {
  expect(closest('stirde', ['stage', 'stride'])).toBe('stride');
  expect(closest('det-thresh', ['det_size', 'det_thresh'])).toBe('det_thresh');
  expect(closest('Video', ['frames', 'video'])).toBe('video');
  expect(closest('tract', ['track', 'trace'])).toBe('track');
});

test('nothing is suggested for what is far, very short or very long', () => {
  expect(closest('report', ['detect', 'cluster'])).toBeUndefined();
  expect(closest('x', ['y'])).toBeUndefined();
  expect(closest('a'.repeat(101), ['a'.repeat(100)])).toBeUndefined();
});

test('few names are listed when none is near, many are not', () => {
  expect(didYouMean('report', ['a', 'b'])).toBe('there are: a, b');
  expect(didYouMean('report', ['a'])).toBe('the only one is "a"');
  expect(didYouMean('report', [])).toBeUndefined();
  expect(didYouMean('report', 'a b c d e f g h i j k l m'.split(' '))).toBeUndefined();
});
