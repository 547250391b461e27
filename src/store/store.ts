// What was ever built, by fingerprint: a trace names the blobs of an action's outputs. A trace is
// written after its blobs, so it never promises bytes that are not there.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, type Json } from '../base/canonical-json.js';
import { writeAtomic } from '../disk/atomic.js';
import { sha256 } from '../hash/sha256.js';
import type { ContentDigest } from '../hash/xxh64.js';
import { Blobs, type BlobName } from './blobs.js';

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

export class Store {
  readonly blobs: Blobs;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.blobs = new Blobs(join(folder, 'blobs'));
  }

  /** The trace of a fingerprint, when all its blobs are here too; a damaged one counts as absent. */
  find(fingerprint: string): Trace | undefined {
    const trace = this.#read(this.#tracePath(fingerprint)) as Trace | undefined;
    if (trace?.fingerprint !== fingerprint) return undefined;
    return Object.values(trace.outputs).every(({ blob }) => this.blobs.has(blob)) ? trace : undefined;
  }

  keep(trace: Trace, flush: { readonly durable: boolean } = { durable: true }): void {
    // A trace is plain JSON, but for a device that may be undefined.
    this.#write(this.#tracePath(trace.fingerprint), trace as unknown as Json, flush);
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
    return this.#read(join(this.#folder, 'depends', base.slice(0, 2), `${base}.json`)) as string[] | undefined;
  }

  keepDependencies(base: string, paths: readonly string[]): void {
    this.#write(join(this.#folder, 'depends', base.slice(0, 2), `${base}.json`), [...paths], { durable: false });
  }

  #tracePath(fingerprint: string): string {
    return join(this.#folder, 'traces', fingerprint.slice(0, 2), `${fingerprint}.json`);
  }

  // The first line checks the second, so that a flipped byte is noticed and not believed.
  #write(path: string, value: Json, flush: { readonly durable: boolean }): void {
    const text = canonicalJson(value);
    writeAtomic(path, `${sha256(text)}\n${text}\n`, flush);
  }

  #read(path: string): unknown {
    let kept: string;
    try {
      kept = readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const [check, text] = kept.split('\n');
    if (text === undefined || check !== sha256(text)) return undefined;
    return JSON.parse(text);
  }
}
