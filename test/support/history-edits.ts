// Random projects, and random edits of them: what a user does between two builds.
import type { Dice, ModelRule, Project, Source } from './history-model.js';

const paramNames = ['p0', 'p1', 'p2'] as const;
const sharedNames = ['s0', 's1'] as const;
const toolNames = ['t0', 't1'] as const;

export function randomProject(
  dice: Dice,
  { episodes, rules, commands }: { episodes: number; rules: number; commands: number },
): Project {
  let project: Project = {
    rules: [],
    params: Object.fromEntries(paramNames.map((name) => [name, dice.below(3)])),
    byEpisode: {},
    videos: Object.fromEntries(Array.from({ length: episodes }, (_, index) => [`e${index}`, text(dice)])),
    shared: Object.fromEntries(sharedNames.map((name) => [name, text(dice)])),
    tools: Object.fromEntries(toolNames.map((name) => [name, text(dice)])),
  };
  const shape = dice.pick(['any', 'chain', 'fan', 'grid'] as const);
  for (let index = 0; index < rules; index++) {
    project = {
      ...project,
      rules: [...project.rules, randomRule(dice, project, { name: `r${index}`, shape, commands })],
    };
  }
  return project;
}

interface NewRule {
  readonly name: string;
  readonly shape: 'any' | 'chain' | 'fan' | 'grid';
  readonly commands: number;
}

function randomRule(dice: Dice, { rules }: Project, { name, shape, commands }: NewRule): ModelRule {
  const once = dice.chance(0.15);
  const before =
    shape === 'chain'
      ? rules.slice(-1)
      : shape === 'fan'
        ? rules.slice(0, 1)
        : shape === 'grid'
          ? rules.slice(-2)
          : rules;
  const sources: Source[] = [];
  const count = shape === 'grid' ? 2 : 1 + dice.below(3);
  for (let index = 0; index < count; index++) sources.push(randomSource(dice, before));
  const way = dice.chance(commands) ? 'command' : 'module';
  return {
    name,
    way,
    once,
    sources,
    params: paramNames.filter(() => dice.chance(0.3)),
    lossy: dice.chance(0.3),
    twoOutputs: dice.chance(0.3),
    folder: dice.chance(0.3),
    chunk: way === 'module' && dice.chance(0.4) ? 1 + dice.below(9) : 0,
    salt: dice.below(3),
    tool: way === 'command' && dice.chance(0.4) ? dice.pick(toolNames) : undefined,
    fails: false,
  };
}

function randomSource(dice: Dice, before: readonly ModelRule[]): Source {
  if (before.length > 0 && dice.chance(0.7)) {
    const { name, folder } = dice.pick(before);
    return { kind: folder ? 'inside' : 'rule', rule: name };
  }
  return dice.chance(0.5) ? { kind: 'own' } : { kind: 'shared', file: dice.pick(sharedNames) };
}

/** The project after one random edit, and the edit in words. */
export function editProject(
  dice: Dice,
  project: Project,
  commands: number,
): { readonly project: Project; readonly did: string } {
  const { rules, params, byEpisode, videos, shared, tools } = project;
  const episodes = Object.keys(videos);
  switch (dice.below(13)) {
    case 0:
    case 1: {
      const name = dice.pick(paramNames);
      return { did: `set ${name}`, project: { ...project, params: { ...params, [name]: dice.below(3) } } };
    }
    case 2: {
      const [ep, name] = [dice.pick(episodes), dice.pick(paramNames)];
      const own = { ...byEpisode[ep], [name]: dice.below(3) };
      return { did: `set ${name} of ${ep}`, project: { ...project, byEpisode: { ...byEpisode, [ep]: own } } };
    }
    case 3:
    case 4: {
      const ep = dice.pick(episodes);
      return { did: `edit ${ep}`, project: { ...project, videos: { ...videos, [ep]: edited(dice, videos[ep]!) } } };
    }
    case 5: {
      const name = dice.pick(sharedNames);
      return {
        did: `edit ${name}`,
        project: { ...project, shared: { ...shared, [name]: edited(dice, shared[name]!) } },
      };
    }
    case 6: {
      const name = dice.pick(toolNames);
      return { did: `edit ${name}`, project: { ...project, tools: { ...tools, [name]: text(dice) } } };
    }
    case 7:
      return change(dice, project, 'salt', (rule) => ({ ...rule, salt: dice.below(3) }));
    case 8:
      return change(dice, project, 'fails', (rule) => ({ ...rule, fails: !rule.fails }));
    case 9:
      return change(dice, project, 'second output', (rule) => ({ ...rule, twoOutputs: !rule.twoOutputs }));
    case 10: {
      const sinks = rules.filter(
        ({ name }) => !rules.some(({ sources }) => sources.some((one) => 'rule' in one && one.rule === name)),
      );
      if (rules.length < 3) break;
      const gone = dice.pick(sinks);
      return { did: `remove ${gone.name}`, project: { ...project, rules: rules.filter((rule) => rule !== gone) } };
    }
    case 11: {
      if (rules.length > 8) break;
      const name = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9'].find((free) =>
        rules.every((rule) => rule.name !== free),
      )!;
      return {
        did: `add ${name}`,
        project: { ...project, rules: [...rules, randomRule(dice, project, { name, shape: 'any', commands })] },
      };
    }
    case 12: {
      const ep = dice.pick(['e0', 'e1', 'e2', 'e3']);
      const { [ep]: there, ...others } = videos;
      if (there === undefined)
        return { did: `add ${ep}`, project: { ...project, videos: { ...videos, [ep]: text(dice) } } };
      if (episodes.length < 2) break;
      const byOthers = Object.fromEntries(Object.entries(byEpisode).filter(([name]) => name !== ep));
      return { did: `remove ${ep}`, project: { ...project, videos: others, byEpisode: byOthers } };
    }
  }
  return { did: 'nothing', project };
}

function change(
  dice: Dice,
  project: Project,
  what: string,
  edit: (rule: ModelRule) => ModelRule,
): { project: Project; did: string } {
  const chosen = dice.pick(project.rules);
  const rules = project.rules.map((rule) => (rule === chosen ? edit(rule) : rule));
  return { did: `${what} of ${chosen.name}`, project: { ...project, rules } };
}

function text(dice: Dice): string {
  return `${dice.pick(['a', 'b', 'c'])} ${dice.below(5)}\n`;
}

// Often behind the first letter, where lossy rules do not look.
function edited(dice: Dice, before: string): string {
  return dice.chance(0.5) ? `${before[0]} ${dice.below(5)}\n` : text(dice);
}
