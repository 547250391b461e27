// From a network's named output tensors to candidates: which tensor is which for each kind of
// detector. Names come from the card's declared outputs, never from the tensors themselves.
import type { DetectorCard, DetectorKind, ModelPart, Tensor } from '../../src/stage/model.js';
import type { Size } from '../media/geometry.js';
import type { Candidates } from './candidates.js';
import { decodeRetinaFace, retinaFacePriors } from './decode-retinaface.js';
import { decodeScrfd } from './decode-scrfd.js';
import { decodeUltraLight } from './decode-ultralight.js';
import { decodeYuNet } from './decode-yunet.js';

export type Outputs = Readonly<Record<string, Tensor>>;

/** Decodes one run: faces of at least `scoreMin`, in pixels of `input`, are added to `into`. */
export type Head = (outputs: Outputs, input: Size, scoreMin: number, into: Candidates) => void;

/** Name of the graph that finds boxes: the only one, or the first of a pair. */
export function detectorPart({ parts }: DetectorCard): string {
  return 'detect' in parts ? 'detect' : 'net';
}

/** Name of the graph that finds landmarks in a crop, in a pair. */
export const landmarksPart = 'landmark';

/** The part called `name`. Throws when the card lacks it. */
export function partOf(card: DetectorCard, name: string): ModelPart {
  const part = card.parts[name];
  if (part === undefined)
    throw new Error(`model ${card.name} declares no part "${name}", only ${Object.keys(card.parts).join(', ')}`);
  return part;
}

/** How to read the outputs of this card's detector. Throws when its declared outputs do not fit its kind. */
export function headOf(card: DetectorCard): Head {
  const find = outputFinder(card);
  return heads[card.kind](find);
}

type Find = ReturnType<typeof outputFinder>;

const heads: Readonly<Record<DetectorKind, (find: Find) => Head>> = {
  retinaface: (find) => {
    const [boxes, scores, points] = [find.withLast(4, 1)[0]!, find.withLast(2, 1)[0]!, find.withLast(10, 1)[0]!];
    const priorsOf = remembered(retinaFacePriors);
    return (outputs, input, scoreMin, into) => {
      const values = {
        boxes: floats(outputs, boxes),
        scores: floats(outputs, scores),
        points: floats(outputs, points),
      };
      decodeRetinaFace(values, priorsOf(input), input, scoreMin, into);
    };
  },
  scrfd: (find) => {
    const [scores, boxes, points] = [find.withLast(1, 3), find.withLast(4, 3), find.withLast(10, 3)];
    return (outputs, input, scoreMin, into) => {
      const levels = scores.map((name, level) => ({
        scores: floats(outputs, name),
        boxes: floats(outputs, boxes[level]!),
        points: floats(outputs, points[level]!),
      }));
      decodeScrfd(levels, input, scoreMin, into);
    };
  },
  yunet: (find) => {
    const names = [8, 16, 32].map((stride) => ({
      classScores: find.named(`cls_${stride}`),
      objectScores: find.named(`obj_${stride}`),
      boxes: find.named(`bbox_${stride}`),
      points: find.named(`kps_${stride}`),
    }));
    return (outputs, input, scoreMin, into) => {
      const levels = names.map((level) => ({
        classScores: floats(outputs, level.classScores),
        objectScores: floats(outputs, level.objectScores),
        boxes: floats(outputs, level.boxes),
        points: floats(outputs, level.points),
      }));
      decodeYuNet(levels, input, scoreMin, into);
    };
  },
  ultralight: (find) => {
    const [boxes, scores] = [find.withLast(4, 1)[0]!, find.withLast(2, 1)[0]!];
    return (outputs, input, scoreMin, into) => {
      const values = { boxes: floats(outputs, boxes), scores: floats(outputs, scores) };
      decodeUltraLight(values, input, scoreMin, into);
    };
  },
};

function outputFinder(card: DetectorCard) {
  const { outputs } = partOf(card, detectorPart(card));
  return {
    /** The names, in declared order, of the `count` outputs whose last dimension is `length`. */
    withLast(length: number, count: number): readonly string[] {
      const names = outputs.filter(({ dims }) => dims.at(-1) === length).map(({ name }) => name);
      if (names.length !== count)
        throw new Error(
          `model ${card.name}: a ${card.kind} has ${count} outputs of last dimension ${length}, the card ${names.length}`,
        );
      return names;
    },
    named(name: string): string {
      if (!outputs.some((output) => output.name === name))
        throw new Error(`model ${card.name}: a ${card.kind} has an output "${name}", the card has none`);
      return name;
    },
  };
}

/** The float data of one output. Throws when the run did not give it. */
export function floats(outputs: Outputs, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new Error(`the network gave no float output "${name}"`);
}

/** Calls `make` once for each size: a video has one or two. */
function remembered<T>(make: (size: Size) => T): (size: Size) => T {
  const known = new Map<string, T>();
  return (size) => {
    const key = `${size.width}x${size.height}`;
    const made = known.get(key) ?? make(size);
    known.set(key, made);
    return made;
  };
}
