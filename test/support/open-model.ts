// Opens the shared face detectors for tests with cards written by hand, so that the rules can be
// tested without the registry. Not part of the program.
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DetectorCard, DetectorKind, ModelPart, ModelSession, OpenModel, Tensor } from '../../src/stage/model.js';
import { shared } from './shared.js';

const raw = { colour: 'bgr', mean: [0, 0, 0], std: [1, 1, 1] } as const;
const insightFace = { colour: 'rgb', mean: [127.5, 127.5, 127.5], std: [128, 128, 128] } as const;

function part(
  file: string,
  input: readonly [string, readonly (number | null)[]],
  outputs: readonly (readonly [string, number])[],
  pixels: ModelPart['pixels'],
): ModelPart {
  return {
    file,
    bytes: 0,
    sha256: '',
    inputs: [{ name: input[0], dims: input[1] }],
    outputs: outputs.map(([name, last]) => ({ name, dims: [1, null, last] })),
    pixels,
    batchMax: 1,
  };
}

interface Words {
  readonly resize?: DetectorCard['resize'];
  readonly inputSize?: readonly [number, number];
  readonly nms: number;
  readonly scoreMap?: DetectorCard['scoreMap'];
}

function card(name: string, kind: DetectorKind, words: Words, parts: DetectorCard['parts']): DetectorCard {
  return {
    role: 'detector',
    name,
    kind,
    resize: words.resize ?? 'letterbox',
    inputSize: words.inputSize ?? null,
    scoreThreshold: 0.5,
    nmsThreshold: words.nms,
    scoreMap: words.scoreMap,
    parts,
    licence: 'see models.md',
    training: 'WIDER FACE',
    source: 'shared test material',
  };
}

const yunetOutputs = (
  [
    ['cls', 1],
    ['obj', 1],
    ['bbox', 4],
    ['kps', 10],
  ] as const
).flatMap(([name, last]) => [8, 16, 32].map((stride) => [`${name}_${stride}`, last] as const));

function scrfdOutputs(scores: number[], boxes: number[], points: number[]): (readonly [string, number])[] {
  const named = (ids: number[], last: number) => ids.map((id) => [`${id}`, last] as const);
  return [...named(scores, 1), ...named(boxes, 4), ...named(points, 10)];
}

/** Fitted on the sampled frames of test/bench/detect: 0.65 lets through as many mistakes as YuNet's 0.65. */
const scrfdScores = [
  [0.15, 0.15],
  [0.4, 0.65],
  [0.85, 0.93],
] as const;

const retinaOutputs = [
  ['output0', 4],
  ['572', 2],
  ['571', 10],
] as const;
const retinaPixels = { colour: 'bgr', mean: [104, 117, 123], std: [1, 1, 1] } as const;

/** Cards of every shared detector, by name. */
export const detectorCards = {
  yunet_n: card(
    'yunet_n',
    'yunet',
    { nms: 0.3 },
    {
      net: part('yunet_n_dynamic.onnx', ['input', [1, 3, null, null]], yunetOutputs, raw),
    },
  ),
  yunet_2023mar: card(
    'yunet_2023mar',
    'yunet',
    { nms: 0.3, inputSize: [640, 640] },
    {
      net: part('face_detection_yunet_2023mar.onnx', ['input', [1, 3, 640, 640]], yunetOutputs, raw),
    },
  ),
  retinaface: card(
    'retinaface',
    'retinaface',
    { nms: 0.4 },
    {
      net: part('retinaface_mnet025_dyn.onnx', ['input0', [1, 3, null, null]], retinaOutputs, retinaPixels),
    },
  ),
  retinaface_320: card(
    'retinaface_320',
    'retinaface',
    { nms: 0.4, inputSize: [320, 320] },
    {
      net: part('retinaface_mnet025_320.onnx', ['input0', [1, 3, 320, 320]], retinaOutputs, retinaPixels),
    },
  ),
  ultralight: card(
    'ultralight',
    'ultralight',
    { nms: 0.3, inputSize: [320, 240], resize: 'stretch', scoreMap: [[0.75, 0.65]] },
    {
      detect: part(
        'fr_detect.onnx',
        ['input', [1, 3, 240, 320]],
        [
          ['scores', 2],
          ['boxes', 4],
        ],
        {
          colour: 'rgb',
          mean: [127, 127, 127],
          std: [128, 128, 128],
        },
      ),
      landmark: part('fr_landmark.onnx', ['input', [1, 1, 64, 64]], [['output', 136]], {
        colour: 'gray',
        mean: [0],
        std: [256],
      }),
    },
  ),
  scrfd_500m: card(
    'scrfd_500m',
    'scrfd',
    { nms: 0.4, scoreMap: scrfdScores },
    {
      net: part(
        'research-only/det_500m.onnx',
        ['input.1', [1, 3, null, null]],
        scrfdOutputs([443, 468, 493], [446, 471, 496], [449, 474, 499]),
        insightFace,
      ),
    },
  ),
  scrfd_2_5g: card(
    'scrfd_2_5g',
    'scrfd',
    { nms: 0.4, scoreMap: scrfdScores },
    {
      net: part(
        'research-only/det_2.5g.onnx',
        ['input.1', [1, 3, null, null]],
        scrfdOutputs([446, 466, 486], [449, 469, 489], [452, 472, 492]),
        insightFace,
      ),
    },
  ),
} as const satisfies Record<string, DetectorCard>;

export type DetectorName = keyof typeof detectorCards;
export const detectorNames = Object.keys(detectorCards) as readonly DetectorName[];

/** The shared files a detector needs, for describeWithShared. */
export function detectorFiles(name: DetectorName): string[] {
  return Object.values(detectorCards[name].parts).map(({ file }) => `models/${file}`);
}

/** Opens a shared detector on one CPU thread. */
export async function openDetector(
  name: DetectorName,
  change: Partial<DetectorCard> = {},
): Promise<OpenModel<DetectorCard>> {
  const { parts } = detectorCards[name];
  const opened = await Promise.all(
    Object.entries(parts).map(async ([role, { file }]) => [role, await openSession(shared(`models/${file}`))] as const),
  );
  return { card: { ...detectorCards[name], ...change }, sessions: Object.fromEntries(opened) };
}

async function openSession(path: string): Promise<ModelSession> {
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  return {
    async run(feeds) {
      const entries = Object.entries(feeds).map(
        ([name, { data, dims }]) => [name, new OrtTensor('float32', data as Float32Array, dims)] as const,
      );
      return (await session.run(Object.fromEntries(entries))) as unknown as Record<string, Tensor>;
    },
  };
}
