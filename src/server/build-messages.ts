// What the server and the process of a build say to each other over their channel.
import type { RunEvent } from '../app/api.js';
import type { EpisodeRunResult } from '../app/episode-run.js';
import type { EpisodeRunRequest } from './episode-run.js';

export interface BuildOrder {
  readonly request: EpisodeRunRequest;
  readonly cwd: string;
  readonly dataRoot: string;
  /** Actions at a time; undefined means the cores. */
  readonly jobs: number | undefined;
}

/** To the build. */
export type ToBuild = { readonly kind: 'build'; readonly order: BuildOrder } | { readonly kind: 'cancel' };

/** From the build. */
export type FromBuild =
  | { readonly kind: 'event'; readonly event: RunEvent }
  | { readonly kind: 'result'; readonly result: EpisodeRunResult }
  /** It could not even begin: what is wrong, in a person's words. */
  | { readonly kind: 'refused'; readonly message: string }
  /** A fault of the program; the details went to its log. */
  | { readonly kind: 'bug' };
