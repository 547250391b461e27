// (e) Clustering beside scikit-learn on the same rows: time of the clustering alone, distances included,
// most memory of each process above what it held with the rows read, and whether the groups are the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { numbers } from '../../support/long-episode.js';
import { mebibytes, seconds, type Bench, type Row } from './bench.js';
import { missing, runPython } from './python.js';
import { runTree } from './tree.js';
import { inTurns, median, usualRounds } from './turns.js';

const dim = 512;
const limit = '0.5';
/** Large ones run fewer rounds: scikit-learn alone takes most of a minute for one. */
const sizes = (process.env['SA_BENCH_FACES'] ?? '500,5000,20000').split(',').map(Number);
const roundsFor = (count: number): number => (count > 10_000 ? Math.min(2, usualRounds) : usualRounds);
/** Calls in one process: what only the first one pays is shown beside the median. */
const callsFor = (count: number): number => (count > 10_000 ? 1 : 5);

interface Clustered {
  /** Of each call. */
  readonly seconds: readonly number[];
  readonly peakKiB: number;
  readonly beforeKiB: number;
}

export const agglomerateRow: Row = {
  letter: 'e',
  async measure(bench) {
    const absent = missing('sklearn', 'numpy');
    if (absent !== undefined) {
      bench.line({ what: 'agglomerate beside scikit-learn', sa: '', beside: absent });
      return;
    }
    for (const count of sizes) await measureOne(count, bench);
  },
};

async function measureOne(count: number, { folder, line }: Bench): Promise<void> {
  const rows = join(folder, 'rows.f32');
  writeFileSync(rows, people(count));
  const labels = { ours: join(folder, 'ours.i32'), theirs: join(folder, 'theirs.i32') };
  const rounds = roundsFor(count);
  const calls = callsFor(count);
  const { ours, theirs } = await inTurns(
    {
      ours: async () => {
        const script = join(import.meta.dirname, 'agglomerate.mjs');
        const ran = await runTree(process.execPath, [script, rows, String(dim), limit, labels.ours, String(calls)]);
        return figuresOf(JSON.parse(ran.stdout) as Clustered);
      },
      theirs: async () => {
        const words = [rows, String(dim), limit, labels.theirs, String(calls)];
        const ran = await runPython('agglomerate.py', words);
        return figuresOf(JSON.parse(ran.stdout) as Clustered);
      },
    },
    rounds,
  );
  const [own, other] = [numbered(labels.ours), numbered(labels.theirs)];
  const same = own.every((label, row) => label === other[row]);
  const perFace = ((ours.aboveMiB * 1024) / count).toFixed(1);
  const first = (taken: number): string => (calls > 1 ? ` (first call ${seconds(taken)})` : '');
  line({
    what: `agglomerate, ${count} faces of ${dim}${rounds === usualRounds ? '' : ` (medians of ${rounds})`}`,
    sa: `${seconds(ours.wallS)}${first(ours.firstS)}, ${mebibytes(ours.aboveMiB)} above the rows (${perFace} KiB a face), ${mebibytes(ours.peakMiB)} in all`,
    beside: `scikit-learn ${seconds(theirs.wallS)}${first(theirs.firstS)}, ${mebibytes(theirs.aboveMiB)} above the rows, ${mebibytes(theirs.peakMiB)} in all`,
    ratio: `${(ours.wallS / theirs.wallS).toFixed(2)} of its time; ${same ? `the same ${new Set(own).size} groups` : 'the groups differ'}`,
    wanted: 'at most 1.0, memory O(n d)',
  });
}

function figuresOf({ seconds: calls, peakKiB, beforeKiB }: Clustered) {
  return { wallS: median(calls), firstS: calls[0]!, peakMiB: peakKiB / 1024, aboveMiB: (peakKiB - beforeKiB) / 1024 };
}

/** Labels numbered by first appearance, so that equal groups have equal labels. */
function numbered(file: string): number[] {
  const bytes = readFileSync(file);
  const labels = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const known = new Map<number, number>();
  return Array.from(labels, (label) => {
    const number = known.get(label) ?? known.size;
    known.set(label, number);
    return number;
  });
}

/** Forty people, each a direction with noise; the same numbers in every run. */
function people(count: number): Float32Array {
  const next = numbers(1);
  const noise = (): number => next() + next() + next() - 1.5;
  const centres = Array.from({ length: 40 }, () => Float32Array.from({ length: dim }, noise));
  return Float32Array.from({ length: count * dim }, (_, at) => {
    const person = Math.floor(at / dim) % centres.length;
    return centres[person]![at % dim]! + 0.8 * noise();
  });
}
