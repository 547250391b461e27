// models.yaml as text becomes checked plain data: every key, digest and reference, each fault shown
// where it stands. It opens no file and knows nothing of what is installed.
import { z } from 'zod';
import { didYouMean } from '../base/closest.js';
import type { Place } from '../base/problem.js';
import { Problems } from '../base/problems.js';
import { quote } from '../base/quote.js';
import { sourceOf, type Source } from '../base/source.js';
import { readYaml, toJson, type YamlNode } from '../base/yaml.js';

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'a name has letters, digits, dots, dashes and underscores');
const fileName = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'a plain file name, without a folder');
const member = z.string().regex(/^[^/\\][^\\]*$/, 'a path inside the archive');
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'a sha256 has 64 lower-case hex digits');
const bytes = z.number().int().positive();
const address = z.string().regex(/^https?:\/\/\S+$/, 'an http or https address');
const packageVersion = z
  .string()
  .regex(
    /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*@\d+\.\d+\.\d+[\w.+-]*$/,
    'a package and its exact version, name@1.2.3',
  );
const text = z.string().min(1);

const source = z.union([
  z.strictObject({ npm: packageVersion, member }),
  z.strictObject({ zip: address, member, bytes: bytes.optional(), sha256: digest.optional() }),
  z.strictObject({ url: address }),
]);

const piece = z.union([
  z.tuple([z.number().int().min(0), z.number().int().positive()]),
  z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/, 'new bytes in base64'),
]);

const tensor = z.strictObject({ name: text, dims: z.array(z.number().int().positive().nullable()).min(1) });

const part = z.strictObject({
  file: fileName,
  bytes,
  sha256: digest,
  pixels: z.strictObject({
    colour: z.enum(['rgb', 'bgr', 'gray']),
    mean: z.array(z.number()),
    std: z.array(z.number().positive()),
  }),
  batch_max: z.number().int().min(1),
  inputs: z.array(tensor).min(1),
  outputs: z.array(tensor).min(1),
  patch: z.strictObject({ model: name, part: name, pieces: z.array(piece).min(1) }).optional(),
  sources: z.array(source),
});

const common = {
  name,
  aliases: z.array(name),
  licence: text,
  training: text,
  source: text,
  terms: name.optional(),
};

const detector = z.strictObject({
  ...common,
  role: z.literal('detector'),
  kind: z.enum(['retinaface', 'scrfd', 'yunet', 'ultralight']),
  resize: z.enum(['letterbox', 'stretch']),
  input_size: z.tuple([bytes, bytes]).nullable(),
  score_threshold: z.number().min(0).max(1),
  nms_threshold: z.number().min(0).max(1),
  /** Knots [raw, calibrated] of the score, so that det_thresh means the same for every detector. */
  score_map: z.array(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)])).optional(),
  parts: z.record(name, part),
});

const embedder = z.strictObject({
  ...common,
  role: z.literal('embedder'),
  dim: z.number().int().positive(),
  crop_size: z.number().int().positive(),
  template: z.literal('arcface'),
  calibration: z.array(z.tuple([z.number().min(-1).max(1), z.number().min(0).max(1)])).min(2),
  parts: z.record(name, part),
});

const choices = z.record(name, z.array(name).min(1));

const schema = z.strictObject({
  version: z.literal(1),
  choices: z.strictObject({ detector: choices, embedder: choices }),
  packs: z.record(name, z.array(name).min(1)),
  terms: z.record(name, text),
  models: z.array(z.discriminatedUnion('role', [detector, embedder])).min(1),
});

export type ModelsFile = z.infer<typeof schema>;
export type ModelDeclaration = ModelsFile['models'][number];
export type PartDeclaration = z.infer<typeof part>;
/** Where a file may be fetched from. */
export type FileSource = z.infer<typeof source>;
/** A piece of a patched file: [offset, length] of the original, or new bytes in base64. */
export type PatchPiece = z.infer<typeof piece>;

/** The parts that a model of each kind has; the stage that runs it asks for them by these names. */
const partsOfKind: Readonly<Record<string, readonly string[]>> = {
  ultralight: ['detect', 'landmark'],
  other: ['net'],
};

/** models.yaml's text as data. Throws one ProblemError with every fault of the file, each at its place. */
export function readDeclaration(file: { readonly text: string; readonly file: string }): ModelsFile {
  const origin = sourceOf(file);
  const problems = new Problems();
  const tree = readYaml(origin, problems);
  problems.throwIfAny();
  const checked = schema.safeParse(tree === undefined ? null : toJson(tree));
  const report = new Reporter(origin, tree, problems);
  if (checked.success) checkReferences(checked.data, report);
  else for (const issue of checked.error.issues) report.issue(issue);
  problems.throwIfAny();
  if (!checked.success) throw new Error('models.yaml failed its schema without a problem', { cause: checked.error });
  return checked.data;
}

/** What a schema cannot say: names that must be unique, and names that must be there. */
function checkReferences({ models, choices, packs, terms }: ModelsFile, report: Reporter): void {
  const byName = new Map(models.map((model) => [model.name, model]));
  const taken = new Map<string, string>();
  models.forEach((model, index) => {
    for (const word of new Set([model.name, ...model.aliases].map((word) => word.toLowerCase()))) {
      const other = taken.get(word);
      if (other !== undefined) report.add(['models', index, 'name'], `"${word}" names both ${other} and ${model.name}`);
      taken.set(word, model.name);
    }
    if (model.terms !== undefined && !Object.hasOwn(terms, model.terms))
      report.add(
        ['models', index, 'terms'],
        `there are no terms "${model.terms}"`,
        didYouMean(model.terms, Object.keys(terms)),
      );
    checkParts(model, byName, (path, message) => report.add(['models', index, ...path], message));
  });
  const lists = [
    ...Object.entries(choices.detector).map(([word, names]) => ['choices', 'detector', word, names] as const),
    ...Object.entries(choices.embedder).map(([word, names]) => ['choices', 'embedder', word, names] as const),
  ];
  for (const [top, role, word, names] of lists)
    names.forEach((name, at) => {
      const model = byName.get(name);
      const place = [top, role, word, at];
      if (model?.role !== role) report.add(place, `there is no ${role} "${name}"`, didYouMean(name, byName.keys()));
      else if (model.terms !== undefined) report.add(place, `"${name}" has terms, so it is used only when it is named`);
      if (taken.has(word)) report.add([top, role, word], `"${word}" is also the name of ${taken.get(word) ?? ''}`);
    });
  for (const [pack, names] of Object.entries(packs))
    names.forEach((name, at) => {
      if (!byName.has(name))
        report.add(['packs', pack, at], `there is no model "${name}"`, didYouMean(name, byName.keys()));
    });
}

function checkParts(
  model: ModelDeclaration,
  byName: ReadonlyMap<string, ModelDeclaration>,
  add: (path: readonly (string | number)[], message: string) => void,
): void {
  const wanted = (model.role === 'detector' ? partsOfKind[model.kind] : undefined) ?? partsOfKind['other'] ?? [];
  const found = Object.keys(model.parts);
  if (found.join() !== wanted.join()) add(['parts'], `its parts must be ${wanted.join(' and ')}, in this order`);
  for (const [key, { pixels, patch }] of Object.entries(model.parts)) {
    const channels = pixels.colour === 'gray' ? 1 : 3;
    if (pixels.mean.length !== channels || pixels.std.length !== channels)
      add(['parts', key, 'pixels'], `${pixels.colour} has ${channels} channels; mean and std need as many numbers`);
    const base = patch && byName.get(patch.model)?.parts[patch.part];
    if (patch && base === undefined)
      add(['parts', key, 'patch'], `there is no part "${patch.part}" of a model "${patch.model}"`);
    if (base?.patch) add(['parts', key, 'patch'], 'a patched file cannot be patched again');
  }
  if (model.role !== 'embedder') return;
  const { calibration } = model;
  const ascends = calibration.every(
    ([x, y], at) => at === 0 || (x > calibration[at - 1]![0] && y > calibration[at - 1]![1]),
  );
  if (!ascends || calibration[0]![0] !== -1 || calibration.at(-1)![0] !== 1)
    add(['calibration'], 'its knots must ascend in both numbers, from cosine -1 to cosine 1');
}

/** Turns paths into places. */
class Reporter {
  constructor(
    readonly origin: Source,
    readonly tree: YamlNode | undefined,
    readonly problems: Problems,
  ) {}

  add(path: readonly PropertyKey[], message: string, hint?: string): void {
    this.problems.add(() => ({
      code: 'bad-models-file',
      message: `${words(path)}: ${message}`,
      place: this.#place(path),
      hint,
    }));
  }

  issue(issue: z.core.$ZodIssue): void {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) this.add([...issue.path, key], `there is no key ${quote(key)} here`);
      return;
    }
    // In a union the branch that got furthest is the one that was meant.
    const branches = issue.code === 'invalid_union' ? issue.errors : [];
    const closest =
      branches.filter((branch) => !branch.some(({ code }) => code === 'unrecognized_keys'))[0] ?? branches[0];
    if (closest === undefined) this.add(issue.path, issue.message);
    else for (const inner of closest) this.issue({ ...inner, path: [...issue.path, ...inner.path] });
  }

  #place(path: readonly PropertyKey[]): Place | undefined {
    let node = this.tree;
    let found = node;
    for (const [index, key] of path.entries()) {
      const entry = node?.kind === 'map' ? node.entries.get(String(key)) : undefined;
      node = node?.kind === 'list' && typeof key === 'number' ? node.items[key] : entry?.value;
      if (node === undefined) break;
      found = node;
      // The last key itself, where its value is a whole block.
      if (index === path.length - 1 && entry && node.kind !== 'scalar')
        return this.origin.place(entry.key.start, entry.key.end);
    }
    return found && this.origin.place(found.start, found.end);
  }
}

function words(path: readonly PropertyKey[]): string {
  return path.length === 0
    ? 'the file'
    : path
        .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
        .join('')
        .replace(/^\./, '');
}
