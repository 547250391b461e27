// Actions (a rule bound to an episode) and the artifacts between them. Rules are connected once,
// by their patterns; an episode then only fills in its name. Pure: which files exist is handed in.
import type { InputPattern, Pipeline, Rule } from '../pipeline/pipeline.js';

/** Where an input comes from: another rule's output, or the user's own files. */
export type InputSource =
  { readonly kind: 'made'; readonly rule: Rule; readonly role: string } | { readonly kind: 'user' };

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
  const sources = connectRules(pipeline);
  const byRule = new Map<string, Map<string | undefined, Action>>();
  const actions: Action[] = [];
  for (const rule of pipeline.rules) {
    const ofRule = new Map<string | undefined, Action>();
    byRule.set(rule.name, ofRule);
    for (const ep of rule.scope === 'episode' ? episodes : [undefined]) {
      const inputs = Object.entries(rule.inputs).flatMap(([role, pattern]) =>
        (pattern.gathers ? episodes : [ep]).flatMap((of) =>
          bindInput({ role, pattern, ep: of, source: sources.get(pattern)!, byRule, findFiles }),
        ),
      );
      const outputs = Object.fromEntries(
        Object.entries(rule.outputs).map(([role, { pattern }]) => [role, fillIn(pattern, ep)]),
      );
      const action = { id: ep === undefined ? rule.name : `${rule.name}@${ep}`, rule, ep, inputs, outputs };
      ofRule.set(ep, action);
      actions.push(action);
    }
  }
  return { actions, episodes };
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

interface Binding {
  readonly role: string;
  readonly pattern: InputPattern;
  readonly ep: string | undefined;
  readonly source: InputSource;
  readonly byRule: ReadonlyMap<string, ReadonlyMap<string | undefined, Action>>;
  readonly findFiles: FindFiles;
}

function bindInput({ role, pattern, ep, source, byRule, findFiles }: Binding): ActionInput[] {
  const path = fillIn(pattern.pattern, ep);
  const common = { role, ep, optional: pattern.optional, pattern };
  if (source.kind === 'made') {
    const maker = byRule.get(source.rule.name)?.get(source.rule.scope === 'episode' ? ep : undefined);
    return [{ ...common, path, madeBy: maker && { action: maker, role: source.role } }];
  }
  const files = findFiles(path);
  return (files.length > 0 ? files : [path]).map((file) => ({ ...common, path: file, madeBy: undefined }));
}

/** For each input pattern the output that makes it: the same path, or a folder above it. */
export function connectRules(pipeline: Pipeline): Map<InputPattern, InputSource> {
  const makers = new Map<string, { rule: Rule; role: string }>();
  for (const rule of pipeline.rules) {
    for (const [role, { pattern }] of Object.entries(rule.outputs)) makers.set(pattern, { rule, role });
  }
  const sources = new Map<InputPattern, InputSource>();
  for (const rule of pipeline.rules) {
    for (const input of Object.values(rule.inputs)) {
      const maker = makers.get(input.pattern) ?? folderMaker(makers, input.pattern);
      sources.set(input, maker ? { kind: 'made', ...maker } : { kind: 'user' });
    }
  }
  return sources;
}

function folderMaker(
  makers: ReadonlyMap<string, { rule: Rule; role: string }>,
  path: string,
): { rule: Rule; role: string } | undefined {
  for (let cut = path.lastIndexOf('/', path.length - 2); cut > 0; cut = path.lastIndexOf('/', cut - 1)) {
    const maker = makers.get(path.slice(0, cut + 1));
    if (maker) return maker;
  }
  return undefined;
}
