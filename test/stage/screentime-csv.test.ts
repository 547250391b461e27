import { expect, test } from 'vitest';
import type { Screentime } from '../../src/stage/artifacts.js';
import { csvField, screentimeCsv } from '../../src/stage/screentime-csv.js';

const nobody = { screen_time_s: 0, bridged_s: 0, error_s: 0, share: 0, appearances: 0, intervals: [] };
const screentime: Screentime = {
  schema_version: 'screentime_v1',
  ep_id: 'ep',
  fps: 25,
  duration_s: 10,
  identities: [
    {
      id: 'id_0001',
      name: 'Ada, "the" first',
      screen_time_s: 2.5,
      bridged_s: 0.5,
      error_s: 0.04,
      share: 0.3,
      appearances: 1,
      intervals: [],
      longest_s: 3,
      first_s: 1,
      last_s: 4,
      solo_s: 2,
      scenes: 1,
      mean_face_height: 0.25,
      thumb_path: 'frames/ep/thumbs/a.jpg',
      confidence: 0.9,
    },
  ],
  others: { ...nobody, screen_time_s: 0.2, identity_ids: ['id_0002'] },
  per_scene: [],
  co_appearance: [],
};

const header =
  'id,name,screen_time_s,bridged_s,error_s,share,appearances,longest_s,first_s,last_s,solo_s,scenes,mean_face_height,confidence';

test('each person is a row, names are quoted, and the others stand last', () => {
  expect(screentimeCsv(screentime).split('\r\n')).toEqual([
    header,
    'id_0001,"Ada, ""the"" first",2.5,0.5,0.04,0.3,1,3,1,4,2,1,0.25,0.9',
    'others,,0.2,0,0,0,0,,,,,,,',
    '',
  ]);
});

test('an episode without faces has the header alone', () => {
  const empty = { ...screentime, identities: [], others: { ...nobody, identity_ids: [] } };
  expect(screentimeCsv(empty)).toBe(`${header}\r\n`);
});

test('a name that a spreadsheet would run as a formula is made text', () => {
  expect(csvField('=HYPERLINK("x")')).toBe(`"'=HYPERLINK(""x"")"`);
  expect(csvField('-1+2')).toBe(`'-1+2`);
  expect(csvField(-1.5)).toBe('-1.5');
});
