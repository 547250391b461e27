// Prints how well each shared detector finds faces: recall, false boxes, point error and time, on
// frames of the shared clips and on photographs. Reference: faces on which three of four detectors
// agree at 1280. Run:
//   node -e "import('vite').then((vite) => vite.runnerImport('./test/bench/detect/measure.ts'))"
// DETECTORS=a,b chooses detectors, SIZES=640,320 the input sizes, THRESHOLDS=0.5,0.65 the rows; RAW=1 leaves
// scores as the network gives them, DUMP=file keeps every detection, REFERENCE=file keeps the reference.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { FaceDetector } from '../../../rules/detect/detector.js';
import type { FoundFace } from '../../../rules/detect/merge.js';
import { intersectionOverUnion } from '../../../rules/media/geometry.js';
import { detectorNames, openDetector, type DetectorName } from '../../support/open-model.js';
import { photoSamples, tvSamples, type Sample } from './corpus.js';

type Found = Readonly<Record<string, readonly FoundFace[]>>;

const words = process.env;
const raw = words['RAW'] === '1';
const chosen = words['DETECTORS']?.split(',') ?? detectorNames;
const sizes = (words['SIZES'] ?? '640').split(',').map(Number);
const readSide = Number(words['READ'] ?? Math.max(...sizes));
const thresholds = (words['THRESHOLDS'] ?? '0.3,0.5,0.65,0.7').split(',').map(Number);

const samples = [...tvSamples(), ...(await photoSamples())];

async function findAll(
  name: DetectorName,
  wanted: readonly number[],
  side: number,
): Promise<{ found: Found; ms: number }> {
  const model = await openDetector(name, raw ? { scoreMap: undefined } : {});
  const found: Record<string, FoundFace[]> = {};
  let ms = 0;
  for (const sample of samples) {
    const detector = new FaceDetector(model, { sizes: wanted, scoreMin: 0.1, video: sample.video, boxAreaMin: 10 });
    const picture = await sample.read(side);
    const start = performance.now();
    found[sample.name] = await detector.detect(picture);
    ms += performance.now() - start;
  }
  return { found, ms: ms / samples.length };
}

/** Faces on which at least three of four detectors agree, with the mean of their boxes and points. */
async function reference(): Promise<Found> {
  const cache = words['REFERENCE'];
  if (cache && existsSync(cache)) return JSON.parse(readFileSync(cache, 'utf8')) as Found;
  const voters: Found[] = [];
  for (const name of ['scrfd_2_5g', 'yunet_n', 'retinaface', 'scrfd_500m'] as const)
    voters.push((await findAll(name, [1280, 320], 1280)).found);
  const agreed = Object.fromEntries(samples.map(({ name }) => [name, agreement(voters.map((voter) => voter[name]!))]));
  if (cache) writeFileSync(cache, JSON.stringify(agreed));
  return agreed;
}

function agreement(voters: readonly (readonly FoundFace[])[]): FoundFace[] {
  const strong = voters.map((faces) => faces.filter(({ score }) => score >= 0.45));
  const taken = new Set<FoundFace>();
  const agreed: FoundFace[] = [];
  for (const face of strong.flat()) {
    if (taken.has(face)) continue;
    const group = strong.flatMap((faces) => {
      const [best] = faces
        .filter((other) => !taken.has(other) && intersectionOverUnion(face.bbox, other.bbox) > 0.4)
        .sort((a, b) => b.score - a.score);
      return best ? [best] : [];
    });
    if (group.length < 3) continue;
    for (const member of group) taken.add(member);
    const mean = (pick: (member: FoundFace) => number): number =>
      group.reduce((sum, member) => sum + pick(member), 0) / group.length;
    agreed.push({
      score: group.length / 4,
      bbox: [0, 1, 2, 3].map((corner) => mean(({ bbox }) => bbox[corner]!)) as unknown as FoundFace['bbox'],
      landmarks: [0, 1, 2, 3, 4].map((point) => [
        mean(({ landmarks }) => landmarks![point]![0]),
        mean(({ landmarks }) => landmarks![point]![1]),
      ]) as unknown as FoundFace['landmarks'],
    });
  }
  return agreed;
}

interface Score {
  recall: number;
  recallLarge: number;
  visible: number;
  wrong: number;
  pointError: number;
}

function judge(found: Found, agreed: Found, set: Sample['set'], threshold: number): Score {
  let [hits, faces, largeHits, large, visibleHits, visible, wrong] = [0, 0, 0, 0, 0, 0, 0];
  const errors: number[] = [];
  for (const sample of samples.filter((candidate) => candidate.set === set)) {
    const { width, height } = sample.video;
    const boxes = found[sample.name]!.filter(({ score }) => score >= threshold);
    const match = (box: FoundFace['bbox']) => boxes.find((face) => intersectionOverUnion(face.bbox, box) > 0.4);
    for (const face of agreed[sample.name]!) {
      const [x1, y1, x2, y2] = face.bbox;
      const isLarge = ((x2 - x1) * width * 640) / Math.max(width, height) >= 24;
      const hit = match(face.bbox);
      faces += 1;
      large += isLarge ? 1 : 0;
      if (!hit) continue;
      hits += 1;
      largeHits += isLarge ? 1 : 0;
      const size = Math.sqrt((x2 - x1) * width * (y2 - y1) * height);
      if (hit.landmarks && isLarge)
        for (let point = 0; point < 5; point += 1) {
          const [a, b] = [hit.landmarks[point]!, face.landmarks![point]!];
          errors.push(Math.hypot((a[0] - b[0]) * width, (a[1] - b[1]) * height) / size);
        }
    }
    for (const { box, state } of sample.truth) {
      if (state !== 'visible') continue;
      visible += 1;
      if (boxes.some((face) => intersectionOverUnion(face.bbox, box) > 0.4)) visibleHits += 1;
    }
    const known = [...agreed[sample.name]!.map(({ bbox }) => bbox), ...sample.truth.map(({ box }) => box)];
    wrong += boxes.filter((face) => !known.some((box) => intersectionOverUnion(face.bbox, box) > 0.3)).length;
  }
  return {
    recall: hits / faces,
    recallLarge: largeHits / large,
    visible: visibleHits / visible,
    wrong,
    pointError: errors.reduce((sum, error) => sum + error, 0) / errors.length,
  };
}

const percent = (share: number): string => (share * 100).toFixed(1);
const agreed = await reference();
const count = (set: Sample['set']): number =>
  samples.filter((sample) => sample.set === set).reduce((sum, { name }) => sum + agreed[name]!.length, 0);
console.log(
  `${samples.length} pictures; reference faces: tv ${count('tv')}, photos ${count('photo')}; sizes ${sizes.join('+')}`,
);
console.log('detector        set   score>=  recall  >=24px  visible  wrong  points  ms/picture');
const dump: Record<string, Found> = {};
for (const name of chosen as DetectorName[]) {
  const { found, ms } = await findAll(name, sizes, readSide);
  dump[name] = found;
  for (const set of ['tv', 'photo'] as const)
    for (const threshold of thresholds) {
      const score = judge(found, agreed, set, threshold);
      console.log(
        `${name.padEnd(15)} ${set.padEnd(5)} ${threshold.toFixed(2).padStart(7)} ${percent(score.recall).padStart(7)} ` +
          `${percent(score.recallLarge).padStart(7)} ${percent(score.visible).padStart(8)} ${`${score.wrong}`.padStart(6)} ` +
          `${percent(score.pointError).padStart(7)} ${ms.toFixed(1).padStart(11)}`,
      );
    }
}
if (words['DUMP']) writeFileSync(words['DUMP'], JSON.stringify({ agreed, dump }));
