// edits.yaml: what people said about who is who, as an ordered log. Reads and checks the text; what
// an edit does is the identities stage's to say. Every fault is a problem with its line.
import { canonicalJson } from '../base/canonical-json.js';
import { didYouMean } from '../base/closest.js';
import { Problems } from '../base/problems.js';
import { quote } from '../base/quote.js';
import { sourceOf, type Source } from '../base/source.js';
import { readYaml, toJson, type At, type YamlMap, type YamlNode } from '../base/yaml.js';

/** [x1, y1, x2, y2], normalised to 0..1 of the upright frame. */
type Box = readonly [number, number, number, number];

/**
 * A face that an edit speaks of. A place in time and picture survives a new run of everything
 * before; a track's id is good for as long as the tracks stay the same.
 */
export type Anchor =
  | { readonly kind: 'place'; readonly at: number; readonly box: Box }
  | { readonly kind: 'track'; readonly trackId: string };

/** What an entry says. */
export type Change =
  | { readonly kind: 'name'; readonly faces: readonly Anchor[]; readonly name: string }
  | { readonly kind: 'merge'; readonly faces: readonly Anchor[] }
  | { readonly kind: 'split'; readonly faces: readonly Anchor[]; readonly to?: Anchor }
  | { readonly kind: 'not_same'; readonly faces: readonly Anchor[] }
  | { readonly kind: 'lock'; readonly faces: readonly Anchor[] }
  | { readonly kind: 'hide'; readonly face: Anchor };

/** One entry of the log. */
export type Edit = Change & {
  /** Its place in the log, from 1, and its content: `3 {"hide":...}`. */
  readonly text: string;
};

/** The words that each kind's entry holds, and how many faces it takes at least. */
const kinds = {
  name: { keys: ['face', 'faces', 'name'], least: 1 },
  merge: { keys: ['faces'], least: 2 },
  split: { keys: ['faces', 'to'], least: 1 },
  not_same: { keys: ['faces'], least: 2 },
  lock: { keys: ['faces'], least: 1 },
  hide: { keys: ['face'], least: 1 },
} as const;
type Kind = keyof typeof kinds;

/**
 * Reads the log:
 *
 *     - name:     { face: { at: 12.4, box: [0.1, 0.2, 0.3, 0.5] }, name: Ada }
 *     - merge:    { faces: [{ at: 12.4, box: [...] }, { track: track-00012 }] }
 *     - name:     { faces: [...], name: Ada }  # the identity that most of them are in
 *     - split:    { faces: [...] }     # these leave their identity and make one of their own
 *     - split:    { faces: [...], to: { at: 31.2, box: [...] } }  # or go to that face's
 *     - not_same: { faces: [a, b] }    # two people, whatever the clustering says
 *     - lock:     { faces: [...] }     # these stay together; later edits cannot change their identity
 *     - hide:     { face: ... }
 *
 * An empty file is an empty log.
 * @throws ProblemError with every fault of the file
 */
export function parseEdits(file: { readonly text: string; readonly file: string }): Edit[] {
  const problems = new Problems();
  const source = sourceOf(file);
  const root = readYaml(source, problems);
  problems.throwIfAny();
  const edits = root === undefined ? [] : readLog(root, source, problems);
  problems.throwIfAny();
  return edits;
}

/** Ends the reading of one entry; the others are read all the same. */
class Fault extends Error {
  constructor(
    readonly at: At,
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

function readLog(root: YamlNode, source: Source, problems: Problems): Edit[] {
  if (root.kind === 'scalar' && root.value === null) return [];
  const items = root.kind === 'list' ? root.items : [root];
  return items.flatMap((item, index) => {
    try {
      if (root.kind !== 'list') throw new Fault(root, 'the edits are a list: each entry starts with "- "');
      return [{ ...readEdit(item), text: `${index + 1} ${canonicalJson(toJson(item))}` }];
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { at, message, hint } = error;
      problems.add(() => ({ code: 'bad-edit', message, place: source.place(at.start, at.end), hint }));
      return [];
    }
  });
}

function readEdit(item: YamlNode): Change {
  const [first, ...more] = item.kind === 'map' ? item.entries : [];
  if (first === undefined || more.length > 0) {
    throw new Fault(item, `an edit is one of ${Object.keys(kinds).join(', ')} and what it is about`);
  }
  const [kind, { key, value }] = first;
  if (!isKind(kind)) throw new Fault(key, `unknown edit ${quote(kind)}`, didYouMean(kind, Object.keys(kinds)));
  const { keys, least } = kinds[kind];
  if (value.kind !== 'map') throw new Fault(value, `${kind} takes { ${keys.join(', ')} }`);
  for (const [word, entry] of value.entries) {
    if ((keys as readonly string[]).includes(word)) continue;
    throw new Fault(entry.key, `unknown key ${quote(word)} in ${kind}`, didYouMean(word, keys));
  }
  if (kind === 'hide') return { kind, face: readAnchor(required(value, 'face')) };
  if (kind === 'name') return { kind, faces: readNamed(value), name: readName(required(value, 'name')) };
  const list = required(value, 'faces');
  const faces = readFaces(list, kind, least);
  if (kind === 'not_same' && faces.length > 2) {
    throw new Fault(list, 'not_same takes two faces; write an entry for each pair');
  }
  const to = value.entries.get('to');
  return { kind, faces, ...(to === undefined ? {} : { to: readAnchor(to.value) }) };
}

/** A name is given to one face, or to several of which most decide. */
function readNamed(map: YamlMap): Anchor[] {
  const faces = map.entries.get('faces');
  if (faces === undefined) return [readAnchor(required(map, 'face'))];
  const face = map.entries.get('face');
  if (face !== undefined) throw new Fault(face.key, 'name takes "face" or "faces", not both');
  return readFaces(faces.value, 'name', kinds.name.least);
}

function readFaces(list: YamlNode, kind: Kind, least: number): Anchor[] {
  if (list.kind !== 'list') throw new Fault(list, 'faces is a list');
  if (list.items.length < least) throw new Fault(list, `${kind} takes at least ${least} of faces`);
  return list.items.map(readAnchor);
}

function required(map: YamlMap, word: string): YamlNode {
  const entry = map.entries.get(word);
  if (entry === undefined) throw new Fault(map, `${quote(word)} is missing`);
  return entry.value;
}

function readAnchor(node: YamlNode): Anchor {
  const words = 'a face is { at: seconds, box: [x1, y1, x2, y2] } or { track: track-00001 }';
  if (node.kind !== 'map') throw new Fault(node, words);
  const keys = [...node.entries.keys()].sort().join(' ');
  if (keys === 'track') {
    const value = required(node, 'track');
    if (value.kind === 'scalar' && typeof value.value === 'string') return { kind: 'track', trackId: value.value };
    throw new Fault(value, 'a track is named by its id, like track-00001');
  }
  if (keys !== 'at box') throw new Fault(node, words);
  const at = numberOf(required(node, 'at'));
  if (at === undefined || at < 0) {
    throw new Fault(required(node, 'at'), 'at is a number of seconds from the first frame');
  }
  return { kind: 'place', at, box: readBox(required(node, 'box')) };
}

function readBox(node: YamlNode): Box {
  const sides = node.kind === 'list' ? node.items.map(numberOf) : [];
  const [x1, y1, x2, y2] = sides;
  if (sides.length !== 4 || x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) {
    throw new Fault(node, 'box is [x1, y1, x2, y2] in shares of the picture');
  }
  if (x1 >= x2 || y1 >= y2) throw new Fault(node, 'box has its upper left corner first');
  return [x1, y1, x2, y2];
}

function readName(node: YamlNode): string {
  const name = node.kind === 'scalar' && node.value !== null ? String(node.value).trim() : '';
  if (name === '') throw new Fault(node, 'name is the text of a name');
  return name;
}

function isKind(word: string): word is Kind {
  return Object.hasOwn(kinds, word);
}

function numberOf(node: YamlNode): number | undefined {
  return node.kind === 'scalar' && typeof node.value === 'number' && Number.isFinite(node.value)
    ? node.value
    : undefined;
}
