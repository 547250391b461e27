// How long actions took on this machine. It only says what to start first and what to expect: it enters
// no artifact and no lockfile, and a missing or damaged file of it is as good as an empty one.
import { readFileSync } from 'node:fs';
import { writeAtomic } from '../disk/atomic.js';
import type { Action } from '../graph/graph.js';

export class Durations {
  readonly #path: string;
  #read: Map<string, number> | undefined;
  readonly #ofRules = new Map<string, { total: number; count: number }>();
  #changed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Seconds that the action took, else those that its rule took in other episodes on average; undefined when it never ran. */
  of({ id, rule }: Action): number | undefined {
    const known = this.#seconds.get(id);
    if (known !== undefined) return known;
    const others = this.#ofRules.get(rule.name);
    return others && others.total / others.count;
  }

  /** Notes how long it took now; what it took before counts half. */
  note({ id, rule }: Action, seconds: number): void {
    const before = this.#seconds.get(id);
    const now = Math.round(1000 * (before === undefined ? seconds : (before + seconds) / 2)) / 1000;
    if (before === now) return;
    this.#seconds.set(id, now);
    this.#count(rule.name, now);
    this.#changed = true;
  }

  /** Keeps what was noted for the next time. */
  save(): void {
    if (!this.#changed) return;
    writeAtomic(this.#path, `${JSON.stringify(Object.fromEntries(this.#seconds))}\n`);
    this.#changed = false;
  }

  // Read when first asked: most builds have nothing to run.
  get #seconds(): Map<string, number> {
    if (this.#read === undefined) {
      this.#read = readSeconds(this.#path);
      for (const [id, seconds] of this.#read) this.#count(ruleOf(id), seconds);
    }
    return this.#read;
  }

  #count(rule: string, seconds: number): void {
    const { total, count } = this.#ofRules.get(rule) ?? { total: 0, count: 0 };
    this.#ofRules.set(rule, { total: total + seconds, count: count + 1 });
  }
}

function readSeconds(path: string): Map<string, number> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>);
    return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] >= 0));
  } catch {
    return new Map();
  }
}

function ruleOf(id: string): string {
  const at = id.indexOf('@');
  return at < 0 ? id : id.slice(0, at);
}
