// pipeline.yaml from text to checked data. All problems of the file are gathered and thrown as one
// ProblemError; the text is never trusted (see base/yaml.ts for its limits). No file is read here.
import type { Json } from '../base/canonical-json.js';
import { closest, didYouMean } from '../base/closest.js';
import { Problems } from '../base/problems.js';
import { quote } from '../base/quote.js';
import { sourceOf } from '../base/source.js';
import { readYaml, toJson, type At, type YamlEntry, type YamlMap, type YamlNode } from '../base/yaml.js';
import { paramNames } from '../stage/config.js';
import type { StageCatalogue } from '../stage/stage.js';
import { orderRules, type OrderedRules } from './connect.js';
import { mapEntries, textItems, type RuleDraft } from './draft.js';
import { pathFault } from './paths.js';
import type { ParamValues, Pipeline, Rule } from './pipeline.js';
import { readRule, undeclaredHint } from './read-rule.js';
import { Reporter } from './report.js';
import { readPools } from './resources.js';
import { paramFields, pipelineShape } from './schema.js';
import { checkValue } from './value-schema.js';

/** People write tens of rules, programs a hundred thousand; every check is linear in these, or nearly. */
const rulesMax = 250_000;
const pathsMax = 2_000_000;

export interface PipelineText {
  readonly text: string;
  /** The file's name, for messages. */
  readonly file: string;
  readonly catalogue: StageCatalogue;
}

/** Reads and checks a pipeline. Throws one ProblemError with every problem of the file. */
export function readPipeline({ text, file, catalogue }: PipelineText): Pipeline {
  const source = sourceOf({ text, file });
  const problems = new Problems();
  const root = readYaml(source, problems);
  const pipeline = root && readRoot(root, new Reporter(source, problems), catalogue);
  problems.throwIfAny();
  if (pipeline === undefined) throw new Error('a pipeline that could not be read had no problem');
  return pipeline;
}

function readRoot(root: YamlNode, reporter: Reporter, catalogue: StageCatalogue): Pipeline | undefined {
  if (root.kind !== 'map') {
    const empty = root.kind === 'scalar' && root.value === null;
    const message = empty ? 'the file says nothing' : 'the file is no map of keys and values';
    const hint = () => 'a pipeline starts with "sa: 1"; "sa init" writes one to begin with';
    reporter.add({ start: 0, end: 1 }, { code: 'wrong-type', message, hint });
    return undefined;
  }
  checkShape(root, reporter);
  const at = (key: string): YamlNode | undefined => root.entries.get(key)?.value;
  const params = valuesOf(at('params'));
  const declared = new Set(Object.keys(params));
  const each = readEach(at('each'), reporter);
  const pools = readPools(at('resources'), reporter);
  const drafts = readRules(at('rules'), { reporter, catalogue, declared, pools });
  checkOverrides(root, declared, reporter);
  checkUnusedParams(at('params'), drafts, reporter);
  const named = new Set([...mapEntries(at('rules'))].map(([name]) => name));
  const groups = readGroups(at('groups'), named, reporter);
  const { ordered, madeBy } = orderRules(drafts, each, reporter);
  return {
    data: readData(at('data'), reporter),
    each: each ?? '',
    params,
    profiles: valueSets(at('profiles')),
    episodes: valueSets(at('episodes')),
    rules: ordered.flatMap((draft) => toRule(draft, madeBy, reporter)),
    groups,
    resources: pools,
    fields: paramFields(),
  };
}

/** Types, ranges, unknown and missing keys: all that the schema says. */
function checkShape(root: YamlMap, reporter: Reporter): void {
  checkValue(pipelineShape(), toJson(root), (path, part, make) => {
    if (path.length === 2 && path[0] === 'rules' && part === 'value' && isNothing(find(root, path)?.value)) return; // readRule says it
    const { code, message, hint } = make();
    const at = (): At => placeOf(root, path, part);
    if (path.length === 1 && path[0] === 'sa') reporter.add(at, unsupportedVersion(root));
    else reporter.add(at, { code, message, hint: () => hint });
  });
}

function unsupportedVersion(root: YamlMap) {
  const version = JSON.stringify(toJson(root.entries.get('sa')!.value)).slice(0, 40);
  const message = `this file says version ${version} of the language; only version 1 is known`;
  return { code: 'unsupported-version', message, hint: () => 'write "sa: 1", or use a newer sa' };
}

interface Found {
  readonly key: At | undefined;
  readonly value: YamlNode;
}

function find(root: YamlNode, path: readonly (string | number)[]): Found | undefined {
  let found: Found | undefined = { key: undefined, value: root };
  for (const step of path) found = found && child(found.value, step);
  return found;
}

function child(node: YamlNode, step: string | number): Found | undefined {
  if (node.kind === 'map') return node.entries.get(String(step));
  const item = node.kind === 'list' ? node.items[Number(step)] : undefined;
  return item && { key: undefined, value: item };
}

/** A value that is left out is pointed at by its key. */
function placeOf(root: YamlNode, path: readonly (string | number)[], part: 'key' | 'value'): At {
  const found = find(root, path);
  if (path.length === 0 || found === undefined) return { start: root.start, end: root.start + 1 };
  const { key, value } = found;
  return key !== undefined && (part === 'key' || value.start === value.end) ? key : value;
}

function isNothing(node: YamlNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === null;
}

function readData(node: YamlNode | undefined, reporter: Reporter): string {
  if (node?.kind !== 'scalar' || typeof node.value !== 'string') return 'data';
  const fault = pathFault(node.value, { root: 'the project', ep: false, wildcards: false, folder: true });
  const hint = () => 'to keep the data elsewhere, set SA_DATA_ROOT or pass --data-root';
  if (fault) reporter.add(node, { ...fault, hint });
  return node.value;
}

function readEach(node: YamlNode | undefined, reporter: Reporter): string | undefined {
  const ep = node?.kind === 'map' ? node.entries.get('ep')?.value : undefined;
  if (ep?.kind !== 'scalar' || typeof ep.value !== 'string') return undefined;
  const pattern = ep.value;
  const fault = pathFault(pattern, { root: 'the data root', ep: true, wildcards: true, folder: false });
  const [before] = pattern.split('{ep}');
  if (fault) reporter.add(ep, fault);
  else if (!pattern.includes('{ep}')) {
    const hint = () => 'write {ep} where the name of the episode stands, e.g. "videos/{ep}/episode.*"';
    reporter.add(ep, { code: 'bad-each', message: `the pattern ${quote(pattern)} has no {ep}`, hint });
  } else if (/[*?]/.test(before!)) {
    const hint = () => 'write the folders above the episode out';
    reporter.add(ep, { code: 'bad-each', message: `the pattern ${quote(pattern)} has a wildcard before {ep}`, hint });
  } else return pattern;
  return undefined;
}

function readRules(node: YamlNode | undefined, context: Parameters<typeof readRule>[2]): readonly RuleDraft[] {
  const entries = [...mapEntries(node)];
  const drafts: RuleDraft[] = [];
  let paths = 0;
  for (const [name, entry] of entries.slice(0, rulesMax)) {
    const draft = readRule(name, entry, context);
    if (draft) drafts.push(draft);
    paths += (draft?.inputs.length ?? 0) + (draft?.outputs.length ?? 0);
  }
  if (entries.length <= rulesMax && paths <= pathsMax) return drafts;
  const message = `${entries.length} rules with ${paths} paths; at most ${rulesMax} and ${pathsMax} are read`;
  context.reporter.add(node!, { code: 'too-large', message });
  return [];
}

/** Profiles and episodes may set only what `params` declares. */
function checkOverrides(root: YamlMap, declared: ReadonlySet<string>, reporter: Reporter): void {
  for (const [section, noun] of [
    ['profiles', 'profile'],
    ['episodes', 'episode'],
  ] as const) {
    for (const [name, { value }] of mapEntries(root.entries.get(section)?.value)) {
      for (const [param, { key }] of mapEntries(value)) {
        if (declared.has(param)) continue;
        const message = `${noun} ${quote(name)} sets ${quote(param)}, but "params" does not declare it`;
        reporter.add(key, { code: 'unknown-param', message, hint: () => undeclaredHint(param, declared) });
      }
    }
  }
}

/** A param of one's own is welcome; one that no rule reads and that nearly has a known name is a slip. */
function checkUnusedParams(node: YamlNode | undefined, drafts: readonly RuleDraft[], reporter: Reporter): void {
  const read = new Set(drafts.flatMap(({ params }) => params));
  const known: ReadonlySet<string> = new Set(paramNames);
  for (const [param, { key }] of mapEntries(node)) {
    if (read.has(param) || known.has(param)) continue;
    const near = closest(param, known);
    if (near === undefined) continue;
    const message = `no rule reads param ${quote(param)}`;
    reporter.add(key, { code: 'unknown-param', message, hint: () => `did you mean "${near}"?` });
  }
}

function readGroups(
  node: YamlNode | undefined,
  rules: ReadonlySet<string>,
  reporter: Reporter,
): Readonly<Record<string, readonly string[]>> {
  const groups: [string, string[]][] = [];
  for (const [name, { value }] of mapEntries(node)) {
    const members = new Set<string>();
    for (const { text, at } of textItems(value)) {
      if (members.has(text)) {
        reporter.add(at, { code: 'duplicate-item', message: `${quote(text)} stands twice in group ${quote(name)}` });
      } else if (!rules.has(text)) {
        const message = `group ${quote(name)} names ${quote(text)}, but there is no such rule`;
        reporter.add(at, { code: 'unknown-rule', message, hint: () => didYouMean(text, rules) });
      }
      members.add(text);
    }
    groups.push([name, [...members]]);
  }
  return Object.fromEntries(groups);
}

function valueSets(node: YamlNode | undefined): Readonly<Record<string, ParamValues>> {
  return Object.fromEntries(
    [...mapEntries(node)].map(([name, { value }]: [string, YamlEntry]) => [name, valuesOf(value)]),
  );
}

function valuesOf(node: YamlNode | undefined): Readonly<Record<string, Json>> {
  return node?.kind === 'map' ? (toJson(node) as Readonly<Record<string, Json>>) : {};
}

function toRule(draft: RuleDraft, madeBy: OrderedRules['madeBy'], reporter: Reporter): readonly Rule[] {
  const { name, key, code, params, models, resources, timeoutSeconds, retries, scope } = draft;
  if (code === undefined) return [];
  const inputs = draft.inputs.map((input) => {
    const { role, pattern, optional, at } = input;
    const gathers = scope === 'project' && pattern.includes('{ep}');
    const maker = madeBy.get(input);
    const source = maker === undefined ? { place: reporter.place(at) } : { madeBy: maker };
    return [role, { pattern, optional, gathers, ...source }] as const;
  });
  const outputs = draft.outputs.map(
    ({ role, pattern }) => [role, { pattern, directory: pattern.endsWith('/') }] as const,
  );
  return [
    {
      name,
      code,
      inputs: Object.fromEntries(inputs),
      outputs: Object.fromEntries(outputs),
      params,
      models,
      resources,
      timeoutSeconds,
      retries,
      scope,
      line: reporter.lineOf(key),
    },
  ];
}
