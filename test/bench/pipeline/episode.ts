// (i) A whole synthetic episode at 1080p, from nothing to the report, at strides 1, 1 to 4 and 4: wall, processor,
// memory and seconds by stage; then memory over length, and at 4K. SA_BENCH_MINUTES is the length.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { adaptive, each, fourth, type Stepping } from '../stepping.js';
import { mebibytes, seconds, type Bench, type Line, type Row } from './bench.js';
import { lengthOf } from './material.js';
import { BenchProject, type Built } from './project.js';

const minutes = Number(process.env['SA_BENCH_MINUTES'] ?? 43);
/** Shorter ones, for memory over length. */
const shorter = [2, 10].filter((length) => length < minutes);
const largeMinutes = 2;
/** A look at the memory of all processes takes 20 ms, which four a second take from what is measured. */
const lookEveryMs = 1000;

/** Memory of the whole length where that was built in this run. */
let wholeMemory: string | undefined;

/** `i` names them all; each can be run alone. */
export const episodeRows: readonly Row[] = [
  {
    letter: 'i.1',
    measure: async (bench) => {
      wholeMemory = memoryOf(await measureWhole(each, 'at most 1/3 of its length, below 1,024 MiB', bench));
    },
  },
  {
    letter: 'i.adaptive',
    measure: async (bench) => {
      await measureWhole(adaptive, 'at most 1/3 of its length, below 1,024 MiB', bench);
    },
  },
  {
    letter: 'i.4',
    measure: async (bench) => {
      await measureWhole(fourth, 'at most 1/5 of its length, below 1,024 MiB', bench);
    },
  },
  {
    letter: 'i.length',
    measure: async (bench) => {
      const lengths: string[] = [];
      for (const length of shorter)
        lengths.push(`${length} min: ${memoryOf(await buildWhole(bench.material.long(length), each, bench))}`);
      if (wholeMemory !== undefined) lengths.push(`${minutes} min: ${wholeMemory}`);
      bench.line({
        what: 'memory over length, 1080p, stride 1',
        sa: lengths.join('; '),
        wanted: 'flat, below 1,024 MiB',
      });
    },
  },
  {
    letter: 'i.large',
    measure: async (bench) => {
      const video = bench.material.large(largeMinutes);
      const built = await buildWhole(video, each, bench);
      bench.line(wholeLine(`${largeMinutes} min of 4K, stride 1`, video, built, 'below 2,048 MiB'));
    },
  },
];

async function measureWhole(stepping: Stepping, wanted: string, bench: Bench): Promise<Built> {
  const video = bench.material.long(minutes);
  const built = await buildWhole(video, stepping, bench);
  bench.line(wholeLine(`${minutes} min of 1080p, stride ${stepping.name}`, video, built, wanted));
  return built;
}

async function buildWhole(video: string, { name, set }: Stepping, { folder, note }: Bench): Promise<Built> {
  note(`building ${video}, stride ${name}`);
  const project = new BenchProject(join(folder, 'episode'));
  try {
    await project.add('long', video);
    const words = set.flatMap((word) => ['--set', word]);
    return await project.build(['long', ...words], { lookEveryMs });
  } finally {
    rmSync(project.folder, { recursive: true });
  }
}

function wholeLine(which: string, video: string, built: Built, wanted: string): Line {
  const { seconds: long } = lengthOf(video);
  const rules = Object.entries(built.rules).filter(([, taken]) => taken >= 0.1);
  return {
    what: `whole episode, ${which}, once`,
    sa: `${seconds(built.wallS)} (processor ${seconds(built.cpuS)}), ${memoryOf(built)}`,
    beside: `by stage, some side by side: ${rules.map(([rule, taken]) => `${rule} ${seconds(taken)}`).join(', ')}`,
    ratio: `1/${(long / built.wallS).toFixed(1)} of its length`,
    wanted,
  };
}

function memoryOf({ treeMiB, ownMiB }: Built): string {
  return `${mebibytes(treeMiB)} with ffmpeg, ${mebibytes(ownMiB)} alone`;
}
