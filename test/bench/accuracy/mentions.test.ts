import { expect, test } from 'vitest';
import { clusterFigures, mentionsOf } from './mentions.js';

const mentions = (...pairs: readonly [string, string][]) => pairs.map(([person, identity]) => ({ person, identity }));

test('purity rises with splitting and mutual information does not; one cluster of all says nothing', () => {
  const perfect = clusterFigures(mentions(['ann', '1'], ['ann', '1'], ['bob', '2'], ['bob', '2']));
  expect(perfect).toEqual({ mentions: 4, people: 2, clusters: 2, purity: 1, nmi: 1 });
  const merged = clusterFigures(mentions(['ann', '1'], ['ann', '1'], ['bob', '1'], ['bob', '1']));
  expect(merged).toMatchObject({ clusters: 1, purity: 0.5, nmi: 0 });
  const split = clusterFigures(mentions(['ann', '1'], ['ann', '2'], ['bob', '3'], ['bob', '4']));
  expect(split).toMatchObject({ clusters: 4, purity: 1 });
  expect(split!.nmi).toBeCloseTo(2 / 3, 12);
  expect(clusterFigures([])).toBeUndefined();
});

test('a named face is mentioned under the identity of the best box of its moment, unnamed ones are not', () => {
  const face = { x: 10, y: 10, w: 20, h: 20 };
  const truth = {
    format: '',
    clip: '',
    fps: 25,
    duration_s: 1,
    width: 100,
    height: 100,
    shots: [],
    characters: [],
    face_samples: [
      {
        frame: 0,
        t: 0,
        faces: [
          { char: 'ann', state: 'visible', ...face },
          { char: null, state: 'other', ...face, x: 60 },
        ],
      },
      { frame: 20, t: 0.8, faces: [{ char: 'ann', state: 'visible', ...face }] },
    ],
  };
  const faces = [
    { t: 0.04, id: 'near', ...face, x: 20 },
    { t: 0.04, id: 'best', ...face, x: 12 },
    { t: 0.04, id: 'else', ...face, x: 60 },
  ];
  expect(mentionsOf(faces, truth)).toEqual([{ person: 'ann', identity: 'best' }]);
});
