// Fits the calibration knots of models.yaml and prints them with a check on another clip. Run by hand
// when an embedder is added or the sampling, alignment or prototypes of tracks change:
//
//     npx tsc -p tsconfig.test.json --noEmit false --outDir dist/calibration
//     SA_SHARED=../shared node dist/calibration/test/calibration/fit.js [EMBEDDER...]
//
// What is fitted: all pairs of tracks inside one television episode ("Angel One", 23 tracks of 7
// people, blurred, turned and half-hidden faces too), each track as the prototype that clustering sees,
// aligned with the landmarks of three detectors in turn; both kinds of pairs weigh the same. Stills
// are a check only: portraits are told apart so well that their curve is much steeper and lies
// lower, and a cut taken from it joins people whose faces are blurred.
import { FaceEmbedder } from '../../rules/embed/embedder.js';
import { cosineOf } from '../../src/stage/calibration.js';
import { embedderNames, openEmbedder } from '../support/embedders.js';
import { clipFaces, type LabelledFace, stillFaces } from '../support/labelled-faces.js';
import { fitLogistic, knotsOf } from './logistic.js';
import { adjustedRand, areaUnderCurve, clusterAt, embedTracks, type LabelledTrack, pairsOf } from './pairs.js';

const detectors = ['yunet_n', 'retinaface', 'ultralight'] as const;

async function facesByDetector(find: (name: (typeof detectors)[number]) => Promise<LabelledFace[]>) {
  const found: LabelledFace[][] = [];
  for (const name of detectors) found.push(await find(name));
  return found;
}

const fitted = await facesByDetector((name) => clipFaces('angelone', name));
const sets = {
  angelone: fitted,
  bbt_demo: await facesByDetector((name) => clipFaces('bbt_demo', name)),
  bbt_cast: await facesByDetector((name) => stillFaces('data/images/bbt_cast', name)),
};
const asked = process.argv.slice(2);
for (const name of embedderNames.filter((one) => asked.length === 0 || asked.includes(one))) {
  const embedder = new FaceEmbedder(await openEmbedder(name));
  const tracks = new Map<readonly LabelledFace[], LabelledTrack[]>();
  for (const faces of Object.values(sets).flat()) tracks.set(faces, await embedTracks(faces, embedder));
  const pairs = fitted.map((faces) => pairsOf(tracks.get(faces)!));
  const knots = knotsOf(
    fitLogistic(
      pairs.flatMap(({ same }) => same),
      pairs.flatMap(({ different }) => different),
    ),
  );
  const cut = cosineOf(knots, 0.75);
  console.log(`${name}: [${knots.map((knot) => `[${knot.join(', ')}]`).join(', ')}]; 0.75 is cosine ${cut.toFixed(3)}`);
  for (const [set, byDetector] of Object.entries(sets)) {
    for (const [index, faces] of byDetector.entries()) {
      const own = tracks.get(faces)!;
      const clusters = clusterAt(own, cut);
      const figures = [
        `pair AUC ${areaUnderCurve(pairsOf(own)).toFixed(3)}`,
        `clusters ${clusters.length} of ${own.length} tracks, ${new Set(own.map(({ person }) => person)).size} people`,
        `ARI ${adjustedRand(clusters).toFixed(2)}`,
      ];
      console.log(`  ${set} with ${detectors[index]!}: ${figures.join(', ')}`);
    }
  }
}
