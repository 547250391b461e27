// sa graph and sa query: the rules and artifacts, and questions about them.
import { rulesOf } from '../../app/select.js';
import { didYouMean } from '../../base/closest.js';
import { problem } from '../../base/problem.js';
import type { Pipeline, Rule } from '../../pipeline/pipeline.js';
import { printJson, type Io } from '../io.js';
import { openFromFlags, text, texts, type Flags } from '../options.js';

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly artifact: string;
}

/** Draws the rules with the artifacts between them; `words` narrow it to those rules. */
export async function graph(io: Io, flags: Flags): Promise<number> {
  const { pipeline } = await openFromFlags(io, flags);
  const chosen = new Set(texts(flags['words']).flatMap((word) => rulesOf(pipeline, word) ?? unknown(word, pipeline)));
  const edges = edgesOf(pipeline).filter(({ from, to }) => chosen.size === 0 || chosen.has(from) || chosen.has(to));
  const names = pipeline.rules
    .map(({ name }) => name)
    .filter(
      (name) => chosen.size === 0 || edges.some(({ from, to }) => from === name || to === name) || chosen.has(name),
    );
  const format = flags['json'] === true ? 'json' : (text(flags['format']) ?? 'text');
  switch (format) {
    case 'json':
      printJson(io, {
        version: 1,
        rules: names.map((name) => pipeline.rules.find((rule) => rule.name === name)).map(ruleJson),
        edges,
      });
      return 0;
    case 'mermaid':
      io.out.write(
        `flowchart LR\n${names.map((name) => `  ${id(name)}["${name}"]\n`).join('')}${edges.map(({ from, to, artifact }) => `  ${id(from)} -- "${basename(artifact)}" --> ${id(to)}\n`).join('')}`,
      );
      return 0;
    case 'dot':
      io.out.write(
        `digraph sa {\n  rankdir=LR;\n  node [shape=box];\n${names.map((name) => `  ${JSON.stringify(name)};\n`).join('')}${edges.map(({ from, to, artifact }) => `  ${JSON.stringify(from)} -> ${JSON.stringify(to)} [label=${JSON.stringify(basename(artifact))}];\n`).join('')}}\n`,
      );
      return 0;
    case 'text':
      for (const name of names) {
        const needs = [...new Set(edges.filter(({ to }) => to === name).map(({ from }) => from))];
        const rule = pipeline.rules.find((one) => one.name === name)!;
        io.out.write(`${name}${needs.length > 0 ? ` <- ${needs.join(', ')}` : ''}\n`);
        for (const { pattern } of Object.values(rule.outputs)) io.out.write(`    ${pattern}\n`);
      }
      return 0;
    default:
      throw problem(
        'unknown-format',
        `graph knows no format ${JSON.stringify(format)}`,
        'there are: text, mermaid, dot, json',
      );
  }
}

/** Answers deps, rdeps, inputs or outputs of a rule, group or artifact kind, one name a line. */
export async function query(io: Io, flags: Flags): Promise<number> {
  const { pipeline } = await openFromFlags(io, flags);
  const word = text(flags['name']) ?? '';
  const rules = rulesOf(pipeline, word) ?? unknown(word, pipeline);
  const answers = answer(pipeline, text(flags['question']) ?? '', new Set(rules));
  if (flags['json'] === true) printJson(io, { version: 1, answers });
  else for (const line of answers) io.out.write(`${line}\n`);
  return 0;
}

function answer(pipeline: Pipeline, question: string, rules: ReadonlySet<string>): string[] {
  const own = pipeline.rules.filter(({ name }) => rules.has(name));
  switch (question) {
    case 'deps':
      return reach(pipeline, rules, ({ from, to }) => [to, from]);
    case 'rdeps':
      return reach(pipeline, rules, ({ from, to }) => [from, to]);
    case 'inputs':
      return [...new Set(own.flatMap(({ inputs }) => Object.values(inputs).map(({ pattern }) => pattern)))];
    case 'outputs':
      return own.flatMap(({ outputs }) => Object.values(outputs).map(({ pattern }) => pattern));
    default:
      throw problem(
        'unknown-question',
        `query knows no ${JSON.stringify(question)}`,
        didYouMean(question, ['deps', 'rdeps', 'inputs', 'outputs']) ?? 'there are: deps, rdeps, inputs, outputs',
      );
  }
}

function reach(
  pipeline: Pipeline,
  start: ReadonlySet<string>,
  step: (edge: Edge) => readonly [near: string, far: string],
): string[] {
  const next = new Map<string, string[]>();
  for (const [near, far] of edgesOf(pipeline).map(step)) {
    const all = next.get(near);
    if (all) all.push(far);
    else next.set(near, [far]);
  }
  const reached = new Set(start);
  // A set that grows while it is walked: each rule is met once.
  for (const name of reached) for (const far of next.get(name) ?? []) reached.add(far);
  return pipeline.rules.map(({ name }) => name).filter((name) => reached.has(name) && !start.has(name));
}

function edgesOf(pipeline: Pipeline): Edge[] {
  return pipeline.rules.flatMap((rule) =>
    Object.values(rule.inputs).flatMap(({ madeBy, pattern }) =>
      madeBy === undefined ? [] : [{ from: madeBy.rule, to: rule.name, artifact: pattern }],
    ),
  );
}

function ruleJson(rule: Rule | undefined): unknown {
  if (rule === undefined) return null;
  const { name, code, inputs, outputs, params, models, scope } = rule;
  return {
    name,
    scope,
    code,
    params,
    models,
    inputs: Object.fromEntries(Object.entries(inputs).map(([role, { pattern }]) => [role, pattern])),
    outputs: Object.fromEntries(Object.entries(outputs).map(([role, { pattern }]) => [role, pattern])),
  };
}

function unknown(word: string, pipeline: Pipeline): never {
  const names = pipeline.rules.flatMap(({ name, outputs }) => [name, ...Object.keys(outputs)]);
  throw problem(
    'unknown-word',
    `${JSON.stringify(word)} is no rule, group or artifact`,
    didYouMean(word, [...names, ...Object.keys(pipeline.groups)]),
  );
}

function id(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/g, '_');
}

function basename(path: string): string {
  const bare = path.replace(/\/$/, '');
  return bare.slice(bare.lastIndexOf('/') + 1) + (path.endsWith('/') ? '/' : '');
}
