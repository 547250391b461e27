// One rule of pipeline.yaml: from its nodes to a draft whose own words are right. What several
// rules decide together (who makes what, in which order) is in connect.ts.
import { didYouMean } from '../base/closest.js';
import { quote } from '../base/quote.js';
import type { At, YamlEntry } from '../base/yaml.js';
import { checkCommand } from './check-command.js';
import { checkStage } from './check-stage.js';
import { configFields, type ParamName } from '../stage/config.js';
import { Fields, textItems, type RuleContext, type RuleDraft } from './draft.js';
import type { PathUse } from './paths.js';
import type { RuleCode } from './pipeline.js';
import type { Reporter } from './report.js';
import { readAmounts } from './resources.js';

/** Keys that say something only of a command. */
const commandKeys = ['code', 'depfile', 'env', 'shell'] as const;

const inputUse: PathUse = { root: 'the data root', ep: true, wildcards: true, folder: true };
const outputUse: PathUse = { root: 'the data root', ep: true, wildcards: false, folder: true };
const codeUse: PathUse = { root: 'the project', ep: false, wildcards: false, folder: false };

/** Reads a rule and reports what is wrong within it; undefined when it is no map. */
export function readRule(name: string, { key, value }: YamlEntry, context: RuleContext): RuleDraft | undefined {
  const { reporter } = context;
  if (value.kind !== 'map' || value.entries.size === 0) {
    const empty = value.kind === 'map' || (value.kind === 'scalar' && value.value === null);
    const hint = () => 'give it "stage" or "run", and "outputs"';
    if (empty) reporter.add(key, { code: 'empty-rule', message: `rule ${quote(name)} is empty`, hint });
    return undefined;
  }
  const fields = new Fields(value.entries, reporter);
  const inputs = fields.paths('inputs', inputUse);
  const outputs = fields.paths('outputs', outputUse);
  const draft: RuleDraft = {
    name,
    key,
    code: readCode(name, key, fields, context),
    inputs,
    outputs,
    params: fields.texts('params').map(({ text }) => text),
    models: fields
      .texts('models')
      .map(({ text }) => text)
      .filter((text) => text === 'detector' || text === 'embedder'),
    resources: readAmounts(name, fields.entries.get('resources')?.value, context),
    timeoutSeconds: fields.number('timeout'),
    retries: fields.number('retries') ?? 0,
    scope: outputs.some(({ pattern }) => pattern.includes('{ep}')) ? 'episode' : 'project',
  };
  checkOutputs(draft, fields, reporter);
  checkDeclared(draft, fields, context);
  if (draft.code?.kind === 'command')
    checkCommand({ draft, code: draft.code, run: fields.at('run'), depfile: fields.at('depfile'), context });
  if (draft.code?.kind === 'stage') checkStage({ draft, stage: draft.code.stage, fields, context });
  return draft;
}

function readCode(name: string, key: At, fields: Fields, context: RuleContext): RuleCode | undefined {
  const { reporter } = context;
  if (fields.has('stage') && fields.has('run')) {
    const hint = () => 'keep one of them';
    reporter.add(fields.keyAt('run')!, {
      code: 'two-codes',
      message: `rule ${quote(name)} has both "stage" and "run"`,
      hint,
    });
    return undefined;
  }
  if (fields.has('stage')) {
    for (const word of commandKeys) {
      const hint = () => 'a stage has no use for it';
      const message = `"${word}" belongs to a rule with "run"`;
      if (fields.has(word)) reporter.add(fields.keyAt(word)!, { code: 'misplaced-key', message, hint });
    }
    return readStage(fields, context);
  }
  if (!fields.has('run')) {
    const hint = () => 'give it "stage" or "run"';
    reporter.add(key, { code: 'empty-rule', message: `rule ${quote(name)} says neither "stage" nor "run"`, hint });
    return undefined;
  }
  return readCommand(fields);
}

function readStage(fields: Fields, { reporter, catalogue }: RuleContext): RuleCode | undefined {
  const stage = fields.text('stage');
  if (stage === undefined) return undefined;
  const at = fields.at('stage')!;
  if (Object.hasOwn(catalogue, stage)) return { kind: 'stage', stage };
  if (stage.startsWith('./') || stage.startsWith('../') || stage.includes('/')) {
    const file = stage.replace(/^\.\//, '');
    if (!fields.checkPath(file, at, codeUse)) return undefined;
    if (stage.startsWith('./') && /\.m?js$/.test(file)) return { kind: 'module', file };
    const hint = () => (stage.startsWith('./') ? 'a module of your own ends with .js or .mjs' : `write "./${stage}"`);
    reporter.add(at, { code: 'unknown-stage', message: `${quote(stage)} names no module`, hint });
    return undefined;
  }
  const own = /\.m?js$/.test(stage) ? `write "./${stage}" for a module of your own` : undefined;
  const hint = () => own ?? didYouMean(stage, Object.keys(catalogue));
  reporter.add(at, { code: 'unknown-stage', message: `there is no stage ${quote(stage)}`, hint });
  return undefined;
}

function readCommand(fields: Fields): RuleCode | undefined {
  const command = fields.text('run');
  if (command === undefined) return undefined;
  return {
    kind: 'command',
    command,
    shell: fields.scalar('shell') !== false,
    code: fields.texts('code').flatMap(({ text, at }) => (fields.checkPath(text, at, codeUse) ? [text] : [])),
    depfile: fields.text('depfile'),
    env: fields.texts('env').map(({ text }) => text),
  };
}

function checkOutputs({ name, key, outputs, scope }: RuleDraft, fields: Fields, reporter: Reporter): void {
  const written = fields.entries.get('outputs')?.value;
  if (written === undefined || (written.kind === 'map' && written.entries.size === 0)) {
    const hint = () => 'name what it makes, e.g. outputs: { table: "reports/{ep}/table.csv" }';
    reporter.add(fields.keyAt('outputs') ?? key, {
      code: 'no-outputs',
      message: `rule ${quote(name)} makes nothing`,
      hint,
    });
  }
  if (scope === 'project') return;
  for (const { pattern, at, sound } of outputs) {
    if (!sound || pattern.includes('{ep}')) continue;
    const message = `rule ${quote(name)} runs once an episode, but ${quote(pattern)} would be the same file for all`;
    reporter.add(at, { code: 'mixed-outputs', message, hint: () => 'put {ep} in all of its outputs or in none' });
  }
}

function checkDeclared({ name, models }: RuleDraft, fields: Fields, { reporter, declared }: RuleContext): void {
  const seen = new Set(declared);
  for (const { text, at } of textItems(fields.entries.get('params')?.value)) {
    if (seen.has(text)) continue;
    seen.add(text); // a second time is told as such
    const message = `rule ${quote(name)} reads param ${quote(text)}, but "params" does not declare it`;
    reporter.add(at, { code: 'unknown-param', message, hint: () => undeclaredHint(text, declared) });
  }
  for (const model of models) {
    if (declared.has(model)) continue;
    const message = `rule ${quote(name)} opens the model that param "${model}" names, but "params" does not declare it`;
    const at = textItems(fields.entries.get('models')?.value).find(({ text }) => text === model)!.at;
    reporter.add(at, { code: 'unknown-param', message, hint: () => `add "${model}: auto" to "params"` });
  }
}

/** A built-in param only has to be declared; any other may be misspelt. */
export function undeclaredHint(param: string, declared: ReadonlySet<string>): string | undefined {
  if (!Object.hasOwn(configFields, param)) return didYouMean(param, declared);
  return `add "${param}: ${JSON.stringify(configFields[param as ParamName].default)}" to "params"`;
}
