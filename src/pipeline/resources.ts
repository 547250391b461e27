// What actions share while they run: the pools that pipeline.yaml declares, what its rules take of
// them, and the same words where a machine says otherwise. How much a machine has is not known here.
import { parseBytes } from '../base/bytes.js';
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import type { YamlNode } from '../base/yaml.js';
import { mapEntries, type RuleContext } from './draft.js';
import type { Pool, Pools } from './pipeline.js';
import type { Reporter } from './report.js';

/** Pools that every machine has, declared or not. */
export const machinePools = ['cpu', 'gpu', 'memory'] as const;

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

/** A pool of so much, or of members with these ids. A number of GPUs has the ids 0, 1, and so on, as their drivers count. */
export function poolOf(name: string, given: number | readonly string[]): Pool {
  if (typeof given !== 'number') return { amount: given.length, members: given };
  if (name !== 'gpu') return { amount: given };
  const amount = Math.floor(given);
  return { amount, members: Array.from({ length: amount }, (_, id) => String(id)) };
}

/**
 * The pools named by texts like `cpu=4`, `gpu=0,1`, `gpu=[1]`, `memory=16G`: what a machine has for
 * this project. `declared` are the pools there are otherwise: of a pool with ids an amount keeps
 * the first so many. Throws ProblemError for what means nothing, saying where it was written.
 */
export function parsePools(texts: readonly string[], declared: Pools, source: string): Pools {
  const known = new Set<string>([...machinePools, ...Object.keys(declared)]);
  const wrong = (message: string, hint: string | undefined): Error =>
    problem('usage', `${source}: ${message}`, hint ?? 'write e.g. cpu=4, gpu=0,1, gpu=[1] or memory=16G');
  return Object.fromEntries(
    texts.map((text): [string, Pool] => {
      const [, name = '', value = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(text) ?? [];
      if (name === '') throw wrong(`${quote(text)} is no name=amount`, undefined);
      if (!known.has(name)) throw wrong(`there is no pool ${quote(name)}`, didYouMean(name, known));
      const members = declared[name]?.members;
      const ids = value.includes(',') || value.startsWith('[') ? value.replace(/^\[|\]$/g, '').split(',') : undefined;
      if (ids !== undefined) {
        const trimmed = ids.map((id) => id.trim()).filter((id) => id !== '');
        if (new Set(trimmed).size < trimmed.length) throw wrong(`${quote(text)} names one twice`, undefined);
        return [name, poolOf(name, trimmed)];
      }
      const amount = parseBytes(value);
      if (amount === undefined) throw wrong(`${quote(value)} is no amount`, undefined);
      if (members === undefined || amount > members.length) return [name, poolOf(name, amount)];
      return [name, poolOf(name, members.slice(0, amount))];
    }),
  );
}
