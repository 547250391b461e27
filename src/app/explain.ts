// Why targets are stale: for each the differences it all began with, and how they reach it. Built on the
// same verdicts as a build, so it cannot tell another story. It changes nothing.
import type { Json } from '../base/canonical-json.js';
import type { Verdict } from '../engine/decide.js';
import { differencesWithin } from '../engine/differences.js';
import type { Manifest } from '../engine/manifest.js';
import type { Step } from '../engine/plan.js';
import { compareManifests, type Reason } from '../engine/reasons.js';
import type { Action } from '../graph/graph.js';

/** A reason, to the smallest part: a param by the path of what changed in it, an input with the action that makes it. */
export type Difference =
  | Exclude<Reason, { readonly kind: 'param-changed' | 'input-changed' }>
  | (Reason & { readonly kind: 'param-changed' } & { readonly path: string })
  | (Reason & { readonly kind: 'input-changed' } & { readonly made_by: string | null });

/** An action in which a target's staleness began. */
export interface CauseJson {
  readonly action: string;
  readonly verdict: Verdict['kind'];
  /** It is fresh now; what differs is how it was made when the next one in the chain last used it. */
  readonly since?: true;
  readonly differences: readonly Difference[];
  /** From the cause to the target: who is stale because of which input. Empty when the target is the cause. */
  readonly chain: readonly {
    readonly action: string;
    readonly verdict: Verdict['kind'];
    readonly input: string;
    readonly made_by: string;
  }[];
}

export interface ExplainJson {
  readonly version: 1;
  readonly targets: readonly {
    readonly id: string;
    readonly verdict: Verdict['kind'];
    readonly causes: readonly CauseJson[];
  }[];
  /** Every action that the targets need, in the graph's order. */
  readonly actions: readonly {
    readonly id: string;
    readonly target: boolean;
    readonly verdict: Verdict['kind'];
    readonly reasons: readonly Reason[];
    readonly differences: readonly Difference[];
    readonly built_with: Manifest | null;
    readonly now: Manifest | null;
  }[];
}

/** What is known of the past. */
export interface Past {
  /** The manifest that the lockfile has of an action. */
  builtWith(action: Action): Manifest | undefined;
  /** The manifest with which an action once made these bytes in this role. */
  madeWith(action: Action, role: string, digest: string): Manifest | undefined;
}

/** Explains `wanted`; `steps` are the verdicts on them and on all they need. */
export function explain(steps: readonly Step[], wanted: ReadonlySet<Action>, past: Past): ExplainJson {
  const explainer = new Explainer(steps, past);
  return {
    version: 1,
    targets: steps
      .filter(({ action }) => wanted.has(action))
      .map(({ action, verdict }) => ({ id: action.id, verdict: verdict.kind, causes: explainer.causesOf(action) })),
    actions: steps.map(({ action, verdict }) => {
      const reasons = verdict.kind === 'fresh' ? [] : verdict.reasons;
      return {
        id: action.id,
        target: wanted.has(action),
        verdict: verdict.kind,
        reasons,
        differences: reasons.flatMap((reason) => differencesOf(reason, action)),
        built_with: past.builtWith(action) ?? null,
        now: verdict.kind === 'later' ? null : verdict.kind === 'run' ? verdict.manifest : verdict.entry.manifest,
      };
    }),
  };
}

/** An action that differs from what it was: in itself, and by what it reads of others that differ. */
interface Node {
  readonly action: Action;
  readonly place: number;
  readonly verdict: Verdict['kind'];
  readonly since: boolean;
  readonly own: readonly Difference[];
  readonly inherited: readonly { readonly input: string; readonly from: Node }[];
}

class Explainer {
  readonly #steps = new Map<Action, Step & { readonly place: number }>();
  readonly #past: Past;
  readonly #nodes = new Map<string, Node>();

  constructor(steps: readonly Step[], past: Past) {
    for (const [place, step] of steps.entries()) this.#steps.set(step.action, { ...step, place });
    this.#past = past;
    // In the graph's order: what a node inherits from has its node already, however long the chain.
    for (const { action, verdict } of steps) {
      if (verdict.kind === 'fresh') continue;
      const waitsFor = new Set(verdict.kind === 'later' ? verdict.waitsFor : []);
      this.#add(action.id, action, verdict.reasons, { since: false, waitsFor });
    }
  }

  /** Root causes first, each with the shortest way to the target. */
  causesOf(target: Action): CauseJson[] {
    const end = this.#nodes.get(target.id);
    if (end === undefined) return [];
    const next = new Map<Node, { readonly to: Node; readonly input: string } | undefined>([[end, undefined]]);
    const queue = [end];
    for (const node of queue) {
      for (const { input, from } of node.inherited) {
        if (next.has(from)) continue;
        next.set(from, { to: node, input });
        queue.push(from);
      }
    }
    return queue
      .filter((node) => node.own.some(({ kind }) => kind !== 'never-built') || node.inherited.length === 0)
      .sort((a, b) => a.place - b.place)
      .map((root) => {
        const chain: CauseJson['chain'][number][] = [];
        let from = root;
        for (let step = next.get(from); step !== undefined; step = next.get(from)) {
          const { to, input } = step;
          chain.push({ action: to.action.id, verdict: to.verdict, input, made_by: from.action.id });
          from = to;
        }
        const { action, verdict, since, own } = root;
        return { action: action.id, verdict, ...(since ? { since } : {}), differences: own, chain };
      });
  }

  #add(
    key: string,
    action: Action,
    reasons: readonly Reason[],
    { since, waitsFor }: { readonly since: boolean; readonly waitsFor: ReadonlySet<string> },
  ): Node {
    const own: Difference[] = [];
    const inherited: Node['inherited'][number][] = [];
    for (const reason of reasons) {
      const source = reason.kind === 'input-changed' ? this.#sourceOf(action, reason) : undefined;
      if (source === undefined) own.push(...differencesOf(reason, action));
      else inherited.push({ input: (reason as { path: string }).path, from: source });
    }
    // One that was never built has no inputs to compare; what it waits for stands before it all the same.
    for (const { path, madeBy } of action.inputs) {
      const from = madeBy && waitsFor.has(madeBy.action.id) ? this.#nodes.get(madeBy.action.id) : undefined;
      if (from !== undefined && !inherited.some((one) => one.from === from)) inherited.push({ input: path, from });
    }
    const { place, verdict } = this.#steps.get(action)!;
    const node: Node = { action, place, verdict: verdict.kind, since, own, inherited };
    this.#nodes.set(key, node);
    return node;
  }

  /** Who made the input otherwise: its maker as it is stale now, or as it was when these bytes came from it. */
  #sourceOf(action: Action, { path, old }: Reason & { readonly kind: 'input-changed' }): Node | undefined {
    const madeBy = action.inputs.find((input) => input.path === path)?.madeBy;
    if (madeBy === undefined) return undefined;
    const stale = this.#nodes.get(madeBy.action.id);
    if (stale !== undefined) return stale;
    const verdict = this.#steps.get(madeBy.action)?.verdict;
    if (verdict?.kind !== 'fresh' || old === null) return undefined;
    const key = `${madeBy.action.id} ${madeBy.role} ${old}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const before = this.#past.madeWith(madeBy.action, madeBy.role, old);
    if (before === undefined) return undefined;
    const reasons = compareManifests(before, verdict.entry.manifest, (input) => makerOf(madeBy.action, input));
    return reasons.length === 0
      ? undefined
      : this.#add(key, madeBy.action, reasons, { since: true, waitsFor: new Set() });
  }
}

function differencesOf(reason: Reason, action: Action): Difference[] {
  switch (reason.kind) {
    case 'param-changed':
      return differencesWithin(reason.name, reason.old, reason.new).map(
        (part: { path: string; old: Json; new: Json }) => ({
          ...reason,
          ...part,
        }),
      );
    case 'input-changed':
      return [
        { ...reason, made_by: action.inputs.find(({ path }) => path === reason.path)?.madeBy?.action.id ?? null },
      ];
    default:
      return [reason];
  }
}

function makerOf(action: Action, path: string): string | null {
  return action.inputs.find((input) => input.path === path)?.madeBy?.action.rule.name ?? null;
}
