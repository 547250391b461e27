// (b) Frames a second of `detect` beside OpenCV reading the same file through the same network at the
// same input size, and how many of each one's faces the other finds too. OpenCV's importer takes no
// free dimensions, so it is given the network with its input fixed by ONNX Runtime: the same weights.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { intersectionOverUnion, type Corners } from '../../../rules/media/geometry.js';
import { detectionSchema, type Detection } from '../../../src/stage/artifacts.js';
import { readJsonLines } from '../../../src/stage/read-write.js';
import { shared } from '../../support/shared.js';
import { percent, times, type Bench, type Row } from './bench.js';
import { BenchProject } from './project.js';
import { missing, runPython } from './python.js';
import { inTurns } from './turns.js';

/** One network, as sa knows it and where it lies; `input` is what sa feeds it for a 16:9 picture. */
const networks = [
  { detector: 'yunet-n', file: 'yunet_n_dynamic.onnx', input: [640, 384], fixed: false },
  { detector: 'yunet-2023mar', file: 'face_detection_yunet_2023mar.onnx', input: [640, 384], fixed: true },
] as const;
type Network = (typeof networks)[number];

const clipSeconds = 40;
const scoreMin = 0.7;
/** Boxes of one face, by both. */
const sameIou = 0.5;

interface OpenCvRun {
  readonly seconds: number;
  readonly frames: number;
  /** FaceDetectorYN took the file; else it went through cv2.dnn. */
  readonly own: boolean;
  readonly taken: Readonly<Record<'read' | 'scale' | 'detect', number>>;
}

export const openCvRow: Row = {
  letter: 'b',
  async measure(bench) {
    const absent = missing('cv2', 'numpy');
    if (absent !== undefined) {
      bench.line({ what: 'detect beside OpenCV', sa: '', beside: absent });
      return;
    }
    for (const network of networks) await measureOne(network, bench);
  },
};

async function measureOne(network: Network, { folder, material, line }: Bench): Promise<void> {
  const { detector, input } = network;
  const clip = material.stretch(clipSeconds);
  const project = new BenchProject(join(folder, `opencv-${detector}`));
  await project.add('clip', clip);
  await project.build(['clip', 'probe']);
  const model = network.fixed ? shared(`models/${network.file}`) : await withFixedInput(network, folder);
  const facesFile = join(folder, `opencv-${detector}.json`);
  const words = [model, clip, String(input[0]), String(input[1]), String(scoreMin), facesFile];
  let peer: OpenCvRun | undefined;
  const { ours, theirs } = await inTurns({
    ours: async () => {
      const set = ['--set', `detector=${detector}`];
      const { wallS, cpuS } = await project.build(['clip', 'detect', '--force', 'detect', '--no-cache', ...set]);
      return { wallS, cpuS };
    },
    theirs: async () => {
      const { stdout, cpuS } = await runPython('opencv-detector.py', words);
      peer = JSON.parse(stdout) as OpenCvRun;
      return { wallS: peer.seconds, cpuS, ...peer.taken };
    },
  });
  const frames = peer!.frames;
  const own = facesOf(await readJsonLines(project.artifact('clip', 'detections.jsonl'), detectionSchema), frames);
  const other = JSON.parse(readFileSync(facesFile, 'utf8')) as Faces;
  const share = (part: number): string => percent(part / theirs.wallS);
  line({
    what: `detect, ${frames} frames of 1080p, ${detector} at ${input.join('x')}`,
    sa: `${(frames / ours.wallS).toFixed(0)} frames/s, ${(ours.cpuS / frames / 1e-3).toFixed(1)} ms of processor each`,
    beside:
      `OpenCV, ${peer!.own ? 'FaceDetectorYN' : 'cv2.dnn (its FaceDetectorYN refuses this file)'}: ` +
      `${(frames / theirs.wallS).toFixed(0)} frames/s, ${(theirs.cpuS / frames / 1e-3).toFixed(1)} ms each; ` +
      `reading ${share(theirs.read)}, scaling ${share(theirs.scale)}`,
    ratio:
      `${times(theirs.wallS / ours.wallS)}; of its ${countOf(other)} faces sa finds ${percent(foundIn(other, own))}, ` +
      `of sa's ${countOf(own)} it finds ${percent(foundIn(own, other))}`,
    wanted: 'at least 2x',
  });
}

/** The same graph with its free dimensions named, so that OpenCV 4 can load it. */
async function withFixedInput({ file, input }: Network, folder: string): Promise<string> {
  const path = join(folder, `fixed-${file}`);
  const session = await InferenceSession.create(shared(`models/${file}`), {
    executionProviders: ['cpu'],
    // Folds the sums over shapes and fuses nothing that only ONNX Runtime knows.
    graphOptimizationLevel: 'basic',
    optimizedModelFilePath: path,
    freeDimensionOverrides: { batch: 1, height: input[1], width: input[0] },
    logSeverityLevel: 3,
  });
  await session.release();
  return path;
}

type Faces = readonly (readonly (readonly number[])[])[];

function facesOf(rows: readonly Detection[], frames: number): Faces {
  const faces: number[][][] = Array.from({ length: frames }, () => []);
  for (const { frame_idx: frame, bbox, conf } of rows) if (conf >= scoreMin) faces[frame]!.push([...bbox, conf]);
  return faces;
}

function countOf(faces: Faces): number {
  return faces.reduce((sum, of) => sum + of.length, 0);
}

/** Share of the faces that the other has in the same place of the same frame. */
function foundIn(faces: Faces, other: Faces): number {
  let found = 0;
  for (const [frame, of] of faces.entries())
    for (const face of of)
      if (other[frame]!.some((one) => intersectionOverUnion(cornersOf(one), cornersOf(face)) >= sameIou)) found++;
  return found / Math.max(1, countOf(faces));
}

function cornersOf([x1, y1, x2, y2]: readonly number[]): Corners {
  return [x1!, y1!, x2!, y2!];
}
