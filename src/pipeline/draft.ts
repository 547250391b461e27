// A rule on its way from YAML nodes to data: what it says so far, and its keys read leniently. What
// has the wrong type was told when the file's shape was checked; here it only counts as absent.
import { quote } from '../base/quote.js';
import type { At, YamlEntry, YamlNode } from '../base/yaml.js';
import type { StageCatalogue } from '../stage/stage.js';
import { pathFault, type PathUse } from './paths.js';
import type { Pools, Rule, RuleCode } from './pipeline.js';
import type { Reporter } from './report.js';

export interface DraftPath {
  readonly role: string;
  readonly pattern: string;
  readonly optional: boolean;
  readonly at: At;
  /** False when a problem with the path was told already. */
  readonly sound: boolean;
}

/** A rule as far as it could be read; a list that is no list counts as empty. */
export interface RuleDraft {
  readonly name: string;
  readonly key: At;
  readonly code: RuleCode | undefined;
  readonly inputs: readonly DraftPath[];
  readonly outputs: readonly DraftPath[];
  readonly params: readonly string[];
  readonly models: Rule['models'];
  readonly resources: Readonly<Record<string, number>>;
  readonly timeoutSeconds: number | undefined;
  readonly retries: number;
  readonly scope: 'episode' | 'project';
}

export interface RuleContext {
  readonly reporter: Reporter;
  readonly catalogue: StageCatalogue;
  /** Names that the top-level `params` declare. */
  readonly declared: ReadonlySet<string>;
  /** What the top-level `resources` declare. */
  readonly pools: Pools;
}

/** The keys of a rule's map. */
export class Fields {
  constructor(
    readonly entries: ReadonlyMap<string, YamlEntry>,
    readonly reporter: Reporter,
  ) {}

  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** The key itself, or undefined when it is not there. */
  keyAt(key: string): At | undefined {
    return this.entries.get(key)?.key;
  }

  at(key: string): At | undefined {
    return this.entries.get(key)?.value;
  }

  scalar(key: string): null | boolean | number | string | undefined {
    const node = this.entries.get(key)?.value;
    return node?.kind === 'scalar' ? node.value : undefined;
  }

  text(key: string): string | undefined {
    const value = this.scalar(key);
    return typeof value === 'string' ? value : undefined;
  }

  /** The texts of a list; one that stands twice is a problem. */
  texts(key: string): readonly { readonly text: string; readonly at: At }[] {
    const seen = new Set<string>();
    return textItems(this.entries.get(key)?.value).filter(({ text, at }) => {
      if (seen.has(text))
        this.reporter.add(at, { code: 'duplicate-item', message: `${quote(text)} stands twice in "${key}"` });
      return !seen.has(text) && seen.add(text);
    });
  }

  number(key: string): number | undefined {
    const value = this.scalar(key);
    return typeof value === 'number' ? value : undefined;
  }

  paths(key: 'inputs' | 'outputs', use: PathUse): readonly DraftPath[] {
    const paths: DraftPath[] = [];
    for (const [role, { value }] of mapEntries(this.entries.get(key)?.value)) {
      const node = value.kind === 'map' && key === 'inputs' ? value.entries.get('path')?.value : value;
      if (node?.kind !== 'scalar' || typeof node.value !== 'string') continue;
      const optional = value.kind === 'map' ? value.entries.get('optional')?.value : undefined;
      paths.push({
        role,
        pattern: node.value,
        optional: optional?.kind === 'scalar' && optional.value === true,
        at: node,
        sound: this.checkPath(node.value, node, use),
      });
    }
    return paths;
  }

  checkPath(path: string, at: At, use: PathUse): boolean {
    const fault = pathFault(path, use);
    if (fault) this.reporter.add(at, fault);
    return fault === undefined;
  }
}

export function mapEntries(node: YamlNode | undefined): Iterable<[string, YamlEntry]> {
  return node?.kind === 'map' ? node.entries : [];
}

export function textItems(node: YamlNode | undefined): { readonly text: string; readonly at: At }[] {
  if (node?.kind !== 'list') return [];
  return node.items.flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [{ text: item.value, at: item }] : [],
  );
}
