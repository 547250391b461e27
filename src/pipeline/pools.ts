// Pools in words: what a machine has, as a person writes it on a command line. Free of YAML, since every
// build comes by here. Pure.
import { parseBytes } from '../base/bytes.js';
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import type { Pool, Pools } from './pipeline.js';

/** Pools that every machine has, declared or not. */
export const machinePools = ['cpu', 'gpu', 'memory'] as const;

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
      if (members === undefined) return [name, poolOf(name, amount)];
      if (amount > members.length) {
        if (name === 'gpu') return [name, poolOf(name, amount)];
        throw wrong(`"${name}" has ${members.length} members`, `name others: ${name}=a,b`);
      }
      return [name, poolOf(name, members.slice(0, amount))];
    }),
  );
}
