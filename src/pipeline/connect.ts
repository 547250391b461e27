// What rules decide together: who makes which artifact, and in which order they must stand. The
// same words connect rules here, in `checkSources` and in the graph: an input is made by the
// output with the same path, or by the output folder that it lies in.
import { Heap } from '../base/heap.js';
import { quote } from '../base/quote.js';
import type { DraftPath, RuleDraft } from './draft.js';
import { knotsOf } from './knots.js';
import { bare, foldersAbove, hasWildcard, matches } from './paths.js';
import type { MadeBy } from './pipeline.js';
import type { Reporter } from './report.js';

/** The entry of `makers` (output paths) that makes `path`: itself, or the nearest folder above it. */
export function makerOf<T>(makers: ReadonlyMap<string, T>, path: string): T | undefined {
  const itself = makers.get(path);
  if (itself !== undefined) return itself;
  for (const folder of foldersAbove(path)) {
    const maker = makers.get(folder);
    if (maker !== undefined) return maker;
  }
  return undefined;
}

interface Made extends DraftPath {
  readonly rule: RuleDraft;
}

/** An input that reads what another rule makes. */
interface Need {
  readonly maker: RuleDraft;
  readonly made: Made;
  readonly input: DraftPath;
}

export interface OrderedRules {
  /** Each stands after those it needs, else in file order. */
  readonly ordered: readonly RuleDraft[];
  /** Which rule's output an input reads. */
  readonly madeBy: ReadonlyMap<DraftPath, MadeBy>;
}

/** Finds who makes what, and the order in which rules can be carried out. Reports clashes and cycles. */
export function orderRules(rules: readonly RuleDraft[], each: string | undefined, reporter: Reporter): OrderedRules {
  const made = rules.flatMap((rule) =>
    rule.outputs.filter(({ sound }) => sound).map((output) => ({ ...output, rule })),
  );
  const makers = reportClashes(made, each, reporter);
  const hidden = new MadePaths(made);
  const needs = new Map<RuleDraft, readonly Need[]>();
  for (const rule of rules) {
    const inputs = rule.inputs.filter(({ sound, pattern }) => sound && pattern !== each);
    needs.set(
      rule,
      inputs.flatMap((input) => {
        const maker = makerOf(makers, input.pattern);
        if (maker !== undefined) return [{ maker: maker.rule, made: maker, input }];
        reportHiddenNeed(input, hidden, reporter);
        return [];
      }),
    );
  }
  const { ordered, left } = sortByNeed(rules, needs);
  for (const circle of circles(left, needs)) reportCircle(circle, reporter);
  const madeBy = new Map<DraftPath, MadeBy>();
  for (const all of needs.values())
    for (const {
      maker,
      made: { role },
      input,
    } of all)
      madeBy.set(input, { rule: maker.name, role, once: maker.scope === 'project' });
  return { ordered, madeBy };
}

/** Reports outputs that are one file, or lie in each other; returns them by path. */
function reportClashes(made: readonly Made[], each: string | undefined, reporter: Reporter): ReadonlyMap<string, Made> {
  const byPath = new Map<string, Made>();
  const byBarePath = new Map<string, Made>(); // in lower case: some disks know no other
  for (const output of made) {
    const { pattern, at } = output;
    if (each !== undefined && matches(each, pattern)) {
      const message = `${by(output)} makes ${quote(pattern)}, but "each" takes such a file for a video of yours`;
      reporter.add(at, { code: 'same-artifact', message });
    }
    const lowerCase = bare(pattern).toLowerCase();
    const first = byBarePath.get(lowerCase);
    if (first === undefined) {
      byPath.set(pattern, output);
      byBarePath.set(lowerCase, output);
      continue;
    }
    const message = clash(first, output, reporter.lineOf(first.at));
    reporter.add(at, { code: 'same-artifact', message });
  }
  for (const output of made) {
    for (const folder of foldersAbove(output.pattern)) {
      const outer = byBarePath.get(bare(folder).toLowerCase());
      if (outer === undefined) continue;
      const whose = outer.rule === output.rule ? `its output "${outer.role}"` : by(outer);
      const message = `${by(output)} makes ${quote(output.pattern)} inside ${quote(outer.pattern)}, which ${whose} makes (line ${reporter.lineOf(outer.at)})`;
      reporter.add(output.at, { code: 'nested-artifact', message, hint: () => 'give each its own folder' });
      break;
    }
  }
  return byPath;
}

function clash(first: Made, again: Made, firstLine: number): string {
  const file = quote(again.pattern);
  if (bare(first.pattern) !== bare(again.pattern)) {
    const other = `${by(first)} makes ${quote(first.pattern)} (line ${firstLine})`;
    return `${by(again)} makes ${file}, and ${other}: one file where case does not count`;
  }
  if (first.rule === again.rule) return `outputs "${first.role}" and "${again.role}" of ${by(again)} are both ${file}`;
  return `${by(again)} makes ${file}, which ${by(first)} makes too (line ${firstLine})`;
}

/** What rules make, ordered so that a pattern meets only the paths that begin as it does. */
class MadePaths {
  readonly #sorted: readonly Made[];

  constructor(made: readonly Made[]) {
    this.#sorted = [...made].sort((a, b) => (a.pattern < b.pattern ? -1 : a.pattern > b.pattern ? 1 : 0));
  }

  /** The first output in the file that `pattern` would take in, or that is the same path but for a slash. */
  takenInBy(pattern: string): Made | undefined {
    const wide = hasWildcard(pattern) || pattern.endsWith('/');
    const wild = pattern.search(/[*?]/);
    const prefix = wild < 0 ? bare(pattern) : pattern.slice(0, wild);
    let first: Made | undefined;
    for (let at = this.#from(prefix); at < this.#sorted.length; at++) {
      const made = this.#sorted[at]!;
      if (!made.pattern.startsWith(prefix)) break;
      const taken = wide ? matches(pattern, made.pattern) : bare(made.pattern) === prefix;
      if (taken && (first === undefined || made.at.start < first.at.start)) first = made;
      // Of a plain path there are two forms at most, with and without a slash, and nothing sorts between them but longer names.
      if (!wide && made.pattern.length > prefix.length + 1 && made.pattern > `${prefix}/`) break;
    }
    return first;
  }

  #from(prefix: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]!.pattern < prefix) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** An input may not take in what a rule makes without the graph knowing: it would be read half-made. */
function reportHiddenNeed(input: DraftPath, made: MadePaths, reporter: Reporter): void {
  const { pattern, at } = input;
  const hidden = made.takenInBy(pattern);
  if (hidden === undefined) return;
  const line = reporter.lineOf(hidden.at);
  if (bare(hidden.pattern) === bare(pattern)) {
    const message = `${quote(pattern)} is ${pattern.endsWith('/') ? 'a folder' : 'a file'}, but ${by(hidden)} makes ${quote(hidden.pattern)} (line ${line})`;
    reporter.add(at, { code: 'bad-path', message, hint: () => `write "${hidden.pattern}"` });
    return;
  }
  const message = `${quote(pattern)} would take in ${quote(hidden.pattern)}, which ${by(hidden)} makes (line ${line})`;
  reporter.add(at, {
    code: 'bad-wildcard',
    message,
    hint: () => 'name what rules make one by one, in roles of their own',
  });
}

// Of the rules that may come next, the first in the file comes next.
function sortByNeed(
  rules: readonly RuleDraft[],
  needs: ReadonlyMap<RuleDraft, readonly Need[]>,
): { readonly ordered: readonly RuleDraft[]; readonly left: readonly RuleDraft[] } {
  const place = new Map(rules.map((rule, index) => [rule, index]));
  const neededBy = new Map<RuleDraft, RuleDraft[]>();
  const waiting = new Map<RuleDraft, number>();
  const ready = new Heap<RuleDraft>((a, b) => place.get(a)! < place.get(b)!);
  for (const rule of rules) {
    const makers = new Set(needs.get(rule)!.map(({ maker }) => maker));
    waiting.set(rule, makers.size);
    if (makers.size === 0) ready.push(rule);
    for (const maker of makers) {
      const users = neededBy.get(maker);
      if (users) users.push(rule);
      else neededBy.set(maker, [rule]);
    }
  }
  const ordered = new Set<RuleDraft>();
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    ordered.add(next);
    for (const user of neededBy.get(next) ?? []) {
      const left = waiting.get(user)! - 1;
      waiting.set(user, left);
      if (left === 0) ready.push(user);
    }
  }
  return { ordered: [...ordered], left: rules.filter((rule) => !ordered.has(rule)) };
}

/** More circles than anyone mends at once; each costs a walk through its knot. */
const circlesMax = 100;

/** For each knot of rules that need each other a shortest way around, from its first rule in the file. */
function circles(
  left: readonly RuleDraft[],
  needs: ReadonlyMap<RuleDraft, readonly Need[]>,
): readonly (readonly Need[])[] {
  const knotted = knotsOf(left, (rule) => needs.get(rule)!.map(({ maker }) => maker));
  const found: (readonly Need[])[] = [];
  const told = new Set<RuleDraft>();
  for (const start of left) {
    if (found.length === circlesMax) break;
    if (told.has(start) || !knotted.has(start)) continue;
    const circle = shortestWayBack(start, needs);
    if (circle === undefined) continue;
    found.push(circle);
    for (const { maker } of circle) told.add(maker);
  }
  return found;
}

/** The needs that lead from `start` to itself, breadth first; undefined when none do. */
function shortestWayBack(
  start: RuleDraft,
  needs: ReadonlyMap<RuleDraft, readonly Need[]>,
): readonly Need[] | undefined {
  const cameBy = new Map<RuleDraft, { readonly from: RuleDraft; readonly need: Need }>();
  const queue = [start];
  for (const rule of queue) {
    for (const need of needs.get(rule)!) {
      if (cameBy.has(need.maker)) continue;
      cameBy.set(need.maker, { from: rule, need });
      if (need.maker === start) return wayTo(start, cameBy);
      queue.push(need.maker);
    }
  }
  return undefined;
}

function wayTo(
  start: RuleDraft,
  cameBy: ReadonlyMap<RuleDraft, { readonly from: RuleDraft; readonly need: Need }>,
): readonly Need[] {
  const way: Need[] = [];
  let step = cameBy.get(start)!;
  for (;;) {
    way.unshift(step.need);
    if (step.from === start) return way;
    step = cameBy.get(step.from)!;
  }
}

function reportCircle(circle: readonly Need[], reporter: Reporter): void {
  const makers = circle.map(({ maker }) => maker.name);
  const names = [makers.at(-1)!, ...makers];
  const first = circle[0]!;
  const message =
    circle.length === 1
      ? `rule ${quote(names[0]!)} reads ${quote(first.input.pattern)}, which it makes itself`
      : `rules need each other in a circle: ${names.slice(0, 20).join(' -> ')}${names.length > 20 ? ' -> ...' : ''}`;
  const hint = () =>
    circle
      .slice(0, 5)
      .map(({ maker, input }, index) => `"${names[index]!}" reads ${quote(input.pattern)} of "${maker.name}"`)
      .join(', ');
  reporter.add(first.input.at, circle.length === 1 ? { code: 'cycle', message } : { code: 'cycle', message, hint });
}

function by({ rule }: Made): string {
  return `rule ${quote(rule.name)}`;
}
