// Turns the words of a command (episodes, globs, targets) into actions of the graph.
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { fillIn, withUpstream, type Action, type Graph } from '../graph/graph.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { artifactPatterns } from '../stage/artifact-path.js';
import type { Workspace } from './workspace.js';

export interface Selection {
  readonly episodes: readonly string[];
  /** Everything to judge: what was asked for and all that it needs. */
  readonly actions: readonly Action[];
  /** What was asked for alone. */
  readonly wanted: readonly Action[];
}

export interface Words {
  /** Episodes, globs of episodes, and targets, in any order. */
  readonly words: readonly string[];
  readonly all: boolean;
  /** Count episodes that only a lockfile remembers. */
  readonly lockedToo?: boolean;
}

/**
 * The actions that `words` name. Without a target it is every rule; without an episode every episode,
 * and the rules that are made once. Throws ProblemError with the nearest name for an unknown word.
 */
export function select(workspace: Workspace, { words, all, lockedToo = false }: Words): Selection {
  const known = workspace.episodes({ lockedToo });
  const chosen = new Set<string>();
  const targets: string[] = [];
  for (const word of words) {
    const matches =
      /[*?]/.test(word) && !word.includes('/')
        ? known.filter((ep) => globShape(word).test(ep))
        : known.filter((ep) => ep === word);
    if (matches.length > 0) for (const ep of matches) chosen.add(ep);
    else targets.push(word);
  }
  const { pipeline } = workspace;
  const rulesByTarget = targets.map((target) => ({ target, rules: rulesOf(pipeline, target) }));
  const everywhere = all || chosen.size === 0;
  const episodes = everywhere ? known : [...chosen].sort();
  const paths = rulesByTarget.filter(({ rules }) => rules === undefined).map(({ target }) => target);
  const rules = new Set(rulesByTarget.flatMap(({ rules }) => rules ?? []));

  // A rule that gathers needs every episode, whichever were named and whoever needs it.
  const gathers = pipeline.rules.some(({ inputs }) => Object.values(inputs).some(({ gathers }) => gathers));
  const graph = workspace.graph(everywhere || gathers || paths.length > 0 ? known : episodes);
  const inEpisodes = (action: Action): boolean =>
    action.ep === undefined ? everywhere || rules.has(action.rule.name) : episodes.includes(action.ep);
  const byRule = graph.actions.filter(
    (action) => inEpisodes(action) && (targets.length === 0 || rules.has(action.rule.name)),
  );
  const byPath = paths.map((path) => actionMaking(graph, path) ?? unknownWord(path, pipeline, known));
  const wanted = new Set([...byRule, ...byPath]);
  return { episodes, actions: withUpstream(graph, wanted), wanted: [...wanted] };
}

/** Names of the rules that a word stands for: a group, a rule, an artifact kind or an output's role. */
export function rulesOf(pipeline: Pipeline, word: string): readonly string[] | undefined {
  if (Object.hasOwn(pipeline.groups, word)) return pipeline.groups[word];
  if (pipeline.rules.some(({ name }) => name === word)) return [word];
  const pattern = (artifactPatterns as Readonly<Record<string, string>>)[word];
  const made = pipeline.rules.filter(({ outputs }) =>
    Object.entries(outputs).some(([role, output]) => role === word || output.pattern === pattern),
  );
  return made.length > 0 ? made.map(({ name }) => name) : undefined;
}

/** The same, with a problem for a word that names none; for --force and --trust. */
export function requireRules(pipeline: Pipeline, words: readonly string[]): Set<string> {
  return new Set(words.flatMap((word) => rulesOf(pipeline, word) ?? unknownWord(word, pipeline, [])));
}

function actionMaking(graph: Graph, path: string): Action | undefined {
  const bare = path.replace(/^\.\//, '').replace(/\/$/, '');
  return graph.actions.find((action) =>
    Object.values(action.outputs).some(
      (output) => output.replace(/\/$/, '') === bare || fillIn(output, action.ep) === bare,
    ),
  );
}

function unknownWord(word: string, pipeline: Pipeline, episodes: readonly string[]): never {
  const names = new Set([
    ...episodes,
    ...Object.keys(pipeline.groups),
    ...pipeline.rules.flatMap(({ name, outputs }) => [name, ...Object.keys(outputs)]),
  ]);
  throw problem(
    'unknown-word',
    `${JSON.stringify(word)} is no episode, artifact, rule, group or path of this project`,
    didYouMean(word, names) ?? 'see what there is with: sa status, sa graph',
  );
}

function globShape(glob: string): RegExp {
  const pattern = glob
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`);
}
