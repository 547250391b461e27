// A little make in memory: random projects and what each of their artifacts must hold, worked out
// without the engine. It shares no code with src, so that both can hardly be wrong in one way.

/** A seeded source of choices (mulberry32); the same seed makes the same history. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  chance(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[this.below(choices.length)];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  }
}

/** `own`: the episode's video; `shared`: one file for all; `rule`: an output of another rule; `inside`: a file in its folder. */
export type Source =
  | { readonly kind: 'own' }
  | { readonly kind: 'shared'; readonly file: string }
  | { readonly kind: 'rule' | 'inside'; readonly rule: string };

export interface ModelRule {
  readonly name: string;
  readonly way: 'command' | 'module';
  readonly once: boolean;
  readonly sources: readonly Source[];
  readonly params: readonly string[];
  /** Only the first letter of its input goes on: most edits then stop here. */
  readonly lossy: boolean;
  readonly twoOutputs: boolean;
  readonly folder: boolean;
  /** Characters of its output that a chunk makes; 0 for a rule that runs as a whole. */
  readonly chunk: number;
  readonly salt: number;
  readonly tool: string | undefined;
  readonly fails: boolean;
}

/** All that a user's branch holds. */
export interface Project {
  readonly rules: readonly ModelRule[];
  readonly params: Readonly<Record<string, number>>;
  readonly byEpisode: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly videos: Readonly<Record<string, string>>;
  readonly shared: Readonly<Record<string, string>>;
  readonly tools: Readonly<Record<string, string>>;
}

export interface ModelAction {
  readonly id: string;
  readonly rule: ModelRule;
  readonly ep: string | undefined;
  readonly needs: readonly { readonly id: string; readonly inside: boolean }[];
  /** Whatever decides its outputs, as one text. */
  readonly key: string;
  /** What must lie under the data root when it is done, by path. */
  readonly files: Readonly<Record<string, string>>;
}

export function outputPattern({ name, once, folder }: ModelRule): string {
  return `made/${once ? 'all' : '{ep}'}/${name}${folder ? '/' : '.txt'}`;
}

export function sidePattern({ name, once }: ModelRule): string {
  return `made/${once ? 'all' : '{ep}'}/${name}.side`;
}

/** The actions of a project in order, each with the files it must make. */
export function evaluate(project: Project): ModelAction[] {
  const episodes = Object.keys(project.videos).sort();
  const byId = new Map<string, ModelAction>();
  for (const rule of project.rules) {
    for (const ep of rule.once ? [undefined] : episodes) {
      const action = evaluateOne(project, rule, ep, episodes, byId);
      byId.set(action.id, action);
    }
  }
  return [...byId.values()];
}

function evaluateOne(
  project: Project,
  rule: ModelRule,
  ep: string | undefined,
  episodes: readonly string[],
  before: ReadonlyMap<string, ModelAction>,
): ModelAction {
  const needs: { id: string; inside: boolean }[] = [];
  const inputs = rule.sources.flatMap((source) =>
    (rule.once ? episodes : [ep!]).flatMap((of) => {
      const label = rule.once ? of : '';
      if (source.kind === 'own') return [[label, project.videos[of]!]];
      if (source.kind === 'shared') return of === (ep ?? episodes[0]) ? [['', project.shared[source.file]!]] : [];
      const maker = project.rules.find(({ name }) => name === source.rule)!;
      if (maker.once && of !== (ep ?? episodes[0])) return [];
      const id = maker.once ? maker.name : `${maker.name}@${of}`;
      needs.push({ id, inside: source.kind === 'inside' });
      return [[maker.once ? '' : label, before.get(id)!.files[mainFile(maker, of)]!]];
    }),
  );
  const given = { ...project.params, ...(ep === undefined ? {} : project.byEpisode[ep]) };
  const values = rule.params.map((name) => `${name}=${given[name]}`);
  const tool = rule.tool === undefined ? '' : project.tools[rule.tool]!;
  // Where an input comes from is no part of it: role and content are.
  const key = JSON.stringify([ep, { ...rule, sources: rule.sources.length }, values, tool, inputs]);
  const id = ep === undefined ? rule.name : `${rule.name}@${ep}`;
  const text = contentOf(rule, values, tool, inputs.map(([, content]) => content).join(''));
  const files: Record<string, string> = { [mainFile(rule, ep ?? '')]: text };
  if (rule.folder) files[fill(`${outputPattern(rule)}deep/copy`, ep)] = `copy\n${text}`;
  if (rule.twoOutputs) files[fill(sidePattern(rule), ep)] = `side\n${text}`;
  return { id, rule, ep, needs, key, files };
}

/** The file of a rule that others read. */
function mainFile(rule: ModelRule, ep: string): string {
  return fill(`${outputPattern(rule)}${rule.folder ? 'main' : ''}`, ep);
}

function fill(pattern: string, ep: string | undefined): string {
  return pattern.replaceAll('{ep}', ep ?? '');
}

function contentOf(rule: ModelRule, values: readonly string[], tool: string, input: string): string {
  const head = [`salt ${rule.salt}`, ...values].map((line) => `${line}\n`).join('') + tool;
  return head + (rule.lossy ? input.slice(0, 1) : `${cksum(Buffer.from(input))}\n`);
}

/** What POSIX `cksum` prints of its standard input. */
export function cksum(bytes: Uint8Array): string {
  let sum = 0;
  const feed = (byte: number): void => {
    sum ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1;
  };
  for (const byte of bytes) feed(byte);
  for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) feed(length & 0xff);
  return `${~sum >>> 0} ${bytes.length}`;
}
