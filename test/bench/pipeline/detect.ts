// (a) `detect` beside what it cannot do without: decoding the same frames with ffmpeg alone, and the same
// inferences on tensors that lie in memory. The floor by the clock is the slower of the two, each
// on one thread; the floor in processor time is their sum.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FaceDetector } from '../../../rules/detect/detector.js';
import { pinAuto } from '../../../src/models/choose.js';
import { openModel } from '../../../src/models/open.js';
import { loadRegistry } from '../../../src/models/registry.js';
import type { DetectorCard, ModelSession, OpenModel, Tensor } from '../../../src/stage/model.js';
import { readFrames } from '../../support/pictures.js';
import { seconds, type Row } from './bench.js';
import { lengthOf } from './material.js';
import { BenchProject, modelsEnv } from './project.js';
import { runTree } from './tree.js';
import { inTurns, timed } from './turns.js';

/** Pictures whose tensors are kept; the inferences of a whole clip go over them again and again. */
const keptPictures = 48;
const side = 640;
/** Long enough that the program's start counts for little. */
const clipSeconds = 60;
/** Share of the weaker faces is as in the stage; see rules/detect/stage.ts. */
const scoreMin = 0.1;

type Feeds = Readonly<Record<string, Tensor>>;
interface Inference {
  readonly session: ModelSession;
  readonly feeds: Feeds;
}

export const detectRow: Row = {
  letter: 'a',
  async measure({ folder, material, line }) {
    const clip = material.stretch(clipSeconds);
    const project = new BenchProject(join(folder, 'detect'));
    await project.add('clip', clip);
    await project.build(['clip', 'probe']);
    const { frames } = lengthOf(clip);
    const { model, perPicture } = await inferencesOf(clip, frames, join(folder, 'detect-models'));
    const decode = ['-v', 'error', '-nostdin', '-threads', '1', '-i', clip, '-map', '0:V:0', '-vsync', '0'];
    const detect = (...words: string[]) =>
      project.build(['clip', 'detect', '--force', 'detect', '--no-cache', ...words]);
    const { whole, alone, decoding, inferring } = await inTurns({
      whole: async () => figuresOf(await detect()),
      alone: async () => figuresOf(await detect('-j', '1')),
      decoding: async () => figuresOf(await runTree('ffmpeg', [...decode, '-f', 'null', '-'])),
      inferring: () => timed(() => infer(perPicture, frames)),
    });
    const slower = Math.max(decoding.wallS, inferring.wallS);
    const both = decoding.cpuS + inferring.cpuS;
    const parts = `decode ${seconds(decoding.wallS)}, inference ${seconds(inferring.wallS)}`;
    const what = `detect, ${frames} frames of 1080p, ${model}`;
    line({
      what: `${what}: wall`,
      sa: `${seconds(whole.wallS)} (-j 1: ${seconds(alone.wallS)})`,
      beside: `the slower of ${parts}, one thread each`,
      ratio: `${(whole.wallS / slower).toFixed(2)} (-j 1: ${(alone.wallS / slower).toFixed(2)})`,
      wanted: 'at most 1.10',
    });
    line({
      what: `${what}: processor`,
      sa: `${seconds(whole.cpuS)} (-j 1: ${seconds(alone.cpuS)})`,
      beside: `decode ${seconds(decoding.cpuS)} + inference ${seconds(inferring.cpuS)}`,
      ratio: `${(whole.cpuS / both).toFixed(2)} (-j 1: ${(alone.cpuS / both).toFixed(2)})`,
    });
  },
};

const figuresOf = ({ wallS, cpuS }: { readonly wallS: number; readonly cpuS: number }) => ({ wallS, cpuS });

/** What the detector asks of its sessions for pictures spread over the clip, in the order in which it asks. */
async function inferencesOf(
  clip: string,
  frames: number,
  projectRoot: string,
): Promise<{ model: string; perPicture: readonly (readonly Inference[])[] }> {
  mkdirSync(join(projectRoot, 'models'), { recursive: true });
  const registry = await loadRegistry({ projectRoot, env: { ...process.env, ...modelsEnv } });
  const entry = await pinAuto(registry, 'detector', 'auto');
  const opened = (await openModel(registry, entry, { device: 'cpu' })) as OpenModel<DetectorCard>;
  const asked: Inference[] = [];
  const sessions = Object.entries(opened.sessions).map(([part, session]) => [part, listened(session, asked)] as const);
  const [width, height] = sizeOf(clip);
  const scale = side / Math.max(width, height);
  const size = { width: Math.trunc(width * scale + 1e-9), height: Math.trunc(height * scale + 1e-9) };
  const detector = new FaceDetector(
    { ...opened, sessions: Object.fromEntries(sessions) },
    { sizes: [side], scoreMin, video: { width, height }, boxAreaMin: 10 },
  );
  const perPicture: (readonly Inference[])[] = [];
  for (const picture of readFrames(clip, Math.ceil(frames / keptPictures), size)) {
    // As in the stage: doubtful faces are looked at again in every fourth picture.
    await detector.detect(picture, { lookAgain: perPicture.length % 4 === 0 });
    perPicture.push(asked.splice(0));
  }
  return { model: entry.name, perPicture };
}

/** The same session; what it is asked is kept. */
function listened(session: ModelSession, asked: Inference[]): ModelSession {
  return {
    run(feeds) {
      const copies = Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]);
      asked.push({ session, feeds: Object.fromEntries(copies) as Feeds });
      return session.run(feeds);
    },
  };
}

async function infer(perPicture: readonly (readonly Inference[])[], frames: number): Promise<void> {
  for (let frame = 0; frame < frames; frame++)
    for (const { session, feeds } of perPicture[frame % perPicture.length]!) await session.run(feeds);
}

function sizeOf(video: string): [width: number, height: number] {
  const words = ['-v', 'error', '-select_streams', 'v:0', '-show_entries', 'stream=width,height', '-of', 'csv=p=0'];
  const [width, height] = execFileSync('ffprobe', [...words, video], { encoding: 'utf8' })
    .split(',')
    .map(Number);
  return [width!, height!];
}
