// What actions share while they run, as pipeline.yaml says it: the pools that there are, and what its
// rules take of them. How much a machine has is not known here.
import { parseBytes } from '../base/bytes.js';
import { didYouMean } from '../base/closest.js';
import { quote } from '../base/quote.js';
import type { YamlNode } from '../base/yaml.js';
import { mapEntries, type RuleContext } from './draft.js';
import type { Pool, Pools } from './pipeline.js';
import { machinePools, poolOf } from './pools.js';
import type { Reporter } from './report.js';

/** The top-level `resources`. What has the wrong type was told when the file's shape was checked. */
export function readPools(node: YamlNode | undefined, reporter: Reporter): Pools {
  const pools: [string, Pool][] = [];
  for (const [name, { value }] of mapEntries(node)) {
    const ids = value.kind === 'list' ? value.items.flatMap((item) => (item.kind === 'scalar' ? [item] : [])) : [];
    const twice = ids.find((item, index) => ids.findIndex((other) => other.value === item.value) !== index);
    if (twice !== undefined) {
      const message = `${quote(String(twice.value))} stands twice in "${name}"`;
      reporter.add(twice, { code: 'duplicate-item', message });
    }
    const given = value.kind === 'list' ? ids.map((item) => String(item.value)) : amountAt(value);
    if (given !== undefined) pools.push([name, poolOf(name, given)]);
  }
  return Object.fromEntries(pools);
}

/** The `resources` of a rule: amounts of pools that there are, and no more than pipeline.yaml says there is. */
export function readAmounts(
  rule: string,
  node: YamlNode | undefined,
  { reporter, pools }: Pick<RuleContext, 'reporter' | 'pools'>,
): Readonly<Record<string, number>> {
  const amounts: [string, number][] = [];
  const known = new Set<string>([...machinePools, ...Object.keys(pools)]);
  for (const [name, { key, value }] of mapEntries(node)) {
    const amount = amountAt(value);
    if (amount === undefined) continue;
    amounts.push([name, amount]);
    const pool = pools[name];
    if (!known.has(name)) {
      const message = `rule ${quote(rule)} takes of ${quote(name)}, but "resources" declares no such pool`;
      reporter.add(key, { code: 'unknown-resource', message, hint: () => didYouMean(name, known) });
    } else if (pool !== undefined && amount > pool.amount) {
      const message = `rule ${quote(rule)} takes ${amount} of ${quote(name)}, but "resources" says that there are ${pool.amount}`;
      reporter.add(value, { code: 'out-of-range', message, hint: () => `write at most ${pool.amount}` });
    } else if ((name === 'gpu' || pool?.members !== undefined) && !Number.isInteger(amount)) {
      const message = `rule ${quote(rule)} takes ${amount} of ${quote(name)}, whose members are whole`;
      reporter.add(value, { code: 'out-of-range', message });
    }
  }
  return Object.fromEntries(amounts);
}

function amountAt(node: YamlNode): number | undefined {
  if (node.kind !== 'scalar') return undefined;
  if (typeof node.value === 'string') return parseBytes(node.value);
  return typeof node.value === 'number' && node.value >= 0 ? node.value : undefined;
}
