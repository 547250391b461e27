// What was ever built, by fingerprint: a trace names the blobs of an action's outputs. A trace is
// written after its blobs, so it never promises bytes that are not there.
import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { asJson } from '../base/canonical-json.js';
import { Gate } from '../disk/gate.js';
import type { ContentDigest } from '../hash/xxh64.js';
import { Blobs, type BlobName } from './blobs.js';
import { readChecked, writeChecked } from './checked.js';

/** What one finished action made. Times and devices live here, never in a lockfile. */
export interface Trace {
  readonly fingerprint: string;
  readonly action: string;
  readonly outputs: Readonly<Record<string, TraceOutput>>;
  readonly counts: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly device?: { readonly asked: string; readonly resolved: string } | undefined;
  /** All that decided the outputs, for whoever asks later what has changed since. */
  readonly manifest?: unknown;
}

export interface TraceOutput {
  readonly digest: ContentDigest;
  readonly blob: BlobName;
}

/** What collectors and writers of a store pass through: none removes what another is about to count on. */
export function storeGate(folder: string): Gate {
  return new Gate(join(folder, 'lock'));
}

export class Store {
  readonly blobs: Blobs;
  readonly #folder: string;
  readonly #gate: Gate;

  constructor(folder: string) {
    this.#folder = folder;
    this.#gate = storeGate(folder);
    this.blobs = new Blobs(join(folder, 'blobs'), this.#gate);
  }

  /** The trace of a fingerprint, when all its blobs are here too; a damaged one counts as absent. */
  find(fingerprint: string): Trace | undefined {
    const trace = readChecked(this.#tracePath(fingerprint)) as Trace | undefined;
    if (trace?.fingerprint !== fingerprint) return undefined;
    return Object.values(trace.outputs).every(({ blob }) => this.blobs.has(blob)) ? trace : undefined;
  }

  keep(trace: Trace, flush: { readonly durable: boolean } = { durable: true }): void {
    this.#gate.shared(() => writeChecked(this.#tracePath(trace.fingerprint), asJson(trace), flush));
  }

  /**
   * Runs `use` while no collector removes anything. The trace counts as used now, and is kept again where
   * one has removed it since it was found.
   */
  whileUsing<T>(trace: Trace, use: () => T): T {
    return this.#gate.shared(() => {
      const now = new Date();
      try {
        utimesSync(this.#tracePath(trace.fingerprint), now, now);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT') this.keep(trace); // else it belongs to someone else, and stays as it is
      }
      return use();
    });
  }

  /** Drops a trace whose blobs turned out damaged. */
  drop(fingerprint: string): void {
    rmSync(this.#tracePath(fingerprint), { force: true });
  }

  /** Drops a trace with its blobs, which no other trace may name. */
  forget({ fingerprint, outputs }: Trace): void {
    this.drop(fingerprint);
    for (const { blob } of Object.values(outputs)) this.blobs.remove(blob);
  }

  /** Removes what killed builds left half-written in it. */
  sweep(): void {
    this.blobs.sweep();
  }

  /** Inputs that an action with a depfile was last seen to read, by its fingerprint without them. */
  dependenciesOf(base: string): readonly string[] | undefined {
    return readChecked(join(this.#folder, 'depends', base.slice(0, 2), `${base}.json`)) as string[] | undefined;
  }

  keepDependencies(base: string, paths: readonly string[]): void {
    writeChecked(join(this.#folder, 'depends', base.slice(0, 2), `${base}.json`), [...paths], { durable: false });
  }

  #tracePath(fingerprint: string): string {
    return join(this.#folder, 'traces', fingerprint.slice(0, 2), `${fingerprint}.json`);
  }
}
