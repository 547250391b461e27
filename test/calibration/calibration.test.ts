import { beforeAll, describe, expect, test } from 'vitest';
import { FaceEmbedder } from '../../rules/embed/embedder.js';
import { calibratedOf, cosineOf } from '../../src/stage/calibration.js';
import { embedderCard, embedderFiles, type EmbedderName, embedderNames, openEmbedder } from '../support/embedders.js';
import { clipFaces, type LabelledFace, stillFaces } from '../support/labelled-faces.js';
import { detectorFiles } from '../support/open-model.js';
import { describeWithShared } from '../support/shared.js';
import { fitLogistic, knotsOf } from './logistic.js';
import { adjustedRand, areaUnderCurve, bestAccuracy, clusterAt, embedTracks, pairsOf } from './pairs.js';

describe('the fit of a calibration', () => {
  test('finds the middle and the slope that pairs were drawn with, whatever their numbers', () => {
    // Two normal distributions a distance d apart with variance v have log odds of slope d / v.
    const normal = [-1.645, -1.036, -0.674, -0.385, -0.126, 0.126, 0.385, 0.674, 1.036, 1.645];
    const same = normal.map((deviate) => 0.5 + 0.1 * deviate);
    const different = [...normal, ...normal, ...normal].map((deviate) => 0.3 + 0.1 * deviate);
    const { middle, slope } = fitLogistic(same, different);
    expect(middle).toBeCloseTo(0.4, 3);
    expect(slope).toBeGreaterThan(17);
    expect(slope).toBeLessThan(28);
  });

  test('becomes knots that ascend from -1 to 1 and meet the curve', () => {
    for (const logistic of [
      { middle: 0.24, slope: 10 },
      { middle: 0.3, slope: 4 },
    ]) {
      const knots = knotsOf(logistic);
      expect([knots[0], knots.at(-1)]).toEqual([
        [-1, 0],
        [1, 1],
      ]);
      for (const axis of [0, 1] as const) {
        const values = knots.map((knot) => knot[axis]);
        expect(values).toEqual([...new Set(values)].sort((left, right) => left - right));
      }
      expect(cosineOf(knots, 0.5)).toBeCloseTo(logistic.middle, 3);
      expect(cosineOf(knots, 0.75)).toBeCloseTo(logistic.middle + Math.log(3) / logistic.slope, 3);
    }
  });
});

/** Published with the files: 8 people x 5 stills, landmarks of scrfd_2_5g; area under the curve and accuracy. */
const published: Readonly<Record<EmbedderName, readonly [auc: number, accuracy: number]>> = {
  'mobilefacenet-512': [1, 1],
  'mobileface-v2': [1, 0.997],
  'mobilefacenet-128': [1, 1],
  'w600k-mbf-int8': [1, 1],
  'w600k-mbf-float': [1, 1],
  'arcface-paddle-128': [1, 1],
};

const needed = [
  'data/images/bbt_cast',
  'data/video/bbt_demo.mp4',
  ...detectorFiles('scrfd_2_5g'),
  ...detectorFiles('yunet_n'),
  ...Object.values(embedderFiles),
];

describeWithShared('every embedder, with the calibration that models.yaml gives it', needed, () => {
  let stills: LabelledFace[];
  let clip: LabelledFace[];
  beforeAll(async () => {
    stills = await stillFaces('data/images/bbt_cast', 'scrfd_2_5g', 256);
    // Not the clip that the calibration was fitted on.
    clip = await clipFaces('bbt_demo', 'yunet_n');
  });

  test('is given all 40 stills', () => expect(stills).toHaveLength(40));

  test.each(embedderNames)('%s tells the stills of a cast apart as well as published', async (name) => {
    const embedder = new FaceEmbedder(await openEmbedder(name));
    const { calibration } = await embedderCard(name);
    const tracks = await embedTracks(stills, embedder);
    const pairs = pairsOf(tracks);
    const [auc, accuracy] = published[name];
    // Figures are published to three digits.
    expect(areaUnderCurve(pairs)).toBeGreaterThan(auc - 0.0005);
    expect(bestAccuracy(pairs)).toBeGreaterThan(accuracy - 0.0005);

    const clusters = clusterAt(tracks, cosineOf(calibration, 0.75));
    expect(clusters.every((cluster) => new Set(cluster.map(({ person }) => person)).size === 1)).toBe(true);
    expect(adjustedRand(clusters)).toBeGreaterThan(0.85);

    const unseen = pairsOf(await embedTracks(clip, embedder));
    const lossOf = (cosines: readonly number[], target: 0 | 1): number =>
      cosines.reduce((sum, cosine) => {
        const chance = Math.min(0.999, Math.max(0.001, calibratedOf(calibration, cosine)));
        return sum - Math.log(target === 1 ? chance : 1 - chance) / cosines.length;
      }, 0);
    // Coin tossing loses ln 2.
    expect((lossOf(unseen.same, 1) + lossOf(unseen.different, 0)) / 2).toBeLessThan(Math.LN2);
  });
});
