// Parts of the pipeline beside what others offer, in turns within one run, medians of five. Run by
// `npm run bench:pipeline`. GIB is how much is hashed; PYTHON an interpreter with numpy and scipy.
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { screenTime } from '../../../rules/screentime/screen-time.js';
import { byteTrack, type FrameBoxes } from '../../../rules/track/byte-track.js';
import { digestFile, loadHash } from '../../../src/hash/xxh64.js';
import { numbers } from '../../support/long-episode.js';

const rounds = 5;
const gib = Number(process.env['GIB'] ?? 2);
const python = process.env['PYTHON'] ?? '/usr/bin/python3';
const folder = mkdtempSync(join(tmpdir(), 'sa-bench-'));
const next = numbers(11);

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
function timed(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

/** Each in its turn, so that what else the machine does falls on all alike. */
function inTurns(works: Readonly<Record<string, () => number>>): Record<string, number> {
  const taken = Object.fromEntries(Object.keys(works).map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++)
    for (const [name, work] of Object.entries(works)) taken[name]!.push(work());
  return Object.fromEntries(Object.entries(taken).map(([name, values]) => [name, median(values)]));
}

/** Faces that wander, some with a low score, over `frames` frames. */
function wanderers(frames: number, faces: number): FrameBoxes[] {
  const places = Array.from({ length: faces }, () => [next() * 1700, next() * 800] as [number, number]);
  return Array.from({ length: frames }, (_, index) => ({
    index,
    boxes: places.map((place) => {
      place[0] += 4 * next() - 2;
      place[1] += 4 * next() - 2;
      return [place[0], place[1], place[0] + 90, place[1] + 120] as const;
    }),
    scores: places.map(() => 0.3 + 0.65 * next()),
  }));
}

/** ByteTrack's two associations as a Python loop writes them: numpy for boxes, scipy for the assignment. */
const pythonTracker = `
import json, sys, time
import numpy as np
from scipy.optimize import linear_sum_assignment
frames = json.load(open(sys.argv[1]))
F = np.eye(8); F[:4, 4:] = np.eye(4)
H = np.eye(4, 8)
def iou(a, b):
    lt = np.maximum(a[:, None, :2], b[None, :, :2]); rb = np.minimum(a[:, None, 2:], b[None, :, 2:])
    wh = np.clip(rb - lt, 0, None); inter = wh[..., 0] * wh[..., 1]
    area = lambda x: (x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1])
    return inter / (area(a)[:, None] + area(b)[None, :] - inter)
def measure(b): w, h = b[2] - b[0], b[3] - b[1]; return np.array([b[0] + w / 2, b[1] + h / 2, w / h, h])
def corners(m): w = m[2] * m[3]; return np.array([m[0] - w / 2, m[1] - m[3] / 2, m[0] + w / 2, m[1] + m[3] / 2])
class Track: pass
def associate(tracks, boxes, limit):
    if not tracks or len(boxes) == 0: return [], list(range(len(tracks))), list(range(len(boxes)))
    cost = 1 - iou(np.array([corners(t.x[:4]) for t in tracks]), boxes)
    rows, cols = linear_sum_assignment(cost)
    pairs = [(r, c) for r, c in zip(rows, cols) if cost[r, c] < limit]
    return pairs, [r for r in range(len(tracks)) if r not in {p[0] for p in pairs}], [c for c in range(len(boxes)) if c not in {p[1] for p in pairs}]
def update(t, b):
    h = t.x[3]; R = np.diag([h / 20, h / 20, 0.1, h / 20]) ** 2
    S = H @ t.P @ H.T + R; K = np.linalg.solve(S, H @ t.P).T
    t.x = t.x + K @ (measure(b) - H @ t.x); t.P = t.P - K @ S @ K.T; t.lost = 0
start = time.perf_counter(); tracks = []; ids = 0
for frame in frames:
    boxes, scores = np.array(frame['boxes']), np.array(frame['scores'])
    for t in tracks:
        h = t.x[3]; Q = np.diag([h / 20, h / 20, 1e-2, h / 20, h / 160, h / 160, 1e-5, h / 160]) ** 2
        t.x = F @ t.x; t.P = F @ t.P @ F.T + Q
    high, low = boxes[scores >= 0.65], boxes[(scores >= 0.1) & (scores < 0.65)]
    pairs, left, born = associate(tracks, high, 0.85)
    for r, c in pairs: update(tracks[r], high[c])
    rest = [tracks[r] for r in left]
    pairs, left, _ = associate(rest, low, 0.5)
    for r, c in pairs: update(rest[r], low[c])
    for r in left: rest[r].lost += 1
    for c in born:
        t = Track(); ids += 1; t.x = np.concatenate([measure(high[c]), np.zeros(4)]); h = t.x[3]
        t.P = np.diag([h / 10, h / 10, 1e-2, h / 10, h / 16, h / 16, 1e-5, h / 16]) ** 2; t.lost = 0; tracks.append(t)
    tracks = [t for t in tracks if t.lost <= 15]
print(time.perf_counter() - start)
`;

const rows: string[] = [];
try {
  const frames = wanderers(3000, 6);
  const file = join(folder, 'frames.json');
  writeFileSync(file, JSON.stringify(frames));
  const tracking = inTurns({
    ours: () => timed(() => byteTrack({ frames, trackThresh: 0.65, matchThresh: 0.85, trackBuffer: 15, fps: 25 })),
    theirs: () => {
      const ran = spawnSync(python, ['-c', pythonTracker, file], { encoding: 'utf8' });
      if (ran.status !== 0) throw new Error(`${python} cannot run the tracker: ${ran.stderr}`);
      return Number(ran.stdout);
    },
  });
  rows.push(
    `| track, 3,000 frames of 6 faces | ${tracking['ours']!.toFixed(3)} s | numpy + scipy loop ${tracking['theirs']!.toFixed(3)} s | ${(tracking['theirs']! / tracking['ours']!).toFixed(1)}x |`,
  );

  const times = Float64Array.from({ length: 64_500 + 1 }, (_, index) => index / 25);
  const tracks = Array.from({ length: 1000 }, (_, track) => {
    const from = Math.floor(next() * 64_000);
    return {
      id: `t${track}`,
      frames: Array.from({ length: 100 }, (__, step) => ({ index: Math.min(64_499, from + step), height: 0.2 })),
    };
  });
  const seconds = median(
    Array.from({ length: rounds }, () =>
      timed(() =>
        screenTime({
          times,
          fps: 25,
          stride: 1,
          sceneStarts: Array.from({ length: 500 }, (_, scene) => scene * 129),
          tracks,
          people: Array.from({ length: 12 }, (_, person) => {
            const trackIds = tracks.filter((__, at) => at % 12 === person).map(({ id }) => id);
            const similarities = trackIds.map(() => 0.9);
            return {
              id: `p${person}`,
              trackIds,
              similarities,
              samples: 100,
              detectionScore: 0.9,
              hidden: false,
              thumbPath: '',
            };
          }),
          gapToleranceS: 0.5,
          minPersonS: 1,
          minPersonSamples: 3,
          minPersonConf: 0.65,
        }),
      ),
    ),
  );
  rows.push(`| screen time, 1,000 tracks, 12 people, 43 min | ${(1000 * seconds).toFixed(0)} ms | | |`);

  await loadHash();
  const big = join(folder, 'big');
  const piece = Buffer.from(Float64Array.from({ length: 1 << 17 }, next).buffer);
  const descriptor = openSync(big, 'w');
  for (let written = 0; written < gib * 1024; written++) writeSync(descriptor, piece);
  closeSync(descriptor);
  const hashing = inTurns({
    xxh64: () => timed(() => digestFile(big)),
    md5sum: () => timed(() => execFileSync('md5sum', [big])),
    sha256sum: () => timed(() => execFileSync('sha256sum', [big])),
  });
  rows.push(
    `| digest of ${gib} GiB | ${hashing['xxh64']!.toFixed(2)} s | md5sum ${hashing['md5sum']!.toFixed(2)} s, sha256sum ${hashing['sha256sum']!.toFixed(2)} s | ${(hashing['md5sum']! / hashing['xxh64']!).toFixed(1)}x, ${(hashing['sha256sum']! / hashing['xxh64']!).toFixed(1)}x |`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`| what | sa | beside it | ratio |\n|---|---|---|---|\n${rows.join('\n')}`);
