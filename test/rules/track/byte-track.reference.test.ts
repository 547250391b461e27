// The tracker beside the ByteTrack reference's own output, frame by frame, on real detections.
import { expect, test } from 'vitest';
import { byteTrack } from '../../../rules/track/byte-track.js';
import { framesOf, readMot } from '../../support/mot.js';
import { describeWithShared, shared } from '../../support/shared.js';

const sequences = ['TUD-Campus', 'TUD-Stadtmitte', 'ETH-Sunnyday', 'PETS09-S2L1'];
const variants = [
  { name: 't05', detections: 'det.txt', trackThresh: 0.5, iou: 'reference' },
  { name: 't06', detections: 'det.txt', trackThresh: 0.6, iou: 'reference' },
  { name: 'rescaled_t05', detections: 'det.rescaled.txt', trackThresh: 0.5, iou: 'reference' },
  { name: 't06_plainiou', detections: 'det.txt', trackThresh: 0.6, iou: 'plain' },
] as const;
const cases = sequences.flatMap((sequence) => variants.map((variant) => ({ sequence, ...variant })));

describeWithShared('ByteTrack reference', ['data/mot'], () => {
  test.each(cases)('$sequence $name: the same ids and boxes in every frame', (variant) => {
    const folder = shared(`data/mot/${variant.sequence}`);
    const frames = framesOf(readMot(`${folder}/${variant.detections}`));
    const { trackThresh, iou } = variant;
    const found = byteTrack({ frames, trackThresh, iou, matchThresh: 0.8, trackBuffer: 30, fps: 30 });
    const wanted = readMot(`${folder}/bytetrack.${variant.name}.txt`);
    const rows = found.flatMap(({ index, tracks }) => tracks.map((track) => ({ frame: index, ...track })));
    const order = (a: { frame: number; id: number }, b: { frame: number; id: number }): number =>
      a.frame - b.frame || a.id - b.id;
    rows.sort(order);
    wanted.sort(order);
    expect(rows.map(({ frame, id }) => `${frame}:${id}`)).toEqual(wanted.map(({ frame, id }) => `${frame}:${id}`));
    // The reference file keeps four decimals of x, y, w and h; a corner is the sum of two of them.
    const farthest = Math.max(
      ...rows.flatMap((row, i) => row.box.map((side, k) => Math.abs(side - wanted[i]!.box[k]!))),
    );
    expect(farthest).toBeLessThan(1.1e-4);
  });
});
