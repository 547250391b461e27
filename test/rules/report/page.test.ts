import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { clock, clockTenths, percent } from '../../../rules/report/format.js';
import { html } from '../../../rules/report/html.js';
import { reportPage } from '../../../rules/report/page.js';
import { stage } from '../../../rules/report/stage.js';
import { reportView } from '../../../rules/report/view.js';
import { screentimeCsv } from '../../../src/stage/screentime-csv.js';
import type { StageContext } from '../../../src/stage/stage.js';
import { episode, people, person } from './fixture.js';

const page = reportPage(episode());

/** The page as text, tags and white space taken out. */
function textOf(markup: string): string {
  const body = markup.replace(/<(style|script)>.*?<\/\1>/gs, '').replace(/<title>[^<]*<\/title>/g, ' ');
  return body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
}

test('each person has a row with time, error, share, appearances, first time and confidence', () => {
  expect(textOf(page)).toContain('Ada id_0001 0:32 32.00 s, 0.40 bridged 0.16 53.3 % 3 0:02.0 93 %');
  expect(textOf(page)).toContain('3 id_0003 0:07 7.00 s 0.04 11.7 % 1 0:24.0 40 % check');
  expect(textOf(page)).toContain('2 others too brief or too doubtful for a row id_0004 , id_0005 0:01 0.80 s');
});

test('the page asks for nothing: no address, and a policy under which only its own script runs', () => {
  expect(page).not.toMatch(/https?:|\/\/[a-z]|<link|<img|@import|src=/);
  const script = /<script>(.*?)<\/script>/s.exec(page)![1]!;
  expect(() => new Script(script)).not.toThrow();
  const digest = createHash('sha256').update(script).digest('base64');
  expect(page).toContain(`default-src &#39;none&#39;`);
  expect(page).toContain(`script-src &#39;sha256-${digest}&#39;`);
});

test('the download is the screen-time table as CSV', () => {
  const [, data] = /download="pilot-s01e01-screentime\.csv"\s+href="data:text\/csv;charset=utf-8;base64,([^"]+)"/.exec(
    page,
  )!;
  expect(Buffer.from(data!, 'base64').toString('utf8')).toBe(screentimeCsv(episode().screentime));
});

test('the same artifacts give the same bytes', () => {
  expect(reportPage(episode())).toBe(page);
});

test('names from users are text wherever they stand', () => {
  const nasty = `</script><img src=x onerror="alert(1)">'&`;
  const shown = reportPage(episode([person('id_0001', [[1, 5]], nasty), ...people.slice(1)]));
  expect(shown).not.toContain('<img');
  expect(shown.match(/<script/g)).toHaveLength(1);
  expect(shown).toContain('&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&#39;&amp;');
});

test('a thumbnail that is no plain picture is not put into the style sheet', () => {
  const input = {
    ...episode(),
    thumbs: new Map([['frames/ep/thumbs/id_0001.jpg', 'data:image/jpeg;base64,x)}</style>']]),
  };
  expect(reportPage(input)).not.toContain('base64,x');
});

test('seen and bridged time look different in a lane, and each bar says its times', () => {
  expect(page).toMatch(/<rect\s+class="seen"\s+x="33.333"\s+width="133.333"\s+y="0"\s+height="1"\s*>/);
  expect(page).toMatch(/<rect\s+class="bridged"\s+x="166.667"\s+width="6.667"\s+y="0.38"\s+height="0.24"\s*>/);
  expect(page).toContain('<title>Ada: 0:02.0 to 0:10.0, 8.00 s seen</title>');
  expect(page).toContain('aria-label="Ada: seen in 3 intervals: 0:02.0 to 0:10.0, 0:10.4 to 0:20.0, 0:41.0 to 0:55.0"');
});

test('people are held against each other, and each scene says who is in it', () => {
  expect(page).toContain('title="Ada and Bea Long-Surname: 14.00 s"');
  expect(page).toContain('title="Ada alone: 1.50 s"');
  expect(textOf(page)).toContain('2 0:11.5 12.5 s Bea Long-Surname 10.0 Ada 8.5');
});

test('each model is named with its licence and training data', () => {
  expect(textOf(page)).toContain('yunet_n finds faces Apache-2.0 WIDER FACE libfacedetection.train');
  expect(textOf(page)).toContain('mobileface_v2 tells people apart MIT not stated by its maker MobileFace');
});

test('edits that no longer apply are listed', () => {
  expect(textOf(page)).toContain('Edits that no longer apply rename track-00042 no such track');
});

test('what the cast gallery says is shown: names, suggestions, and pictures that could not be used', () => {
  const { identities, ...rest } = episode();
  const [first, , third] = identities.identities;
  const named = identities.identities.map((each) =>
    each === first
      ? { ...each, name_from: 'cast' as const, name_similarity: 0.912 }
      : each === third
        ? { ...each, suggestions: [{ name: 'Cleo <3', similarity: 0.61 }] }
        : each,
  );
  const cast = {
    schema_version: 'cast_v1' as const,
    ...{ detector: 'yunet_n', embedder: 'mobileface_v2' },
    pictures: [{ person: 'Ada', path: 'Ada/2.jpg', rejection_reason: 'no face found' }],
    notes: [{ path: 'me.jpg', note: "in nobody's folder" }],
  };
  const said = textOf(reportPage({ ...rest, identities: { ...identities, identities: named }, cast }));
  expect(said).toContain('like the cast pictures 0.91');
  expect(said).toContain('id_0003 perhaps Cleo &lt;3');
  expect(said).toContain('perhaps Cleo &lt;3 0.61');
  expect(said).toContain(
    'Cast pictures that were not used cast/Ada/2.jpg no face found cast/me.jpg in nobody&#39;s folder',
  );
  expect(textOf(page)).not.toContain('Cast pictures');
});

describe('states', () => {
  test('no face at all', () => {
    const empty = reportPage(episode([], []));
    expect(textOf(empty)).toContain('No faces found yunet_n saw no face in 4 scenes of 1:00.');
    expect(empty).not.toContain('<table class="board"');
  });

  test('only people too brief for a row', () => {
    const brief = textOf(reportPage(episode([], ['id_0001'])));
    expect(brief).toContain('1 other too brief or too doubtful for a row');
    expect(brief).not.toContain('Together on screen');
  });

  test('one person alone', () => {
    expect(textOf(reportPage(episode([people[0]!], [])))).toContain('Only one person has a row of their own');
  });

  test('hundreds of people: all are there, the page folds all but the first, the matrix stays readable', () => {
    const many = Array.from({ length: 300 }, (_, index) =>
      person(`id_${1000 + index}`, [[index / 10, 31 + index / 10]]),
    );
    const crowd = reportPage(episode(many, []));
    expect(crowd.match(/<tr style/g)).toHaveLength(300 + 12);
    expect(crowd.match(/data-fold="25"/g)).toHaveLength(3);
    expect(textOf(crowd)).toContain('Show all 300 people');
    expect(textOf(crowd)).toContain('The first 12 of 300 people.');
  });
});

test('time with a face on screen counts overlapping people once', () => {
  const two = episode([person('id_0001', [[0, 10]]), person('id_0002', [[5, 12]])], ['id_0003']);
  expect(reportView(two).faces_s).toBeCloseTo(12.4, 9);
});

test('numbers are written the same way everywhere', () => {
  expect([clock(59.6), clock(3725), clockTenths(59.96), clockTenths(0), percent(0.1234)]).toEqual([
    ...['1:00', '1:02:05', '1:00.0', '0:00.0', '12.3 %'],
  ]);
});

test('a template escapes all but its own markup', () => {
  const words = ['<a>', '"b"'];
  expect(html`<p title="${'"'}">${words}${html`<b>${1}</b>`}${false}${undefined}</p>`.text).toBe(
    '<p title="&quot;">&lt;a&gt;&quot;b&quot;<b>1</b></p>',
  );
});

test('the stage reads the artifacts and puts the thumbnails in; one that is gone leaves initials', async () => {
  const root = mkdtempSync(join(tmpdir(), 'sa-report-'));
  const { screentime, identities, scenes, frames, detector, embedder } = episode();
  const whole = { ...frames, pts: [0] };
  for (const [role, value] of Object.entries({ screentime, identities, scenes, frames: whole })) {
    writeFileSync(join(root, role), JSON.stringify(value));
  }
  mkdirSync(join(root, 'thumbs'));
  writeFileSync(join(root, 'thumbs', 'id_0001.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  const context = {
    inputs: { path: (role: string) => join(root, role), optional: () => undefined },
    outputs: { path: (role: string) => join(root, role) },
    card: (role: 'detector' | 'embedder') => (role === 'detector' ? detector : embedder),
    signal: new AbortController().signal,
  };
  // The rest of a context is for stages that decode frames and open models.
  expect(await stage.run(context as unknown as StageContext<'detector' | 'embedder'>)).toEqual({ people_count: 3 });
  const written = readFileSync(join(root, 'report'), 'utf8');
  expect(written).toContain('.t-id-5f-0001{background-image:url(data:image/jpeg;base64,/9j/4A==)}');
  expect(written).toContain('>BL</span>');
});
