// What the engine hands to whoever runs an action or a chunk of one, and what it is told when that ends.
import type { Action } from '../graph/graph.js';
import type { TakenResources } from '../stage/stage.js';
import type { Manifest } from './manifest.js';

export interface ActionJob {
  readonly action: Action;
  readonly manifest: Manifest;
  /** What it holds of the pools while it runs; never part of the manifest. */
  readonly resources: TakenResources;
  /** Those actions of the build that read, directly or not, what this one makes, and were not fresh when it began. */
  dependents(): readonly Action[];
  /** Absolute path at which an output must be written. */
  stagedPath(role: string): string;
  progress(done: number, total: number): void;
}

export interface RunResult {
  readonly counts: Readonly<Record<string, number>>;
  readonly device?: { readonly asked: string; readonly resolved: string } | undefined;
  /** Files that a depfile named. */
  readonly found?: readonly string[] | undefined;
}
