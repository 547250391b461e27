// (c) `scenes` beside PySceneDetect's core in python3-opencv, on a 1080p and a 480p clip: time, and
// whether both find the same cuts. PySceneDetect itself is not in Debian; that its core here gives the
// original's cuts is checked against the reference that lies beside the shared clips.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { scenesSchema } from '../../../src/stage/artifacts.js';
import { readJson } from '../../../src/stage/read-write.js';
import { shared } from '../../support/shared.js';
import { seconds, times, type Bench, type Row } from './bench.js';
import { BenchProject } from './project.js';
import { missing, runPython } from './python.js';
import { inTurns } from './turns.js';

const threshold = 27;
/** PySceneDetect's own minimum for its API. */
const shortest = 15;

interface CoreRun {
  readonly seconds: number;
  readonly frames: number;
  readonly cuts: readonly number[];
}

export const scenesRow: Row = {
  letter: 'c',
  async measure(bench) {
    const absent = missing('cv2', 'numpy');
    if (absent !== undefined) {
      bench.line({ what: 'scenes beside PySceneDetect', sa: '', beside: absent });
      return;
    }
    await measureOne('1080p', bench.material.piece(), bench);
    await measureOne('480p', bench.material.shared('angelone_480p.webm'), bench);
  },
};

async function measureOne(size: string, clip: string, { folder, line }: Bench): Promise<void> {
  const project = new BenchProject(join(folder, `scenes-${size}`));
  await project.add('clip', clip);
  await project.build(['clip', 'probe']);
  const build = (detector: string) => async () => {
    const set = ['--set', `scene_detector=${detector}`, '--set', `scene_min_len=${shortest}`];
    const words = ['clip', 'scenes', '--force', 'scenes', '--no-cache', ...set];
    const { wallS, cpuS, rules } = await project.build(words);
    return { wallS, cpuS, ruleS: rules['scenes']! };
  };
  let core: CoreRun | undefined;
  // The comparison comes last of ours, so that its scenes.json is the one that is read below.
  const { hybrid, ours, theirs } = await inTurns({
    hybrid: build('hybrid'),
    ours: build('pyscenedetect'),
    theirs: async () => {
      const { stdout, cpuS } = await runPython('scenes.py', [clip, String(threshold), String(shortest)]);
      core = JSON.parse(stdout) as CoreRun;
      return { wallS: core.seconds, cpuS };
    },
  });
  const { scenes } = await readJson(project.artifact('clip', 'scenes.json'), scenesSchema);
  const own = scenes.slice(1).map(({ start_frame: frame }) => frame);
  const reference = referenceCuts(basename(clip));
  const same = (one: readonly number[], other: readonly number[]) => JSON.stringify(one) === JSON.stringify(other);
  const agreement = same(own, core!.cuts)
    ? `the same ${own.length} cuts`
    : `cuts differ: ${own.join(' ')} and ${core!.cuts.join(' ')}`;
  const original =
    reference === undefined ? '' : `, ${same(reference, core!.cuts) ? '' : 'not '}those of PySceneDetect`;
  line({
    what: `scenes, ${core!.frames} frames of ${size}`,
    sa:
      `${seconds(ours.wallS)} as pyscenedetect (the stage ${seconds(ours.ruleS)}; processor ${seconds(ours.cpuS)}), ` +
      `${seconds(hybrid.wallS)} as hybrid`,
    beside: `PySceneDetect's core in OpenCV ${seconds(theirs.wallS)} (processor ${seconds(theirs.cpuS)})`,
    ratio: `${times(theirs.wallS / ours.wallS)}; ${agreement}${original}; hybrid ${times(theirs.wallS / hybrid.wallS)}`,
    wanted: 'at least 2x, the same cuts',
  });
}

/** Cuts by PySceneDetect's API, where the shared reference has this clip. */
function referenceCuts(clip: string): readonly number[] | undefined {
  const { clips } = JSON.parse(readFileSync(shared('data/scenes/reference.json'), 'utf8')) as {
    readonly clips: Readonly<Record<string, { readonly api_min15frames: readonly number[] }>>;
  };
  return clips[clip]?.api_min15frames;
}
