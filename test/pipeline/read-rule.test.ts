import { expect, test } from 'vitest';
import { complaints, withRules } from './pipelines.js';

/** What is said of one rule, without the source lines. */
function told(rule: string): string[] {
  return complaints(withRules(`  r:\n    ${rule.split('\n').join('\n    ')}\n`))
    .split('\n')
    .filter((line) => line.startsWith('pipeline.yaml:') || /^ {4}(\S)/.test(line))
    .filter((line) => !/^ {4} *~+$/.test(line) && !rule.includes(line.trim()) && line !== '  r:');
}

test('a stage rule lacks roles, params and models that its stage needs', () => {
  expect(
    complaints(
      withRules('  r:\n    stage: find\n    inputs: { vidoe: "videos/{ep}.mp4" }\n    outputs: { table: "t/{ep}" }\n'),
    ),
  ).toBe(`pipeline.yaml:5:3 missing-param: stage "find" reads "det_thresh", but rule "r" does not declare it
      r:
      ~
    add det_thresh to "params" of the rule
pipeline.yaml:5:3 missing-model: stage "find" opens "detector", but rule "r" does not declare it
      r:
      ~
    add detector to "models" of the rule
pipeline.yaml:7:15 unknown-role: stage "find" has no input "vidoe"
        inputs: { vidoe: "videos/{ep}.mp4" }
                  ~~~~~
    did you mean "video"?
pipeline.yaml:8:5 missing-role: stage "find" needs an output "boxes", which rule "r" lacks
        outputs: { table: "t/{ep}" }
        ~~~~~~~
    add boxes: "..." to "outputs" of the rule
pipeline.yaml:8:16 unknown-role: stage "find" has no output "table"
        outputs: { table: "t/{ep}" }
                   ~~~~~
    the only one is "boxes"`);
});

test('a stage that runs once an episode must make something for each', () => {
  expect(
    told(
      'stage: find\ninputs: { video: "videos/{ep}.mp4" }\noutputs: { boxes: "boxes.json" }\nparams: [det_thresh]\nmodels: [detector]',
    ),
  ).toEqual([
    'pipeline.yaml:8:23 mixed-outputs: stage "find" runs once an episode, so each output of rule "r" has {ep}',
  ]);
});

test('stages are found by name, modules by path', () => {
  const out = 'outputs: { o: "o/{ep}" }';
  expect(told(`stage: fnid\n${out}`)).toEqual([
    'pipeline.yaml:6:12 unknown-stage: there is no stage "fnid"',
    '    did you mean "find"?',
  ]);
  expect(told(`stage: constructor\n${out}`)).toEqual([
    'pipeline.yaml:6:12 unknown-stage: there is no stage "constructor"',
    '    there are: find, sum',
  ]);
  expect(told(`stage: mine.js\n${out}`)).toEqual([
    'pipeline.yaml:6:12 unknown-stage: there is no stage "mine.js"',
    '    write "./mine.js" for a module of your own',
  ]);
  expect(told(`stage: ./mine.ts\n${out}`)).toEqual([
    'pipeline.yaml:6:12 unknown-stage: "./mine.ts" names no module',
    '    a module of your own ends with .js or .mjs',
  ]);
  expect(told(`stage: ./a/../../mine.js\n${out}`)).toEqual([
    'pipeline.yaml:6:12 bad-path: the path "a/../../mine.js" could leave the project',
    '    write it without ".."',
  ]);
});

test('a rule is one thing and makes something', () => {
  const out = 'outputs: { o: "o/{ep}" }';
  expect(told(`stage: find\nrun: x\n${out}`)).toEqual([
    'pipeline.yaml:7:5 two-codes: rule "r" has both "stage" and "run"',
    '    keep one of them',
  ]);
  expect(told(out)).toEqual([
    'pipeline.yaml:5:3 empty-rule: rule "r" says neither "stage" nor "run"',
    '    give it "stage" or "run"',
  ]);
  expect(told(`run: " "\n${out}`)).toEqual(['pipeline.yaml:6:10 empty-rule: the command of rule "r" is empty']);
  expect(told('run: x')).toEqual([
    'pipeline.yaml:5:3 no-outputs: rule "r" makes nothing',
    '    name what it makes, e.g. outputs: { table: "reports/{ep}/table.csv" }',
  ]);
  expect(told(`stage: ./m.js\nshell: false\n${out}`)).toEqual([
    'pipeline.yaml:7:5 misplaced-key: "shell" belongs to a rule with "run"',
    '    a stage has no use for it',
  ]);
  expect(told('run: x\noutputs: { a: "a/{ep}", b: b.txt }')).toEqual([
    'pipeline.yaml:7:32 mixed-outputs: rule "r" runs once an episode, but "b.txt" would be the same file for all',
    '    put {ep} in all of its outputs or in none',
  ]);
});

test('params and models of a rule are declared, and once', () => {
  expect(
    told('run: x\noutputs: { o: "o/{ep}" }\nparams: [titel, stride, title, title]\nmodels: [detector, embedder]'),
  ).toEqual([
    'pipeline.yaml:8:14 unknown-param: rule "r" reads param "titel", but "params" does not declare it',
    '    did you mean "title"?',
    'pipeline.yaml:8:21 unknown-param: rule "r" reads param "stride", but "params" does not declare it',
    '    add "stride: 1" to "params"',
    'pipeline.yaml:8:36 duplicate-item: "title" stands twice in "params"',
    'pipeline.yaml:9:24 unknown-param: rule "r" opens the model that param "embedder" names, but "params" does not declare it',
    '    add "embedder: auto" to "params"',
  ]);
});

test.each([
  ['', 'bad-path: the path is empty'],
  ['/etc/passwd', 'bad-path: the path "/etc/passwd" is absolute'],
  ['C:/films', 'bad-path: the path "C:/films" is absolute'],
  ['../{ep}', 'bad-path: the path "../{ep}" could leave the data root'],
  ['a/../{ep}', 'bad-path: the path "a/../{ep}" could leave the data root'],
  ['a\\\\{ep}', 'bad-path: the path "a\\\\{ep}" has a backslash'],
  ['a//{ep}', 'bad-path: the path "a//{ep}" has an empty part'],
  ['./{ep}', 'bad-path: the path "./{ep}" has a part "."'],
  ['a\\0{ep}', 'bad-path: the path "a\\u0000{ep}" has a control character'],
  ['a\\n{ep}', 'bad-path: the path "a\\n{ep}" has a control character'],
  ['a/*{ep}', 'bad-wildcard: the path "a/*{ep}" has a wildcard'],
  ['{episode}/{ep}', 'bad-wildcard: the path "{episode}/{ep}" has "{episode}"'],
  ['a}/{ep}', 'bad-wildcard: the path "a}/{ep}" has "}"'],
])('an output may not be %j', (path, message) => {
  expect(told(`run: x\noutputs: { o: "${path}" }`)[0]).toBe(`pipeline.yaml:7:19 ${message}`);
});

test('placeholders name what the rule has; the caret stands under the wrong one', () => {
  expect(
    complaints(
      withRules(`  r:
    run: "x {inputs.vide} {output.o} {params.det_thresh} \${HOME} '{print $1}' {a,b} {{ep}} {foo} {ep}"
    inputs: { video: "videos/{ep}.mp4" }
    outputs: { o: o.txt }
`),
    ).replaceAll(/ {8}run: .*\n/g, ''),
  ).toBe(`pipeline.yaml:6:13 unknown-placeholder: rule "r" has no input "vide"
                ~~~~~~~~~~~~~
    did you mean "{inputs.video}"?
pipeline.yaml:6:27 unknown-placeholder: "{output.o}" is no placeholder
                              ~~~~~~~~~~
    did you mean "{outputs.o}"?
pipeline.yaml:6:38 unknown-placeholder: rule "r" has no param "det_thresh"
                                         ~~~~~~~~~~~~~~~~~~~
    add "det_thresh" to "params" of the rule
pipeline.yaml:6:92 unknown-placeholder: "{foo}" is no placeholder
                                                                                               ~~~~~
    write {{foo}} for the text {foo} itself
pipeline.yaml:6:98 unknown-placeholder: {ep} has no value in rule "r", which is made once for the project
                                                                                                     ~~~~
    there are: {inputs.video}, {outputs.o}`);
});

test('a placeholder in a block of lines is found on its own line', () => {
  expect(told('run: |\n  first {outputs.o}\n  then {outputs.p}\noutputs: { o: "o/{ep}" }')[0]).toBe(
    'pipeline.yaml:8:12 unknown-placeholder: rule "r" has no output "p"',
  );
});
