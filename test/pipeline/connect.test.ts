import { expect, test } from 'vitest';
import { checkSources } from '../../src/pipeline/sources.js';
import { formatProblem } from '../../src/base/problem.js';
import { complaints, read, withRules } from './pipelines.js';

function rule(name: string, { reads = 'videos/{ep}.mp4', makes }: { reads?: string; makes: string }): string {
  return `  ${name}: { run: x, inputs: { i: "${reads}" }, outputs: { o: "${makes}" } }\n`;
}

function told(...rules: string[]): string[] {
  return complaints(withRules(rules.join('')))
    .split('\n')
    .filter((line) => !/^ {4} *(~+$|\S+: \{)/.test(line));
}

test('two rules cannot make one artifact, nor one role inside the folder of another', () => {
  expect(told(rule('a', { makes: 'o/{ep}' }), rule('b', { makes: 'o/{ep}' }))).toEqual([
    'pipeline.yaml:6:64 same-artifact: rule "b" makes "o/{ep}", which rule "a" makes too (line 5)',
  ]);
  expect(told(rule('a', { makes: 'o/{ep}' }), rule('b', { makes: 'O/{ep}' }))[0]).toMatch(
    /same-artifact: rule "b" makes "O\/\{ep\}", and rule "a" makes "o\/\{ep\}" \(line 5\): one file where case does not count$/,
  );
  expect(told('  a: { run: x, outputs: { p: "o/{ep}", q: "o/{ep}/" } }\n')[0]).toMatch(
    /same-artifact: outputs "p" and "q" of rule "a" are both "o\/\{ep\}\/"$/,
  );
  expect(told(rule('a', { makes: 'o/{ep}/x/y' }), rule('b', { makes: 'o/{ep}/' }))).toEqual([
    'pipeline.yaml:5:64 nested-artifact: rule "a" makes "o/{ep}/x/y" inside "o/{ep}/", which rule "b" makes (line 6)',
    '    give each its own folder',
  ]);
});

test('a rule cannot make the videos that episodes are found by', () => {
  expect(told(rule('a', { reads: 'x', makes: 'videos/{ep}.mp4' }))[0]).toMatch(
    /same-artifact: rule "a" makes "videos\/\{ep\}\.mp4", but "each" takes such a file for a video of yours$/,
  );
});

test('a circle of rules is shown as a way around, once', () => {
  expect(
    complaints(
      withRules(
        rule('a', { reads: 'b/{ep}', makes: 'a/{ep}' }) +
          rule('b', { reads: 'c/{ep}', makes: 'b/{ep}' }) +
          rule('c', { reads: 'a/{ep}', makes: 'c/{ep}' }) +
          rule('after', { reads: 'c/{ep}', makes: 'd/{ep}' }) +
          rule('self', { reads: 's/{ep}', makes: 's/{ep}' }),
      ),
    ),
  ).toBe(
    `pipeline.yaml:5:29 cycle: rules need each other in a circle: a -> b -> c -> a
      a: { run: x, inputs: { i: "b/{ep}" }, outputs: { o: "a/{ep}" } }
                                ~~~~~~~~
    "a" reads "b/{ep}" of "b", "b" reads "c/{ep}" of "c", "c" reads "a/{ep}" of "a"
pipeline.yaml:9:32 cycle: rule "self" reads "s/{ep}", which it makes itself
      self: { run: x, inputs: { i: "s/{ep}" }, outputs: { o: "s/{ep}" } }
                                   ~~~~~~~~`,
  );
});

test('an input cannot take in what a rule makes without naming it', () => {
  const made = rule('a', { makes: 'o/{ep}/x.json' });
  const message = /bad-wildcard: "o\/\{ep\}\/.*" would take in "o\/\{ep\}\/x\.json", which rule "a" makes \(line 5\)$/;
  expect(told(made, rule('b', { reads: 'o/{ep}/*.json', makes: 'p/{ep}' }))[0]).toMatch(message);
  expect(told(made, rule('b', { reads: 'o/{ep}/', makes: 'p/{ep}' }))[0]).toMatch(message);
  expect(told(made, rule('b', { reads: 'o/{ep}/*.csv', makes: 'p/{ep}' }))).toEqual(['no problem']);
  const folder = told(rule('a', { makes: 'o/{ep}/' }), rule('b', { reads: 'o/{ep}', makes: 'p/{ep}' }));
  expect(folder[0]).toMatch(/bad-path: "o\/\{ep\}" is a file, but rule "a" makes "o\/\{ep\}\/" \(line 5\)$/);
  expect(folder.at(-1)).toBe('    write "o/{ep}/"');
});

test('an input that nothing makes and no file matches is told with the nearest artifact', () => {
  const text = withRules(
    rule('detect', { makes: 'faces/{ep}.jsonl' }) +
      rule('embed', { reads: 'face/{ep}.jsonl', makes: 'e/{ep}' }) +
      rule('scan', { reads: 'video/{ep}.mp4', makes: 's/{ep}' }) +
      rule('far', { reads: 'notes.txt', makes: 'n/{ep}' }) +
      '  may: { run: x, inputs: { i: { path: "nothing", optional: true } }, outputs: { o: "m/{ep}" } }\n',
  );
  const problems = checkSources(read(text), { matches: () => false });
  expect(problems.map(formatProblem).join('\n'))
    .toBe(`pipeline.yaml:6:33 unknown-artifact: rule "embed" reads "face/{ep}.jsonl", but nothing makes it
      embed: { run: x, inputs: { i: "face/{ep}.jsonl" }, outputs: { o: "e/{ep}" } }
                                    ~~~~~~~~~~~~~~~~~
    did you mean "faces/{ep}.jsonl", made by rule "detect" (line 5)?
pipeline.yaml:7:32 unknown-artifact: rule "scan" reads "video/{ep}.mp4", but nothing makes it
      scan: { run: x, inputs: { i: "video/{ep}.mp4" }, outputs: { o: "s/{ep}" } }
                                   ~~~~~~~~~~~~~~~~
    did you mean "videos/{ep}.mp4", the pattern of "each"?
pipeline.yaml:8:31 unknown-artifact: rule "far" reads "notes.txt", but nothing makes it
      far: { run: x, inputs: { i: "notes.txt" }, outputs: { o: "n/{ep}" } }
                                  ~~~~~~~~~~~
    make it with a rule, put the file there, or mark the input optional`);
  expect(checkSources(read(text), { matches: (pattern) => pattern !== 'notes.txt' })).toHaveLength(1);
});
