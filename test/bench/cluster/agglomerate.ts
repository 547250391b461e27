// Clustering time beside scikit-learn's on the same rows, in turns within one run, best of three
// each. Run:
//   node -e "import('vite').then((vite) => vite.runnerImport('./test/bench/cluster/agglomerate.ts'))"
// COUNT, DIM and PYTHON choose the rows and the interpreter that has scikit-learn.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agglomerate } from '../../../rules/cluster/agglomerate.js';

const count = Number(process.env['COUNT'] ?? 5000);
const dim = Number(process.env['DIM'] ?? 512);
const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const rounds = 3;
const linkages = ['average', 'complete', 'single'] as const;

/** What the same call takes in Python: cosine distances included, imports and reading not. */
const script = `
import sys, time
import numpy as np
from sklearn.cluster import AgglomerativeClustering
x = np.fromfile(sys.argv[1], np.float32).reshape(-1, int(sys.argv[2]))
start = time.perf_counter()
model = AgglomerativeClustering(n_clusters=None, metric="cosine", linkage=sys.argv[3], distance_threshold=0.5).fit(x)
print(time.perf_counter() - start, model.n_clusters_)
`;

/** Forty people, each a direction with noise; the same numbers in every run. */
function people(): Float32Array {
  let state = 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
  const noise = (): number => next() + next() + next();
  const centres = Array.from({ length: 40 }, () => Float32Array.from({ length: dim }, noise));
  return Float32Array.from({ length: count * dim }, (_, at) => {
    const person = Math.floor(at / dim) % centres.length;
    return centres[person]![at % dim]! + 0.9 * noise();
  });
}

const folder = mkdtempSync(join(tmpdir(), 'sa-bench-'));
const file = join(folder, 'rows.f32');
const vectors = people();
writeFileSync(file, vectors);
for (const linkage of linkages) {
  let ours = Infinity;
  let theirs = Infinity;
  let clusters = '';
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const { labels } = agglomerate({ vectors, count, dim, linkage, distanceMax: 0.5 });
    ours = Math.min(ours, (performance.now() - start) / 1000);
    const run = spawnSync(python, ['-c', script, file, String(dim), linkage], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`${python} cannot run scikit-learn: ${run.stderr}`);
    const [seconds, found] = run.stdout.trim().split(' ');
    theirs = Math.min(theirs, Number(seconds));
    clusters = `${new Set(labels).size} clusters, scikit-learn ${found}`;
  }
  console.log(
    `${linkage} ${count} x ${dim}: ${ours.toFixed(2)} s, scikit-learn ${theirs.toFixed(2)} s, ratio ${(ours / theirs).toFixed(2)}; ${clusters}`,
  );
}
rmSync(folder, { recursive: true });
