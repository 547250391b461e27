// A pipeline as the rest of the program sees it: read, checked, and free of YAML. All of it is
// plain data, so that it can be kept between runs keyed by the digest of the file it came from.
import type { Json } from '../base/canonical-json.js';
import type { Place } from '../base/problem.js';
import type { ValueSchema } from './value-schema.js';

/** An output of a rule, by names. */
export interface MadeBy {
  readonly rule: string;
  readonly role: string;
  /** The rule is made once for the project. */
  readonly once: boolean;
}

/** One input role. Patterns are relative to the data root, with `/`, `{ep}` and glob stars. */
export interface InputPattern {
  readonly pattern: string;
  /** May be absent: then the role is simply not there. */
  readonly optional: boolean;
  /** Has `{ep}` in a rule that is made once: one file an episode. */
  readonly gathers: boolean;
  /** The output that makes it, or the folder it lies in; undefined for the user's own files. */
  readonly madeBy?: MadeBy | undefined;
  /** Where it stands in pipeline.yaml, for problems found when files are known; not kept between runs. */
  readonly place?: Place | undefined;
}

/** One output role; a pattern that ends with `/` is a folder and all that is in it. */
export interface OutputPattern {
  readonly pattern: string;
  readonly directory: boolean;
}

/** What runs: a built-in stage, a user's module, or a command line. */
export type RuleCode =
  | { readonly kind: 'stage'; readonly stage: string }
  | { readonly kind: 'module'; readonly file: string }
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly shell: boolean;
      readonly code: readonly string[];
      readonly depfile: string | undefined;
      readonly env: readonly string[];
    };

/** Something that actions share while they run. Amounts of memory are bytes. */
export interface Pool {
  readonly amount: number;
  /** Ids of its members, where they have some: each of the `amount` that is taken is one of these. */
  readonly members?: readonly string[] | undefined;
}

export type Pools = Readonly<Record<string, Pool>>;

export interface Rule {
  readonly name: string;
  readonly code: RuleCode;
  readonly inputs: Readonly<Record<string, InputPattern>>;
  readonly outputs: Readonly<Record<string, OutputPattern>>;
  readonly params: readonly string[];
  readonly models: readonly ('detector' | 'embedder')[];
  /** What it takes of each pool while it runs. */
  readonly resources: Readonly<Record<string, number>>;
  /** An attempt that takes longer has failed. */
  readonly timeoutSeconds?: number | undefined;
  /** How often a failed attempt is made again. */
  readonly retries: number;
  /** `episode`: one action an episode; `project`: one action in all. */
  readonly scope: 'episode' | 'project';
  /** The line of pipeline.yaml that names it, for messages. */
  readonly line?: number;
}

/** What is known of a built-in param. */
export interface ParamField {
  readonly schema: ValueSchema;
  /** Says only how to run: it may be set even where pipeline.yaml does not declare it. */
  readonly how: boolean;
}

export type ParamValues = Readonly<Record<string, Json>>;

export interface Pipeline {
  /** The data root as written; relative to pipeline.yaml's folder. */
  readonly data: string;
  /** What an episode is: one match, one episode. */
  readonly each: string;
  readonly params: ParamValues;
  readonly profiles: Readonly<Record<string, ParamValues>>;
  readonly episodes: Readonly<Record<string, ParamValues>>;
  /** In an order in which every rule stands after the rules that make its inputs. */
  readonly rules: readonly Rule[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** The pools that the file declares; a machine may have others (see app/machine.ts). */
  readonly resources: Pools;
  /** The built-in params, so that values given later can be checked without zod. */
  readonly fields?: Readonly<Record<string, ParamField>>;
}
