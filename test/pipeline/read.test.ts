import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { stages } from '../../rules/stages.js';
import { readPipeline } from '../../src/pipeline/read.js';
import { complaints, read, withRules } from './pipelines.js';

const shipped = readFileSync(new URL('../../pipeline.yaml', import.meta.url), 'utf8');

test('the shipped pipeline reads cleanly, each rule after those it needs, and is plain data', () => {
  const pipeline = readPipeline({ text: shipped, file: 'pipeline.yaml', catalogue: stages });
  expect(pipeline.rules.map(({ name }) => name)).toEqual(Object.keys(stages));
  expect(pipeline.rules.filter(({ scope }) => scope === 'project').map(({ name }) => name)).toEqual(['season']);
  expect(pipeline.rules.at(-1)!.inputs['all']!.gathers).toBe(true);
  expect(JSON.parse(JSON.stringify(pipeline.rules.filter(({ code }) => code.kind === 'stage')))).toEqual(
    pipeline.rules,
  );
  expect(pipeline.groups['cluster']).toEqual(['cluster', 'identities']);
});

test('every form of a rule becomes data', () => {
  const { rules, data, each } = read(
    withRules(`  cut:
    run: "ffmpeg -i {inputs.video} {outputs.sheet}"
    inputs: { video: "videos/{ep}.mp4", notes: { path: "notes/{ep}.txt", optional: true } }
    outputs: { sheet: "sheets/{ep}/" }
    params: [title]
    code: [tools/cut.sh]
    depfile: "sheets-{ep}.d"
    env: [LANG]
    timeout: 90
    retries: 2
    shell: false
  own: { stage: ./own.js, outputs: { o: "o/all.txt" }, resources: { cpu: 2 } }
`),
  );
  expect({ data, each }).toEqual({ data: 'data', each: 'videos/{ep}.mp4' });
  const place = (column: number, length: number) => ({
    file: 'pipeline.yaml',
    line: 7,
    column,
    length,
    sourceLine: '    inputs: { video: "videos/{ep}.mp4", notes: { path: "notes/{ep}.txt", optional: true } }',
  });
  expect(rules).toEqual([
    {
      name: 'cut',
      line: 5,
      scope: 'episode',
      code: {
        kind: 'command',
        command: 'ffmpeg -i {inputs.video} {outputs.sheet}',
        shell: false,
        code: ['tools/cut.sh'],
        depfile: 'sheets-{ep}.d',
        env: ['LANG'],
      },
      inputs: {
        video: { pattern: 'videos/{ep}.mp4', optional: false, gathers: false, place: place(22, 17) },
        notes: { pattern: 'notes/{ep}.txt', optional: true, gathers: false, place: place(56, 16) },
      },
      outputs: { sheet: { pattern: 'sheets/{ep}/', directory: true } },
      params: ['title'],
      models: [],
      resources: {},
      timeoutSeconds: 90,
      retries: 2,
    },
    {
      name: 'own',
      line: 16,
      scope: 'project',
      code: { kind: 'module', file: 'own.js' },
      inputs: {},
      outputs: { o: { pattern: 'o/all.txt', directory: false } },
      params: [],
      models: [],
      resources: { cpu: 2 },
      timeoutSeconds: undefined,
      retries: 0,
    },
  ]);
});

test('rules come in the order of the file where needs leave it open', () => {
  const rule = (name: string, from: string) =>
    `  ${name}: { run: x, inputs: { i: "${from}" }, outputs: { o: "${name}/{ep}" } }\n`;
  const { rules } = read(
    withRules(rule('d', 'c/{ep}') + rule('b', 'videos/{ep}.mp4') + rule('c', 'b/{ep}') + rule('a', 'x/{ep}')),
  );
  expect(rules.map(({ name }) => name)).toEqual(['b', 'c', 'd', 'a']);
});

test('a file under an output folder is made by the rule of the folder', () => {
  const { rules } = read(
    withRules(`  use: { run: x, inputs: { i: "f/{ep}/a/b.txt" }, outputs: { o: "use/{ep}" } }
  make: { run: x, outputs: { o: "f/{ep}/" } }
`),
  );
  expect(rules.map(({ name }) => name)).toEqual(['make', 'use']);
});

test('all problems of a file are told at once, in the order of its lines', () => {
  expect(
    complaints(`sa: 2
dat: data
each: { ep: "videos/*/{ep}.mp4" }
params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
profiles: { low: { stirde: 4 } }
groups: { all: [find, fnd, find] }
rules:
  find:
`),
  ).toBe(`pipeline.yaml:1:5 unsupported-version: this file says version 2 of the language; only version 1 is known
    sa: 2
        ~
    write "sa: 1", or use a newer sa
pipeline.yaml:2:1 unknown-key: unknown key "dat"
    dat: data
    ~~~
    did you mean "data"?
pipeline.yaml:3:13 bad-each: the pattern "videos/*/{ep}.mp4" has a wildcard before {ep}
    each: { ep: "videos/*/{ep}.mp4" }
                ~~~~~~~~~~~~~~~~~~~
    write the folders above the episode out
pipeline.yaml:4:23 out-of-range: "det_thresh" takes a number from 0 to 1, not 1.5
    params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
                          ~~~
pipeline.yaml:4:36 wrong-type: "stride" takes a whole number of at least 1, not "4"
    params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
                                       ~~~
    write 4, without quotes
pipeline.yaml:4:53 wrong-type: "save_crops" takes true or false, not "yes"
    params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
                                                        ~~~
    write true, without quotes
pipeline.yaml:4:66 bad-value: "device" takes "auto", "cpu", "cuda", "tensorrt", "coreml", "directml", "openvino" or "webgpu", not "cud"
    params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
                                                                     ~~~
    did you mean "cuda"?
pipeline.yaml:4:71 bad-name: "9x" is not a name: letters, digits, "_", "-" and ".", with a letter or "_" first
    params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
                                                                          ~~
pipeline.yaml:4:84 wrong-type: "mine" takes text, a number, true, false or null, not a list of 1
    params: { det_thresh: 1.5, stride: "4", save_crops: yes, device: cud, 9x: 1, mine: [1] }
                                                                                       ~~~
pipeline.yaml:5:20 unknown-param: profile "low" sets "stirde", but "params" does not declare it
    profiles: { low: { stirde: 4 } }
                       ~~~~~~
    did you mean "stride"?
pipeline.yaml:6:23 unknown-rule: group "all" names "fnd", but there is no such rule
    groups: { all: [find, fnd, find] }
                          ~~~
    did you mean "find"?
pipeline.yaml:6:28 duplicate-item: "find" stands twice in group "all"
    groups: { all: [find, fnd, find] }
                               ~~~~
pipeline.yaml:8:3 empty-rule: rule "find" is empty
      find:
      ~~~~
    give it "stage" or "run", and "outputs"`);
});

test('a file without its first keys is told which ones and what they are for', () => {
  expect(complaints('data: data')).toBe(`pipeline.yaml:1:1 missing-key: the key "sa" is missing
    data: data
    ~
    sa: version of this file's language; 1
pipeline.yaml:1:1 missing-key: the key "each" is missing
    data: data
    ~
    each: what an episode is, e.g. { ep: "videos/{ep}/episode.*" }
pipeline.yaml:1:1 missing-key: the key "rules" is missing
    data: data
    ~
    rules: what is built and how`);
});

test('an empty file and a list are no pipeline', () => {
  const hint = '\n    a pipeline starts with "sa: 1"; "sa init" writes one to begin with';
  expect(complaints('')).toBe(`pipeline.yaml:1:1 wrong-type: the file says nothing\n    \n    ~${hint}`);
  expect(complaints('- a')).toBe(
    `pipeline.yaml:1:1 wrong-type: the file is no map of keys and values\n    - a\n    ~${hint}`,
  );
});

test('a param that nothing reads and that nearly has a known name is a slip; other own params are welcome', () => {
  const text = withRules('  a: { run: x, outputs: { o: "o/{ep}" } }\n');
  expect(complaints(text)).toBe('no problem');
  expect(complaints(text.replace('title:', 'strid:')))
    .toBe(`pipeline.yaml:3:44 unknown-param: no rule reads param "strid"
    params: { detector: auto, det_thresh: 0.5, strid: x }
                                               ~~~~~
    did you mean "stride"?`);
});

test('a data root outside the project is refused, with the way to have one', () => {
  expect(complaints(`data: ../films\n${withRules('  {}')}`))
    .toBe(`pipeline.yaml:1:7 bad-path: the path "../films" could leave the project
    data: ../films
          ~~~~~~~~
    to keep the data elsewhere, set SA_DATA_ROOT or pass --data-root`);
});
