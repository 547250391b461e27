import { expect, test } from 'vitest';
import { seasonCsv } from '../../../rules/season/season-table.js';
import { stage } from '../../../rules/season/stage.js';
import type { Screentime } from '../../../src/stage/artifacts.js';
import { runJsonStage } from '../../support/json-stage.js';

type Person = readonly [id: string, name: string | undefined, ...spans: (readonly [number, number])[]];

test('a name joins a person over the season; who has none belongs to one episode', () => {
  const first = episode(
    'e1',
    [
      ['id_0001', 'Ann', [0, 10]],
      ['id_0002', undefined, [5, 7]],
    ],
    [0, 1],
  );
  const second = episode('e2', [
    ['id_0001', 'Bo', [0, 12]],
    ['id_0002', 'Ann', [20, 25]],
  ]);
  expect(seasonCsv([second, first]).split('\r\n')).toEqual([
    'person,total_s,episodes,e1,e2',
    'Ann,15,2,10,5',
    'Bo,12,1,,12',
    'unnamed e1/id_0002,2,1,2,',
    'others,1,1,1,',
    '',
  ]);
});

test('two identities of one name in an episode are one person: time in common counts once', () => {
  const both = episode('e1', [
    ['id_0001', 'Ann', [0, 4]],
    ['id_0002', 'Ann', [3, 5], [8, 9]],
  ]);
  expect(seasonCsv([both])).toBe('person,total_s,episodes,e1\r\nAnn,6,1,6\r\n');
});

test('names with commas and quotes are quoted, and the sum has no rounding dust', () => {
  const episodes = ['e1', 'e2', 'e3'].map((ep) => episode(ep, [['id_0001', 'Ann "The, Best"', [0, 0.1]]]));
  expect(seasonCsv(episodes).split('\r\n')[1]).toBe('"Ann ""The, Best""",0.3,3,0.1,0.1,0.1');
});

test('the stage gathers every episode and does not mind in which order', async () => {
  const texts = [episode('e2', [['id_0001', 'Ann', [0, 1]]]), episode('e1', [['id_0001', 'Ann', [0, 2]]])].map(
    (one): [string, string] => [one.ep_id, JSON.stringify(one)],
  );
  const { counts, output } = await runJsonStage(stage, { inputs: { all: texts } });
  expect(counts).toEqual({ episodes_count: 2 });
  expect(await output('season')).toBe('person,total_s,episodes,e1,e2\r\nAnn,3,2,2,1\r\n');
});

function episode(ep: string, people: readonly Person[], others?: readonly [number, number]): Screentime {
  return {
    schema_version: 'screentime_v1',
    ep_id: ep,
    fps: 25,
    duration_s: 60,
    identities: people.map(([id, name, ...spans]) => ({
      ...seconds(spans),
      id,
      ...(name === undefined ? {} : { name }),
      longest_s: 0,
      first_s: 0,
      last_s: 0,
      solo_s: 0,
      scenes: 1,
      mean_face_height: 0.2,
      thumb_path: `${id}.jpg`,
      confidence: 1,
    })),
    others:
      others === undefined ? { ...seconds([]), identity_ids: [] } : { ...seconds([others]), identity_ids: ['id_0009'] },
    per_scene: [],
    co_appearance: [],
  };
}

function seconds(spans: readonly (readonly [number, number])[]): Omit<Screentime['others'], 'identity_ids'> {
  return {
    screen_time_s: spans.reduce((sum, [start, end]) => sum + end - start, 0),
    bridged_s: 0,
    error_s: 0,
    share: 0,
    appearances: spans.length,
    intervals: spans.map(([start_s, end_s]) => ({ start_s, end_s, kind: 'seen' })),
  };
}
