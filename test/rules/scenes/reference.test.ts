// PySceneDetect 0.7.1's own results on real clips: scores to the last bit, cuts frame by frame.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { framesIndex } from '../../../rules/probe/stage.js';
import { contentScorer } from '../../../rules/scenes/content-score.js';
import { detectCuts } from '../../../rules/scenes/detect-cuts.js';
import { gradualFinder, type Gradual } from '../../../rules/scenes/gradual.js';
import { hybridCuts } from '../../../rules/scenes/hybrid-cuts.js';
import { stage } from '../../../rules/scenes/stage.js';
import { thumbnail } from '../../../rules/scenes/thumbnail.js';
import { unlikeMeter } from '../../../rules/scenes/unlike.js';
import { decodeFrames, frameSize } from '../../../src/media/decode.js';
import { probeVideo } from '../../../src/media/probe.js';
import { scenesSchema } from '../../../src/stage/artifacts.js';
import type { StageContext, StageInputs } from '../../../src/stage/stage.js';
import { defaultConfig } from '../../../src/stage/config.js';
import { make } from '../../media/clips.js';
import { runChunked } from '../../support/chunked-stage.js';
import { describeWithShared, shared } from '../../support/shared.js';
import { scoreBoundaries } from './boundaries.js';

interface Clip {
  readonly frames: number;
  readonly fps: string;
  readonly cli_default: number[];
  readonly api_min15frames: number[];
  readonly api_min0: number[];
  readonly adaptive_default: number[];
  readonly human?: readonly { readonly frame: number }[];
}

/** The hybrid detector's boundaries: one film at two sizes has the same, and each fade or dissolve has one. */
const angelone = [294, 436, 536, 1068, 1189, 1265, 1321, 1354, 1418, 1490];
const hybridFinds: Readonly<Record<string, readonly number[]>> = {
  'angelone_480p.webm': angelone,
  'angelone_240p.mp4': angelone,
  'bbt_demo.mp4': [115, 284, 313, 400, 467, 504],
  'short_hamilton_clip.mp4': [20, 82, 211],
  'office_montage.mp4': [
    116, 205, 256, 312, 422, 494, 526, 579, 686, 736, 768, 826, 870, 971, 1003, 1020, 1085, 1103, 1128, 1206, 1242,
    1322,
  ],
  'psd_testvideo.mp4': [30, 180, 377, 542],
  // Its first number stands for less than the shortest scene.
  'psd_counter.mp4': [20],
  'psd_fades.mp4': [],
  'psd_goldeneye-vfr-drop3.mp4': [60, 140],
};

const folder = await mkdtemp(join(tmpdir(), 'sa-scenes-'));
afterAll(() => rm(folder, { recursive: true }));
const signal = new AbortController().signal;

interface Measured {
  readonly scores: Float64Array;
  readonly unlike: Float64Array;
  readonly gradual: readonly Gradual[];
  readonly fps: number;
  readonly seconds: readonly number[];
}

/** What the meters say of every frame, by the frames that the stage itself asks for. */
async function measured(path: string): Promise<Measured> {
  const facts = await probeVideo(path, signal);
  const index = framesIndex(facts);
  const framesPath = join(folder, 'frames.json');
  await writeFile(framesPath, JSON.stringify(index));
  const inputs = { path: () => framesPath } as unknown as StageInputs;
  const whole = { from: 0, to: index.frame_count };
  const request = await stage.chunks.wants!({ ep: 'x', params: defaultConfig(), inputs }, whole);
  const [scorer, meter, finder] = [contentScorer(), unlikeMeter(), gradualFinder()];
  const scores: number[] = [];
  for await (const frame of decodeFrames(path, facts, request, signal)) {
    scores.push(scorer.score(frame));
    const small = thumbnail(frame);
    meter.push(small);
    finder.push(small);
  }
  const [numerator, denominator] = index.time_base;
  const seconds = index.pts.map((pts) => ((pts - index.pts[0]!) * numerator) / denominator);
  const [unlike, gradual] = [meter.values(), finder.found()];
  return { scores: Float64Array.from(scores), unlike, gradual, fps: index.fps, seconds };
}

/** The boundaries that the stage finds as `hybrid`, and the size of the frames that it asks for. */
async function hybridStage(path: string): Promise<{ readonly cuts: readonly number[]; readonly width: number }> {
  const own = await mkdtemp(join(folder, 'stage-'));
  const facts = await probeVideo(path, signal);
  const file = (role: string): string => join(own, role);
  await writeFile(file('frames'), JSON.stringify(framesIndex(facts)));
  const context = {
    ep: 'x',
    params: { ...defaultConfig(), scene_detector: 'hybrid' },
    inputs: { path: file },
    outputs: { path: file },
    signal,
    progress: () => undefined,
  } as unknown as StageContext<'scene_detector' | 'scene_threshold' | 'scene_min_len'>;
  let width = 0;
  await runChunked(stage, context, {
    async framesOf(run) {
      const request = await stage.chunks.wants!(context, run);
      width = frameSize(facts, request.size).width;
      return decodeFrames(path, facts, request, signal);
    },
  });
  const { scenes } = scenesSchema.parse(JSON.parse(await readFile(file('scenes'), 'utf8')));
  return { cuts: scenes.slice(1).map(({ start_frame }) => start_frame), width };
}

const largeClips = ['psd_testvideo.mp4', 'psd_counter.mp4', 'psd_goldeneye-vfr-drop3.mp4'];
const enlargedClips = ['bbt_demo.mp4', 'short_hamilton_clip.mp4'];
describeWithShared(
  'large video',
  [...largeClips, ...enlargedClips].map((name) => `data/video/${name}`),
  () => {
    test.each(largeClips)('hybrid finds in single pixels of %s what it finds in all', async (name) => {
      expect(await hybridStage(shared(`data/video/${name}`))).toEqual({ cuts: hybridFinds[name], width: 512 });
    });

    test.each(enlargedClips)(
      'hybrid finds in single pixels of %s, enlarged, what it finds in all of the small',
      async (name) => {
        const quick = ['-vsync', '0', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '16', '-an'];
        const small = shared(`data/video/${name}`);
        const large = await make(join(folder, `large-${name}`), ['-i', small, '-vf', 'scale=1280:-2', ...quick]);
        expect(await hybridStage(small)).toEqual({ cuts: hybridFinds[name], width: 256 });
        expect(await hybridStage(large)).toEqual({ cuts: hybridFinds[name], width: 512 });
      },
    );
  },
);

describeWithShared(
  'PySceneDetect 0.7.1',
  ['scenes/reference.json', 'video'].map((path) => `data/${path}`),
  () => {
    const names = [
      'angelone_480p.webm',
      'angelone_240p.mp4',
      'bbt_demo.mp4',
      'short_hamilton_clip.mp4',
      'office_montage.mp4',
      'psd_testvideo.mp4',
      'psd_counter.mp4',
      'psd_fades.mp4',
      'psd_goldeneye-vfr-drop3.mp4',
    ];
    test.each(names)(
      '%s has the reference scores and cuts, and hybrid finds no fewer of the marked ones',
      async (name) => {
        const reference = JSON.parse(await readFile(shared('data/scenes/reference.json'), 'utf8')) as {
          clips: Record<string, Clip>;
        };
        const clip = reference.clips[name]!;
        const { scores, unlike, gradual, fps, seconds } = await measured(shared(`data/video/${name}`));
        expect(scores).toHaveLength(clip.frames);

        const stats = await readFile(shared(`data/scenes/${name.replace(/\.\w+$/, '')}.stats.csv`), 'utf8');
        const wanted = stats
          .trim()
          .split('\n')
          .slice(1)
          .map((line) => Number(line.split(',')[2]));
        const worst = Math.max(...wanted.map((score, at) => Math.abs(score - scores[at + 1]!)));
        expect(worst).toBeLessThan(1e-12);

        const cuts = (detector: 'content' | 'adaptive', threshold: number, minSceneFrames: number): number[] =>
          detectCuts({ scores, fps, detector, threshold, minSceneFrames });
        // The reference names a frame by its time at the mean rate: with a variable rate that is
        // another number than the frame's place in the video, which ours are.
        const [frames = 0, per = 1] = clip.fps.split('/').map(Number);
        const named = (found: readonly number[]): number[] =>
          found.map((frame) => Math.round((seconds[frame]! * frames) / per));
        // The command line's minimum is 0.6 seconds, the API's 15 frames.
        expect(named(cuts('content', 27, Math.ceil(0.6 * fps - 1e-6)))).toEqual(clip.cli_default);
        expect(named(cuts('content', 27, 15))).toEqual(clip.api_min15frames);
        expect(named(cuts('content', 27, 0))).toEqual(clip.api_min0);
        expect(named(cuts('adaptive', 15, 15))).toEqual(clip.adaptive_default);

        const hybrid = hybridCuts({ scores, unlike, gradual, threshold: 27, minSceneFrames: 12 });
        expect(hybrid).toEqual(hybridFinds[name]);
        if (!clip.human) return;
        const human = clip.human.map(({ frame }) => frame);
        const found = { content: cuts('content', 27, 12), adaptive: cuts('adaptive', 15, 12), hybrid };
        const result = { content: scoreBoundaries(found.content, human), hybrid: scoreBoundaries(hybrid, human) };
        if (result.content.f1 < 1) expect(result.hybrid.f1).toBeGreaterThan(result.content.f1);
        else expect(result.hybrid.f1).toBe(1);
        const lines = Object.entries(found).map(([detector, frames]) => {
          const { precision, recall, f1 } = scoreBoundaries(frames, human);
          return `${name} ${detector}: P ${precision.toFixed(3)} R ${recall.toFixed(3)} F1 ${f1.toFixed(3)}`;
        });
        console.info(lines.join('\n'));
      },
    );
  },
);
