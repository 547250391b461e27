// Actions (a rule bound to an episode) and the artifacts between them. Rules are connected once,
// by their patterns; an episode then only fills in its name. Pure: which files exist is handed in.
import { hasWildcard } from '../disk/glob.js';
import type { InputPattern, Pipeline, Rule } from '../pipeline/pipeline.js';

/** One file or folder that an action reads. */
export interface ActionInput {
  readonly role: string;
  /** Relative to the data root; of an optional or wildcard input that no file matches, the pattern. */
  readonly path: string;
  readonly ep: string | undefined;
  readonly optional: boolean;
  /** The action that makes it; undefined for the user's own files. */
  readonly madeBy: { readonly action: Action; readonly role: string } | undefined;
  readonly pattern: InputPattern;
}

export interface Action {
  /** `detect@rhobh-s05e14`, or the rule's name alone when it is made once. */
  readonly id: string;
  readonly rule: Rule;
  readonly ep: string | undefined;
  readonly inputs: readonly ActionInput[];
  readonly outputs: Readonly<Record<string, string>>;
}

export interface Graph {
  /** Every action stands after those that make its inputs. */
  readonly actions: readonly Action[];
  readonly episodes: readonly string[];
}

/** How the graph learns which of the user's files match a pattern whose `{ep}` is filled in. */
export type FindFiles = (pattern: string) => readonly string[];

/** Binds every rule to every episode. */
export function expandGraph(pipeline: Pipeline, episodes: readonly string[], findFiles: FindFiles): Graph {
  const binder = new Binder(episodes, findFiles, { partly: false });
  const actions = pipeline.rules.flatMap((rule) =>
    (rule.scope === 'episode' ? episodes : [undefined]).map((ep) => binder.bind(rule, ep)),
  );
  return { actions, episodes };
}

/** Makes actions of rules, one by one, each after those that make its inputs. */
export class Binder {
  readonly #episodes: readonly string[];
  readonly #findFiles: FindFiles;
  readonly #partly: boolean;
  readonly #byRule = new Map<string, Map<string | undefined, Action>>();

  /** `partly`: makers that were not bound are known by name alone. */
  constructor(episodes: readonly string[], findFiles: FindFiles, { partly }: { readonly partly: boolean }) {
    this.#episodes = episodes;
    this.#findFiles = findFiles;
    this.#partly = partly;
  }

  bind(rule: Rule, ep: string | undefined): Action {
    const inputs: ActionInput[] = [];
    for (const [role, pattern] of Object.entries(rule.inputs))
      for (const of of pattern.gathers ? this.#episodes : [ep]) this.#bindInput({ role, pattern, ep: of }, inputs);
    return this.#keep(rule, ep, inputs);
  }

  #keep(rule: Rule, ep: string | undefined, inputs: readonly ActionInput[]): Action {
    const outputs: Record<string, string> = {};
    for (const [role, { pattern }] of Object.entries(rule.outputs)) outputs[role] = fillIn(pattern, ep);
    const action = { id: actionId(rule.name, ep), rule, ep, inputs, outputs };
    const ofRule = this.#byRule.get(rule.name);
    if (ofRule) ofRule.set(ep, action);
    else this.#byRule.set(rule.name, new Map([[ep, action]]));
    return action;
  }

  #bindInput({ role, pattern, ep }: Pick<ActionInput, 'role' | 'pattern' | 'ep'>, into: ActionInput[]): void {
    const path = fillIn(pattern.pattern, ep);
    const common = { role, ep, optional: pattern.optional, pattern };
    if (pattern.madeBy !== undefined) {
      const { rule, role, once } = pattern.madeBy;
      const of = once ? undefined : ep;
      const maker = this.#byRule.get(rule)?.get(of) ?? (this.#partly ? this.#keep(nameOnly(rule), of, []) : undefined);
      into.push({ ...common, path, madeBy: maker && { action: maker, role } });
      return;
    }
    const files = hasWildcard(path) ? this.#findFiles(path) : [path];
    for (const file of files.length > 0 ? files : [path]) into.push({ ...common, path: file, madeBy: undefined });
  }
}

function nameOnly(name: string): Rule {
  const code = { kind: 'stage', stage: name } as const;
  return { name, code, inputs: {}, outputs: {}, params: [], models: [], resources: {}, scope: 'project', retries: 0 };
}

function actionId(rule: string, ep: string | undefined): string {
  return ep === undefined ? rule : `${rule}@${ep}`;
}

/** `actions` and all that must be made before them, in the graph's order. */
export function withUpstream(graph: Graph, wanted: ReadonlySet<Action>): readonly Action[] {
  const needed = new Set(wanted);
  for (let index = graph.actions.length - 1; index >= 0; index--) {
    const action = graph.actions[index]!;
    if (!needed.has(action)) continue;
    for (const { madeBy } of action.inputs) if (madeBy !== undefined) needed.add(madeBy.action);
  }
  return graph.actions.filter((action) => needed.has(action));
}

/** The pattern with its episode. */
export function fillIn(pattern: string, ep: string | undefined): string {
  return ep === undefined ? pattern : pattern.replaceAll('{ep}', ep);
}
