// Writes a model project as the files that a user would have: pipeline.yaml, videos, tools, stages.
import type { ModelRule, Project } from './history-model.js';
import { cksum, outputPattern, sidePattern } from './history-model.js';

/** Every source file of the project, by path from its root. */
export function projectFiles(project: Project): Record<string, string> {
  const files: Record<string, string> = { 'pipeline.yaml': JSON.stringify(pipelineOf(project), null, 1) };
  for (const [ep, text] of Object.entries(project.videos)) files[`data/videos/${ep}.txt`] = text;
  for (const [name, text] of Object.entries(project.shared)) files[`data/shared/${name}`] = text;
  for (const [name, text] of Object.entries(project.tools)) files[`tools/${name}`] = text;
  for (const rule of project.rules) if (rule.way === 'module') files[stageFile(rule)] = stageCode(rule);
  files['stages/cksum.mjs'] = `export ${cksum.toString()}`;
  return files;
}

function pipelineOf(project: Project): unknown {
  return {
    sa: 1,
    data: 'data',
    each: { ep: 'videos/{ep}.txt' },
    params: project.params,
    episodes: project.byEpisode,
    rules: Object.fromEntries(project.rules.map((rule) => [rule.name, ruleOf(rule, project)])),
  };
}

function ruleOf(rule: ModelRule, project: Project): unknown {
  const inputs = Object.fromEntries(rule.sources.map((_, index) => [`i${index}`, inputPattern(rule, index, project)]));
  const outputs = { main: outputPattern(rule), ...(rule.twoOutputs ? { side: sidePattern(rule) } : {}) };
  const common = { inputs, outputs, params: rule.params };
  if (rule.way === 'module') return { stage: `./${stageFile(rule)}`, ...common };
  const code = rule.tool === undefined ? {} : { code: [`tools/${rule.tool}`] };
  return { run: command(rule), ...code, ...common };
}

function inputPattern({ sources }: ModelRule, index: number, { rules }: Project): string {
  const source = sources[index]!;
  if (source.kind === 'own') return 'videos/{ep}.txt';
  if (source.kind === 'shared') return `shared/${source.file}`;
  const maker = rules.find(({ name }) => name === source.rule)!;
  return `${outputPattern(maker)}${maker.folder ? 'main' : ''}`;
}

// What it reads and writes is the model's contentOf; `log` notes each run outside the data root.
function command(rule: ModelRule): string {
  const ins = rule.sources.map((_, index) => `{inputs.i${index}}`).join(' ');
  const main = rule.folder ? '{outputs.main}/main' : '{outputs.main}';
  return [
    `echo ${rule.name}@${rule.once ? '' : '{ep}'} >> log`,
    ...(rule.folder ? ['mkdir -p {outputs.main}/deep'] : []),
    `echo salt ${rule.salt} > ${main}`,
    ...rule.params.map((name) => `echo ${name}={params.${name}} >> ${main}`),
    ...(rule.tool === undefined ? [] : [`cat tools/${rule.tool} >> ${main}`]),
    ...(rule.fails ? ['exit 3'] : []),
    rule.lossy ? `cat ${ins} | head -c 1 >> ${main}` : `cat ${ins} | cksum >> ${main}`,
    ...(rule.folder ? [`(echo copy; cat ${main}) > {outputs.main}/deep/copy`] : []),
    ...(rule.twoOutputs ? [`(echo side; cat ${main}) > {outputs.side}`] : []),
  ].join('; ');
}

// A module is loaded once a process, so each version of its code has its own name.
function stageFile({ name, salt, chunk, lossy, folder, fails, twoOutputs, params, sources }: ModelRule): string {
  const version = [salt, lossy, folder, fails, twoOutputs, sources.length, chunk].map(Number).join('');
  return `stages/${[name, version, ...params].join('-')}.mjs`;
}

// The same outputs from a rule that runs as a whole and from one that works in chunks.
function stageCode(rule: ModelRule): string {
  return `import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cksum } from './cksum.mjs';
const note = (ep) => appendFileSync(new URL('../log', import.meta.url), '${rule.name}@' + (ep ?? '') + '\\n');
function textOf({ inputs, params }) {
  const roles = ${JSON.stringify(rule.sources.map((_, index) => `i${index}`))};
  const input = roles.flatMap((role) => inputs.gathered(role)).map(({ path }) => readFileSync(path)).join('');
  const head = 'salt ${rule.salt}\\n' + ${JSON.stringify(rule.params)}.map((name) => name + '=' + params[name] + '\\n').join('');
  return head + (${rule.lossy} ? input.slice(0, 1) : cksum(Buffer.from(input)) + '\\n');
}
function write({ outputs }, text) {
  const folder = ${rule.folder};
  const out = outputs.path('main');
  if (folder) mkdirSync(out + '/deep', { recursive: true });
  writeFileSync(folder ? out + '/main' : out, text);
  if (${rule.fails}) throw new Error('made to fail');
  if (folder) writeFileSync(out + '/deep/copy', 'copy\\n' + text);
  if (${rule.twoOutputs}) writeFileSync(outputs.path('side'), 'side\\n' + text);
  return {};
}
export const stage = ${rule.chunk === 0 ? wholeStage : chunkedStage(rule)};
`;
}

const wholeStage = `{
  async run(context) {
    note(context.ep);
    return write(context, textOf(context));
  },
}`;

function chunkedStage({ chunk, fails }: ModelRule): string {
  return `{
  chunks: {
    async split(reading) {
      const { length } = textOf(reading);
      return Array.from({ length: Math.ceil(length / ${chunk}) }, (_, at) => at * ${chunk});
    },
    async runChunk(context, from) {
      note(context.ep);
      if (${fails} && from > 0) throw new Error('made to fail');
      writeFileSync(context.part + '/text', textOf(context).slice(from, from + ${chunk}));
      return { characters: ${chunk} };
    },
    async merge(context, parts) {
      note(context.ep);
      return write(context, parts.map(({ folder }) => readFileSync(folder + '/text', 'utf8')).join(''));
    },
  },
}`;
}
