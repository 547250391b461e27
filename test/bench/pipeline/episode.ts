// (i) A whole synthetic episode at 1080p, from nothing to the report, at strides 1 and 4: wall, processor,
// memory and seconds by stage; then memory over length, and at 4K. SA_BENCH_MINUTES is the length.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { mebibytes, seconds, type Bench, type Line, type Row } from './bench.js';
import { lengthOf } from './material.js';
import { BenchProject, type Built } from './project.js';

const minutes = Number(process.env['SA_BENCH_MINUTES'] ?? 43);
/** Shorter ones, for memory over length. */
const shorter = [2, 10].filter((length) => length < minutes);
const largeMinutes = 2;
const lookEveryMs = 250;

export const episodeRow: Row = {
  letter: 'i',
  async measure(bench) {
    const { material, line } = bench;
    const long = material.long(minutes);
    const whole: Built[] = [];
    for (const [stride, share] of [
      [1, '1/3'],
      [4, '1/5'],
    ] as const) {
      const built = await buildWhole(long, stride, bench);
      line(wholeLine(`${minutes} min`, long, stride, built, `at most ${share} of its length, below 1,024 MiB`));
      whole.push(built);
    }
    const lengths: [string, Built][] = [];
    for (const length of shorter) lengths.push([`${length} min`, await buildWhole(material.long(length), 1, bench)]);
    lengths.push([`${minutes} min`, whole[0]!]);
    line({
      what: 'memory over length, 1080p, stride 1',
      sa: lengths.map(([length, built]) => `${length}: ${memoryOf(built)}`).join('; '),
      wanted: 'flat, below 1,024 MiB',
    });
    const large = material.large(largeMinutes);
    line(wholeLine(`${largeMinutes} min of 4K`, large, 1, await buildWhole(large, 1, bench), 'below 2,048 MiB'));
  },
};

async function buildWhole(video: string, stride: number, { folder, note }: Bench): Promise<Built> {
  note(`building ${video} at stride ${stride}`);
  const project = new BenchProject(join(folder, 'episode'));
  try {
    await project.add('long', video);
    return await project.build(['long', '--set', `stride=${stride}`], { lookEveryMs });
  } finally {
    rmSync(project.folder, { recursive: true });
  }
}

function wholeLine(length: string, video: string, stride: number, built: Built, wanted: string): Line {
  const { seconds: long } = lengthOf(video);
  const rules = Object.entries(built.rules).filter(([, taken]) => taken >= 0.1);
  return {
    what: `whole episode, ${length}${length.includes('4K') ? '' : ' of 1080p'}, stride ${stride}, once`,
    sa: `${seconds(built.wallS)} (processor ${seconds(built.cpuS)}), ${memoryOf(built)}`,
    beside: rules.map(([rule, taken]) => `${rule} ${seconds(taken)}`).join(', '),
    ratio: `1/${(long / built.wallS).toFixed(1)} of its length`,
    wanted,
  };
}

function memoryOf({ treeMiB, ownMiB }: Built): string {
  return `${mebibytes(treeMiB)} with ffmpeg, ${mebibytes(ownMiB)} alone`;
}
