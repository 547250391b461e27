import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProblemError } from '../../src/base/problem.js';
import { parseSetting, resolveParams, type Settings } from '../../src/pipeline/settings.js';
import { read, withRules } from './pipelines.js';

const pipeline = read(
  withRules('  a: { run: x, outputs: { o: "o/{ep}" } }\n').replace(
    'det_thresh: 0.5',
    'det_thresh: 0.5, stride: 1, det_scales: []',
  ) + 'profiles: { fast: { stride: 8, title: fast } }\nepisodes: { e1: { stride: 3 } }\n',
);

function complaint(settings: Settings): string {
  try {
    return JSON.stringify(resolveParams(pipeline, settings));
  } catch (error) {
    if (error instanceof ProblemError) return error.message;
    throw error;
  }
}

test('an explicit value wins over the episode, the episode over the profile, the profile over params', () => {
  const stride = (settings: Settings) => resolveParams(pipeline, settings)['stride'];
  expect(stride({})).toBe(1);
  expect(stride({ profile: 'fast' })).toBe(8);
  expect(stride({ profile: 'fast', ep: 'e1' })).toBe(3);
  expect(stride({ profile: 'fast', ep: 'e1', explicit: { stride: 5 } })).toBe(5);
  expect(resolveParams(pipeline, { profile: 'fast', ep: 'constructor' })).toEqual({
    detector: 'auto',
    det_thresh: 0.5,
    stride: 8,
    det_scales: [],
    title: 'fast',
  });
});

test('all that is wrong with the settings of a run is told at once', () => {
  expect(
    complaint({ profile: 'fats', explicit: { stirde: 2, stride: 0, jpeg_quality: 80, title: ['x'], __proto__x: 1 } }),
  ).toBe(
    `unknown-profile: there is no profile "fats"
    did you mean "fast"?
unknown-param: there is no param "stirde"
    did you mean "stride"?
out-of-range: "stride" takes a whole number of at least 1, not 0
unknown-param: there is no param "jpeg_quality"
    declare it under "params" of pipeline.yaml
wrong-type: "title" takes text, a number, true, false or null, not a list of 1
unknown-param: there is no param "__proto__x"`,
  );
  expect(complaint({ explicit: JSON.parse('{"__proto__": 1}') as Settings['explicit'] })).toMatch(/^unknown-param/);
  expect(complaint({ profile: 'constructor' })).toMatch(/^unknown-profile/);
});

test('a param that only says how to run need not be declared', () => {
  expect(resolveParams(pipeline, { explicit: { device: 'cpu' } })['device']).toBe('cpu');
});

test.each([
  ['stride=4', 4],
  ['x=-1.5e3', -1500],
  ['x=.7', 0.7],
  ['x=007', '007'],
  ['x=1e999', '1e999'],
  ['x=true', true],
  ['x=null', null],
  ['x=', ''],
  ['x=a=b', 'a=b'],
  ['x="4"', '4'],
  ['det_scales=[640,1280]', [640, 1280]],
])('--set %s means what it looks like', (text, value) => {
  expect(parseSetting(text).value).toEqual(value);
});

test('a setting without a name or with broken JSON is told with the way to write it', () => {
  const message = (text: string) => {
    try {
      return JSON.stringify(parseSetting(text));
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(message('stride')).toBe('bad-setting: "stride" is no setting\n    write name=value, e.g. --set stride=4');
  expect(message('=4')).toBe('bad-setting: "=4" is no setting\n    write name=value, e.g. --set stride=4');
  expect(message('a=[1,')).toBe(
    `bad-setting: the value of "a" is no JSON: "[1,"\n    write lists as JSON, e.g. --set 'a=[640,1280]'`,
  );
});

test('any text is a setting or a problem', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        JSON.stringify(parseSetting(text));
      } catch (error) {
        expect(error).toBeInstanceOf(ProblemError);
      }
    }),
  );
});
