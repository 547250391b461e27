// The memory of a judgement that found everything fresh: how each file and folder that it depended on
// looked, and which actions depend on which. If all still look so, all is still fresh; if some do not,
// only the actions that read or make those, and all after them, must be judged. It is a file of this
// machine that may be deleted at any time; a damaged one is read past.
import { readFileSync } from 'node:fs';
import { writeAtomic } from '../disk/atomic.js';
import { isQuiet, isSame, look, type Sighting } from '../disk/sighting.js';
import { digestBytes, digestFile, type ContentDigest } from '../hash/xxh64.js';

/** What a path must still be. */
export type Expected =
  /** It looked so, quietly: the same look vouches for the same bytes. */
  | { readonly kind: 'look'; readonly seen: Sighting }
  /** It was written too short a time before: only its bytes can tell. */
  | { readonly kind: 'bytes'; readonly digest: ContentDigest }
  /** Nothing that could be remembered of it vouches for anything. */
  | { readonly kind: 'unknown' };

export interface LedgerPath {
  /** Relative to the data root, or absolute. */
  readonly path: string;
  readonly expected: Expected;
}

export interface LedgerAction {
  readonly id: string;
  /** Place of its rule in the pipeline. */
  readonly rule: number;
  /** Place of its episode among the episodes; -1 of a rule that is made once. */
  readonly ep: number;
  /** Places of the files that it reads or makes among `paths`. */
  readonly paths: readonly number[];
  /** Places of the actions that make its inputs; all before its own. */
  readonly needs: readonly number[];
}

/** What everything depends on: pipeline.yaml, lockfiles, folders that were listed, code. */
export interface LedgerHead {
  readonly pipelineKey: string;
  readonly dataRoot: string;
  readonly storeRoot: string;
  readonly episodes: readonly string[];
  /** Environment variables that commands see. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly trusted: number;
  /** The first so many paths concern every action. */
  readonly frame: number;
}

interface Shape extends LedgerHead {
  readonly pathsBytes: number;
  readonly idsBytes: number;
  readonly pathCount: number;
  readonly actionCount: number;
  readonly readCount: number;
  readonly needCount: number;
  /** Expected digests by place of the path; null: unknown. */
  readonly unsure: Readonly<Record<string, ContentDigest | null>>;
}

export interface Changes {
  readonly changed: readonly number[];
  readonly settled: boolean;
}

const lookNumbers = 4;

export class Ledger {
  readonly head: LedgerHead;
  readonly #paths: readonly string[];
  readonly #looks: Float64Array;
  readonly #unsure: Map<number, ContentDigest | null>;
  readonly #ids: string;
  readonly #rules: Int32Array;
  readonly #eps: Int32Array;
  readonly #readStarts: Int32Array;
  readonly #reads: Int32Array;
  readonly #needStarts: Int32Array;
  readonly #needs: Int32Array;

  private constructor(head: LedgerHead, parts: Parts) {
    this.head = head;
    this.#paths = parts.paths;
    this.#looks = parts.looks;
    this.#unsure = parts.unsure;
    this.#ids = parts.ids;
    this.#rules = parts.rules;
    this.#eps = parts.eps;
    this.#readStarts = parts.readStarts;
    this.#reads = parts.reads;
    this.#needStarts = parts.needStarts;
    this.#needs = parts.needs;
  }

  static of(head: LedgerHead, paths: readonly LedgerPath[], actions: readonly LedgerAction[]): Ledger {
    const ledger = new Ledger(head, {
      paths: paths.map(({ path }) => path),
      looks: new Float64Array(paths.length * lookNumbers),
      unsure: new Map(),
      ids: actions.map(({ id }) => id).join('\0'),
      rules: Int32Array.from(actions, ({ rule }) => rule),
      eps: Int32Array.from(actions, ({ ep }) => ep),
      ...rowsOf(actions),
    });
    paths.forEach(({ expected }, index) => ledger.expect(index, expected));
    return ledger;
  }

  /** The ledger kept at `absolute`; undefined when there is none, or none that is whole. */
  static read(absolute: string): Ledger | undefined {
    let bytes: Buffer;
    try {
      bytes = readFileSync(absolute);
    } catch {
      return undefined;
    }
    const headEnd = bytes.indexOf(10);
    const shapeEnd = bytes.indexOf(10, headEnd + 1);
    if (headEnd < 0 || shapeEnd < 0) return undefined;
    if (bytes.toString('latin1', 0, headEnd) !== digestBytes(bytes.subarray(headEnd + 1))) return undefined;
    const shape = JSON.parse(bytes.toString('utf8', headEnd + 1, shapeEnd)) as Shape;
    return new Ledger(shape, partsOf(shape, bytes, shapeEnd + 1));
  }

  write(absolute: string): void {
    const paths = Buffer.from(this.#paths.join('\0'));
    const ids = Buffer.from(this.#ids);
    const shape: Shape = {
      ...this.head,
      pathsBytes: paths.length,
      idsBytes: ids.length,
      pathCount: this.#paths.length,
      actionCount: this.#rules.length,
      readCount: this.#reads.length,
      needCount: this.#needs.length,
      unsure: Object.fromEntries(this.#unsure),
    };
    const arrays = [
      this.#looks,
      this.#rules,
      this.#eps,
      this.#readStarts,
      this.#reads,
      this.#needStarts,
      this.#needs,
    ].map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength));
    const body = Buffer.concat([Buffer.from(`${JSON.stringify(shape)}\n`), paths, ids, ...arrays]);
    writeAtomic(absolute, Buffer.concat([Buffer.from(`${digestBytes(body)}\n`), body]), { durable: false });
  }

  get count(): number {
    return this.#rules.length;
  }

  ids(): string[] {
    return this.#rules.length === 0 ? [] : this.#ids.split('\0');
  }

  pathAt(index: number): string {
    return this.#paths[index]!;
  }

  actionAt(index: number): Omit<LedgerAction, 'id'> {
    return {
      rule: this.#rules[index]!,
      ep: this.#eps[index]!,
      paths: [...this.#reads.subarray(this.#readStarts[index], this.#readStarts[index + 1])],
      needs: [...this.#needs.subarray(this.#needStarts[index], this.#needStarts[index + 1])],
    };
  }

  /** How the path looked that vouches for its bytes; undefined where none does. */
  seenAt(index: number): Sighting | undefined {
    if (this.#unsure.has(index)) return undefined;
    const [size, mtimeMs, ctimeMs, ino] = this.#looks.subarray(index * lookNumbers, (index + 1) * lookNumbers);
    return { size: size!, mtimeMs: mtimeMs!, ctimeMs: ctimeMs!, ino: ino! };
  }

  expect(index: number, expected: Expected): void {
    if (expected.kind === 'look') {
      const { size, mtimeMs, ctimeMs, ino } = expected.seen;
      this.#looks.set([size, mtimeMs, ctimeMs, ino], index * lookNumbers);
      this.#unsure.delete(index);
    } else this.#unsure.set(index, expected.kind === 'bytes' ? expected.digest : null);
  }

  /**
   * Looks at every path. Answers the places of those that are not as expected, or undefined when one
   * of them concerns every action. What only its bytes could tell, and now a look can, is noted;
   * `settled` then says that the ledger is worth writing again.
   */
  changes({ frameOnly } = { frameOnly: false }): Changes | undefined {
    const { frame } = this.head;
    const changed: number[] = [];
    let settled = false;
    const count = frameOnly ? frame : this.#paths.length;
    for (let index = 0; index < count; index++) {
      const absolute = this.absoluteAt(index);
      const nowMs = Date.now();
      const seen = look(absolute);
      const unsure = this.#unsure.get(index);
      if (unsure === undefined) {
        if (this.#isAsSeen(index, seen)) continue;
      } else if (unsure !== null && seen.size >= 0 && digestOf(absolute) === unsure) {
        if (isQuiet(seen, nowMs) && isSame(look(absolute), seen)) {
          this.expect(index, { kind: 'look', seen });
          settled = true;
        }
        continue;
      }
      if (index < frame) return undefined;
      changed.push(index);
    }
    return { changed, settled };
  }

  /** Places of the actions that read or make one of `changed`, and of all that need those. */
  affectedBy(changed: readonly number[]): number[] {
    const paths = new Set(changed);
    const affected = new Uint8Array(this.count);
    const places: number[] = [];
    for (let action = 0; action < this.count; action++) {
      if (!this.#touches(action, paths) && !this.#needsOneOf(action, affected)) continue;
      affected[action] = 1;
      places.push(action);
    }
    return places;
  }

  absoluteAt(index: number): string {
    const path = this.#paths[index]!;
    return path.startsWith('/') ? path : `${this.head.dataRoot}/${path}`;
  }

  #isAsSeen(index: number, { size, mtimeMs, ctimeMs, ino }: Sighting): boolean {
    const looks = this.#looks;
    const at = index * lookNumbers;
    return looks[at] === size && looks[at + 1] === mtimeMs && looks[at + 2] === ctimeMs && looks[at + 3] === ino;
  }

  #touches(action: number, paths: ReadonlySet<number>): boolean {
    for (let at = this.#readStarts[action]!; at < this.#readStarts[action + 1]!; at++)
      if (paths.has(this.#reads[at]!)) return true;
    return false;
  }

  #needsOneOf(action: number, affected: Uint8Array): boolean {
    for (let at = this.#needStarts[action]!; at < this.#needStarts[action + 1]!; at++)
      if (affected[this.#needs[at]!] === 1) return true;
    return false;
  }
}

interface Parts {
  readonly paths: readonly string[];
  readonly looks: Float64Array;
  readonly unsure: Map<number, ContentDigest | null>;
  readonly ids: string;
  readonly rules: Int32Array;
  readonly eps: Int32Array;
  readonly readStarts: Int32Array;
  readonly reads: Int32Array;
  readonly needStarts: Int32Array;
  readonly needs: Int32Array;
}

function rowsOf(actions: readonly LedgerAction[]): Pick<Parts, 'readStarts' | 'reads' | 'needStarts' | 'needs'> {
  const rows = (row: (action: LedgerAction) => readonly number[]): { starts: Int32Array; values: Int32Array } => {
    const starts = new Int32Array(actions.length + 1);
    actions.forEach((action, index) => (starts[index + 1] = starts[index]! + row(action).length));
    const values = new Int32Array(starts[actions.length]!);
    actions.forEach((action, index) => values.set(row(action), starts[index]));
    return { starts, values };
  };
  const reads = rows(({ paths }) => paths);
  const needs = rows((action) => action.needs);
  return { readStarts: reads.starts, reads: reads.values, needStarts: needs.starts, needs: needs.values };
}

function partsOf(shape: Shape, bytes: Buffer, start: number): Parts {
  const { pathsBytes, idsBytes, pathCount, actionCount, readCount, needCount, unsure } = shape;
  let at = start + pathsBytes + idsBytes;
  // Copied, since numbers must lie at a multiple of their size.
  const take = (length: number): ArrayBuffer => {
    const copy = new Uint8Array(length);
    copy.set(bytes.subarray(at, (at += length)));
    return copy.buffer;
  };
  const whole = (count: number): Int32Array => new Int32Array(take(4 * count));
  return {
    paths: pathCount === 0 ? [] : bytes.toString('utf8', start, start + pathsBytes).split('\0'),
    ids: bytes.toString('utf8', start + pathsBytes, start + pathsBytes + idsBytes),
    unsure: new Map(Object.entries(unsure).map(([index, digest]) => [Number(index), digest])),
    looks: new Float64Array(take(8 * lookNumbers * pathCount)),
    rules: whole(actionCount),
    eps: whole(actionCount),
    readStarts: whole(actionCount + 1),
    reads: whole(readCount),
    needStarts: whole(actionCount + 1),
    needs: whole(needCount),
  };
}

function digestOf(absolute: string): ContentDigest | undefined {
  try {
    return digestFile(absolute);
  } catch {
    return undefined; // gone since, or a folder
  }
}
