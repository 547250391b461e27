// `npm run bench:pipeline`: every part of the pipeline beside what others offer, one table. What is
// compared runs in turns within one run; figures are medians. Lines appear on stderr as they are
// done, the table on stdout at the end. SA_BENCH_ROWS=a,b,i.large chooses rows, SA_BENCH_ROUNDS how many
// turns (5), SA_BENCH_MINUTES the length of the episode of (i) (43), PYTHON the interpreter of the peers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { agglomerateRow } from './agglomerate.js';
import type { Bench, Line, Row } from './bench.js';
import { detectRow } from './detect.js';
import { digestsRow } from './digests.js';
import { episodeRows } from './episode.js';
import { Material } from './material.js';
import { openCvRow } from './opencv-detector.js';
import { libraries, versionOf } from './python.js';
import { scenesRow } from './scenes.js';
import { screenTimeRow } from './screen-time.js';
import { trackRow } from './track.js';
import { usualRounds } from './turns.js';
import { watchRow } from './watch.js';

const rows: readonly Row[] = [
  detectRow,
  openCvRow,
  scenesRow,
  trackRow,
  agglomerateRow,
  screenTimeRow,
  digestsRow,
  watchRow,
  ...episodeRows,
];
const wanted = process.env['SA_BENCH_ROWS']?.split(',') ?? rows.map(({ letter }) => letter);

const table: string[] = [];
const show = (text: string): void => void process.stderr.write(`${text}\n`);
const note = (text: string): void => show(`  ... ${text}`);
const add = (letter: string, { what, sa, beside = '', ratio = '', wanted: goal = '' }: Line): void => {
  const text = `| ${[`(${letter[0]!}) ${what}`, sa, beside, ratio, goal].join(' | ')} |`;
  show(text);
  table.push(text);
};

const folder = mkdtempSync(join(tmpdir(), 'sa-bench-'));
try {
  const head = machine();
  show(head);
  const material = new Material(join(folder, 'media'), note);
  for (const { letter, measure } of rows.filter((row) => wanted.some((start) => row.letter.startsWith(start)))) {
    const bench: Bench = { folder, material, note, line: (line) => add(letter, line) };
    const start = performance.now();
    try {
      await measure(bench);
    } catch (error) {
      // The other rows are still worth having.
      show(String(error instanceof Error ? error.stack : error));
      add(letter, { what: 'could not be measured', sa: String(error).split('\n')[0]! });
      process.exitCode = 1;
    }
    note(`(${letter}) took ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  console.log(
    `${head}\n\n| what | sa | beside it | ratio | wanted |\n| --- | --- | --- | --- | --- |\n${table.join('\n')}`,
  );
} finally {
  rmSync(folder, { recursive: true });
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gib = (totalmem() / 2 ** 30).toFixed(0);
  const ffmpeg = execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' }).split(' ')[2]!;
  const peers = libraries.map((library) => `${library} ${versionOf(library) ?? 'not here'}`).join(', ');
  return (
    `${model}, ${cpus().length} cores, ${gib} GiB; Node ${process.version}, ffmpeg ${ffmpeg}; ${peers}; ` +
    `medians of ${usualRounds} where nothing else is said`
  );
}
